/* The theme switch, dialogs, and buttons that fill a field. What needs a script is shown by it. */
import { upon } from "./dom.js";

upon("[data-theme-switch]", (group) => {
  const chosen = () => document.documentElement.dataset.theme ?? "";
  const press = () => group.querySelectorAll("button").forEach((button) => button.setAttribute("aria-pressed", button.value === chosen()));
  group.hidden = false;
  press();
  group.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    if (button.value) document.documentElement.dataset.theme = button.value;
    else delete document.documentElement.dataset.theme;
    try {
      if (button.value) localStorage.setItem("mctl-theme", button.value);
      else localStorage.removeItem("mctl-theme");
    } catch {
      // Without storage the choice lasts as long as the page.
    }
    press();
  });
});

upon("[data-opens]", (button) => {
  button.hidden = false;
  button.addEventListener("click", () => {
    button.closest("[popover]")?.hidePopover();
    document.getElementById(button.dataset.opens)?.showModal();
  });
});

upon("[data-closes]", (button) => button.addEventListener("click", () => document.getElementById(button.dataset.closes)?.close()));

// Confirm by typing: the button wakes when the word is right. The server asks for the same word.
upon("dialog[data-confirm]", (dialog) => {
  const field = dialog.querySelector("[name=confirm]");
  const button = dialog.querySelector("button.primary");
  const check = () => (button.disabled = field.value.trim() !== dialog.dataset.confirm);
  field.addEventListener("input", check);
  dialog.addEventListener("close", () => dialog.querySelector("form").reset() || check());
  check();
});

upon("[data-fill]", (button) =>
  button.addEventListener("click", () => {
    const field = document.getElementById(button.dataset.fill);
    if (!field) return;
    field.value = button.dataset.value;
    field.focus();
  }),
);
