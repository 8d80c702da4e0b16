/* Says how an operation ended, once, to whoever looks at another tab or listens to the page. */
import { toast, upon } from "./dom.js";

const OPEN = new Set(["queued", "running"]);
const TONES = { succeeded: "ok", failed: "bad", stalled: "bad", cancelled: "warn" };

upon("#operation[data-state]", (part) => {
  let before = part.dataset.state;
  new MutationObserver(() => {
    const { state } = part.dataset;
    if (OPEN.has(before) && !OPEN.has(state)) {
      const name = part.querySelector("h1").textContent;
      toast(`${name} ${state}.`, TONES[state]);
      document.title = `${state}: ${document.title}`;
    }
    before = state;
  }).observe(part, { attributes: true, attributeFilter: ["data-state"] });
});
