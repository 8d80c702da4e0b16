/* Keeps `<time datetime>` true while the page stays open, and shows the absolute moment in both zones. */
const UNITS = [["y", 31536000], ["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
// A wrong clock on this side must not turn "2 s ago" into "in 3 min".
const skew = Date.parse(document.documentElement.dataset.now) - Date.now() || 0;

function words(seconds, bare) {
  const span = Math.trunc(Math.abs(seconds));
  const [unit, size] = UNITS.find(([, size]) => span >= size) ?? ["s", 1];
  const amount = `${Math.floor(span / size)} ${unit}`;
  if (bare) return amount;
  return seconds >= 0 ? `${amount} ago` : `in ${amount}`;
}

function refresh() {
  const now = Date.now() + skew;
  for (const time of document.querySelectorAll("time[data-style]")) {
    const text = words((now - Date.parse(time.dateTime)) / 1000, time.dataset.style === "age");
    if (time.textContent !== text) time.textContent = text;
  }
}

const local = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const utc = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium", timeZone: "UTC" });
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
let tip;

function show({ target }) {
  const time = target.closest?.("time[datetime]");
  if (!time) return;
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.valueOf())) return;
  time.removeAttribute("title");
  tip ??= document.body.appendChild(Object.assign(document.createElement("div"), { className: "tip", popover: "manual", id: "time-tip", role: "tooltip" }));
  tip.textContent = `${local.format(moment)} ${zone}\n${utc.format(moment)} UTC`;
  time.setAttribute("aria-describedby", "time-tip");
  tip.showPopover();
  const at = time.getBoundingClientRect();
  const left = Math.min(at.left, innerWidth - tip.offsetWidth - 8);
  const above = at.bottom + tip.offsetHeight + 8 > innerHeight;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${above ? at.top - tip.offsetHeight - 6 : at.bottom + 6}px`;
}

function hide({ target }) {
  if (target.closest?.("time[datetime]") && tip?.matches(":popover-open")) tip.hidePopover();
}

for (const event of ["pointerover", "focusin"]) document.addEventListener(event, show);
for (const event of ["pointerout", "focusout"]) document.addEventListener(event, hide);
document.addEventListener("keydown", (event) => event.key === "Escape" && tip?.matches(":popover-open") && tip.hidePopover());
document.addEventListener("htmx:load", refresh);
setInterval(() => document.hidden || refresh(), 1000);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
refresh();
