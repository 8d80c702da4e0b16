/* How answers of htmx find their place: refusals above what they refuse, a lost session back to the door. */
import { toast } from "./dom.js";

document.addEventListener("htmx:beforeSwap", (event) => {
  const { detail } = event;
  const { xhr } = detail;
  // The login guard redirects; the browser follows silently, and a sign-in page inside a list helps nobody.
  if (xhr.responseURL && /\/sign-in\/?$/.test(new URL(xhr.responseURL).pathname)) {
    detail.shouldSwap = false;
    location.reload();
    return;
  }
  if (xhr.status < 400 || xhr.status === 422) return clearRefusals(detail.target);
  if (!xhr.responseText.includes("data-problem")) {
    detail.shouldSwap = false;
    toast("The server could not answer. What you see may be out of date.", "bad");
    return;
  }
  // A refusal stands above what it refuses: the list, or the form with everything that was typed.
  clearRefusals(detail.target);
  detail.shouldSwap = true;
  detail.isError = false;
  detail.swapOverride = "afterbegin";
});

document.addEventListener("htmx:afterSwap", ({ detail }) => {
  const problem = detail.target.querySelector?.(":scope > [data-problem]");
  if (problem && detail.requestConfig?.verb !== "get") problem.scrollIntoView({ block: "center" });
});

document.addEventListener("htmx:sendError", ({ detail }) => {
  if (detail.requestConfig?.verb !== "get") toast("The server could not be reached. Nothing was sent.", "bad");
});

// What has just arrived on request is where reading goes on: the plan after "Show the plan".
document.addEventListener("htmx:load", ({ detail }) => {
  const arrived = detail.elt.querySelector?.("[data-arrives]");
  if (!arrived) return;
  arrived.querySelector("h2")?.focus({ preventScroll: true });
  arrived.scrollIntoView({ block: "start" });
});

document.addEventListener("htmx:load", ({ detail }) => {
  const wrong = detail.elt.querySelector?.("form [aria-invalid='true'], form[aria-invalid]");
  wrong?.focus();
});

function clearRefusals(target) {
  for (const old of target?.querySelectorAll?.(":scope > [data-problem]") ?? []) old.remove();
}
