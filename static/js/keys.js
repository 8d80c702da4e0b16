/* The keyboard: `/` to find, `g` and a letter to go, a letter for what a page offers, `?` for help. */
const PLACES = { h: "a.brand", s: ".rail a[href$='/services/']", o: ".rail a[href$='/operations/']", t: ".rail a[href$='/tenants/']" };
const GO_WITHIN_MS = 1200;
let goUntil = 0;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest("input, textarea, select, [contenteditable], dialog[open]")) return;
  const run = action(event.key);
  if (!run) return;
  event.preventDefault();
  run();
});

function action(key) {
  const going = Date.now() < goUntil;
  goUntil = 0;
  if (going) return PLACES[key] && (() => document.querySelector(PLACES[key])?.click());
  if (key === "/") return () => focusOn(document.querySelector("[data-filter]") ?? document.getElementById("search"));
  if (key === "?") return () => document.getElementById("keys")?.showModal();
  if (key === "g") return () => (goUntil = Date.now() + GO_WITHIN_MS);
  const link = /^[a-z]$/.test(key) && document.querySelector(`[data-key="${key}"]`);
  return link && (() => link.click());
}

function focusOn(field) {
  field?.focus();
  field?.select?.();
}
