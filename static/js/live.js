/* One socket that says what changed, never what it holds; parts of the page listen on body and fetch themselves again.
   `{"type": "service.changed", "tenant": "payments", "service": "api"}` becomes the events `service-changed`,
   `service-changed:payments` and `service-changed:payments:api`; an operation's id makes `operation-changed:<id>`.
   After every (re)connect `mctl-resync` tells all parts to look again: nobody knows what was missed. */
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 30_000;
const REFRESH_EVERY_MS = 1000;
const UNTIL_POLLING_MS = 15_000;
const NOT_ALLOWED = new Set([4401, 4403]);
const TRY_AGAIN_LATER = 1013;
const TRIES_OF_LONGEST_WAIT = Math.ceil(Math.log2(LONGEST_WAIT_MS / FIRST_WAIT_MS));

const shown = document.querySelector("[data-live]");
const due = new Map();
let socket;
let tries = 0;
let connectedBefore = false;
let polling;
let retry;

function connect() {
  clearTimeout(retry);
  socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/changes/`);
  socket.addEventListener("open", opened);
  socket.addEventListener("message", ({ data }) => heard(data));
  socket.addEventListener("close", ({ code }) => closed(code));
}

function opened() {
  tries = 0;
  clearInterval(polling);
  polling = undefined;
  tell("tone-ok", "i-dot", "Live");
  tellPage("mctl-resync");
  connectedBefore = true;
}

function closed(code) {
  if (NOT_ALLOWED.has(code)) return tell("tone-warn", "i-triangle", code === 4401 ? "Signed out" : "Not live");
  // Said after the handshake, which set the tries back: too many pages are open, and that lasts.
  if (code === TRY_AGAIN_LATER) tries = TRIES_OF_LONGEST_WAIT;
  // Jitter, or a restarted server is met by every open page in the same second.
  const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** tries++) * (0.5 + Math.random());
  if (connectedBefore || tries > 1) tell("tone-unk", "i-dashed", "Reconnecting…");
  // The socket may be blocked for good where plain requests still pass.
  polling ??= setInterval(() => tellPage("mctl-resync"), UNTIL_POLLING_MS);
  retry = setTimeout(connect, wait);
}

function heard(data) {
  let message;
  try {
    message = JSON.parse(data);
  } catch {
    return;
  }
  if (typeof message?.type !== "string") return;
  const name = message.type.replaceAll(".", "-");
  const { tenant, service, operation } = message;
  const names = [name, tenant && `${name}:${tenant}`, tenant && service && `${name}:${tenant}:${service}`, operation && `${name}:${operation}`];
  for (const one of names) if (one) tellPage(one);
  // Without a service it is about all of the tenant's: every page of one of them looks again.
  if (tenant && !service) for (const one of heardHere(`${name}:${tenant}:`)) tellPage(one);
}

/** The events beginning so that parts of this page listen to. */
function heardHere(beginning) {
  const triggers = [...document.querySelectorAll("[hx-trigger]")].flatMap((part) => part.getAttribute("hx-trigger").split(/[\s,]+/));
  return new Set(triggers.filter((one) => one.startsWith(beginning)));
}

/** At once, then at most once a second however fast the wire talks; nothing while the tab is hidden. */
function tellPage(name) {
  const state = due.get(name) ?? { last: 0, timer: 0 };
  due.set(name, state);
  if (state.timer || document.hidden) {
    state.missed = document.hidden;
    return;
  }
  const wait = Math.max(0, state.last + REFRESH_EVERY_MS - Date.now());
  state.timer = setTimeout(() => {
    state.timer = 0;
    state.last = Date.now();
    document.body.dispatchEvent(new CustomEvent(name));
  }, wait);
}

function tell(tone, icon, text) {
  if (!shown) return;
  shown.hidden = false;
  shown.className = `live ${tone}`;
  shown.innerHTML = '<svg class="i" aria-hidden="true"><use></use></svg><span></span>';
  shown.querySelector("use").setAttribute("href", `#${icon}`);
  shown.querySelector("span").textContent = text;
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const [name, state] of due) {
    if (!state.missed) continue;
    state.missed = false;
    tellPage(name);
  }
  if (socket && socket.readyState === WebSocket.CLOSED && retry) connect();
});

// Only pages behind the door have the place where the state is shown.
if (shown) connect();
