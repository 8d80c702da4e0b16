/* Buttons that copy a text; shown only where copying is possible. */
import { say, upon } from "./dom.js";

upon("[data-copy]", (button) => {
  if (!navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", () => copy(button.dataset.copy, button));
});

export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    say("Copied.");
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1500);
  } catch {
    say("Copying was not allowed.");
  }
}
