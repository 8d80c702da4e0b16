/* Two helpers all scripts share: run for what is there and for what htmx brings, and say something aloud. */

/** Calls `run(element)` once for every match now and after each swap. */
export function upon(selector, run) {
  const seen = new WeakSet();
  const visit = (root) => {
    const found = [...(root.matches?.(selector) ? [root] : []), ...root.querySelectorAll(selector)];
    for (const element of found) {
      if (seen.has(element)) continue;
      seen.add(element);
      run(element);
    }
  };
  visit(document);
  document.addEventListener("htmx:load", (event) => visit(event.detail.elt));
}

/** Says a finished thing to assistive technology, once. */
export function say(text) {
  const region = document.getElementById("said");
  if (region) region.textContent = text;
}

/** A sentence in the corner for a few seconds; longer while it is looked at. */
export function toast(text, tone = "ok") {
  const band = document.createElement("div");
  band.className = `toast band tone-${tone}`;
  band.innerHTML = '<svg class="i" aria-hidden="true"><use></use></svg><p></p>';
  band.querySelector("use").setAttribute("href", { ok: "#i-check", bad: "#i-octagon", warn: "#i-triangle" }[tone] ?? "#i-circle");
  band.querySelector("p").textContent = text;
  document.getElementById("toasts")?.append(band);
  say(text);
  const leave = () => (band.matches(":hover") ? setTimeout(leave, 2000) : band.remove());
  setTimeout(leave, 6000);
}
