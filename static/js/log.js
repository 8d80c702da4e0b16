/* The log viewer: follow, wrap, next error, copy, and a light on what is searched. Lines are text, never markup. */
import { upon } from "./dom.js";
import { copy } from "./copy.js";

const LINES_KEPT = 5000;
const ASK_EVERY_MS = 2000;

upon("[data-log-viewer]", (viewer) => {
  const log = viewer.querySelector(".log");
  const tools = viewer.querySelector("[data-log-tools]");
  if (!log || !tools) return;
  tools.hidden = false;
  const state = { following: false, timer: 0, lastError: -1 };
  log.scrollTop = log.scrollHeight;

  button("[data-log-wrap]", (on) => log.classList.toggle("wrap", on));
  const follow = button("[data-log-follow]", (on) => (on ? start() : stop()));
  viewer.querySelector("[data-log-copy]").addEventListener("click", ({ currentTarget }) => copy(log.innerText, currentTarget));
  viewer.querySelector("[data-log-error]").addEventListener("click", nextError);
  light(log, viewer.querySelector("[name=contains]")?.value ?? "");

  // Scrolling up is reading: following must not pull the text away.
  log.addEventListener("scroll", () => {
    const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
    if (state.following && !atEnd && !state.own) follow(false);
    state.own = false;
  });

  function button(selector, run) {
    const element = viewer.querySelector(selector);
    const set = (on) => {
      element.setAttribute("aria-pressed", on);
      run(on);
    };
    element.addEventListener("click", () => set(element.getAttribute("aria-pressed") !== "true"));
    return set;
  }

  function start() {
    state.following = true;
    toEnd();
    ask();
  }

  function stop() {
    state.following = false;
    clearTimeout(state.timer);
  }

  async function ask() {
    if (!state.following || !viewer.isConnected) return;
    if (!document.hidden) {
      try {
        const answer = await fetch(viewer.dataset.src, { headers: { "HX-Request": "true" } });
        if (answer.status === 401 || answer.redirected) return follow(false);
        if (answer.ok) append(await answer.text());
      } catch {
        say("The server cannot be reached; trying again.");
      }
    }
    state.timer = setTimeout(ask, ASK_EVERY_MS);
  }

  function append(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelectorAll("[data-log-viewer] .log .l");
    const added = linesAfter(log.children, [...fresh]);
    if (!added.length) return;
    log.append(...added.map((line) => document.adoptNode(line)));
    const excess = log.children.length - LINES_KEPT;
    for (let n = 0; n < excess; n++) log.firstElementChild.remove();
    say(`${log.children.length} lines${excess > 0 ? `; older ones were dropped here, not on the server` : ""}.`);
    toEnd();
  }

  function toEnd() {
    state.own = true;
    log.scrollTop = log.scrollHeight;
  }

  function nextError() {
    const errors = [...log.querySelectorAll(".error")];
    if (!errors.length) return say("No line looks like an error.");
    state.lastError = (state.lastError + 1) % errors.length;
    errors[state.lastError].scrollIntoView({ block: "center" });
    say(`Error ${state.lastError + 1} of ${errors.length}.`);
  }

  function say(text) {
    const place = viewer.querySelector("[data-log-say]");
    if (place) place.textContent = text;
  }
});

/** What of `fresh` comes after the last lines already shown. The answer is a window over a growing text, so the
    longest overlap of its beginning with our end tells; no overlap means a gap, which is said. */
function linesAfter(shown, fresh) {
  const tail = [...shown].slice(-fresh.length).map((line) => line.textContent);
  const texts = fresh.map((line) => line.textContent);
  for (let overlap = Math.min(tail.length, texts.length); overlap > 0; overlap--) {
    const from = tail.length - overlap;
    if (texts.slice(0, overlap).every((text, n) => text === tail[from + n])) return fresh.slice(overlap);
  }
  if (!shown.length || !fresh.length) return fresh;
  const gap = Object.assign(document.createElement("span"), { className: "l gap", textContent: "… lines in between were not read …\n" });
  return [gap, ...fresh];
}

/** Marks what was searched for, in the text only. */
function light(log, wanted) {
  if (!wanted) return;
  const needle = wanted.toLowerCase();
  for (const line of log.querySelectorAll(".l")) {
    const text = line.lastChild;
    const at = text?.textContent.toLowerCase().indexOf(needle) ?? -1;
    if (at < 0) continue;
    const range = document.createRange();
    range.setStart(text, at);
    range.setEnd(text, at + wanted.length);
    range.surroundContents(document.createElement("mark"));
  }
}
