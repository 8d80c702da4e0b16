/* A swap that changes only what differs, so that a refresh keeps the focus, the selection, open folds and the scroll of
   a log: `hx-swap="morph"`. Children are told apart by id where they have one, otherwise by place and name. */
const KEPT = { DETAILS: ["open"], DIALOG: ["open"] };
// Shown or pressed by our scripts; the server's markup knows nothing of it.
const SCRIPTED = "[data-opens], [data-copy], [data-log-tools], [data-live]";

window.htmx?.defineExtension("morph", {
  handleSwap(style, target, fragment) {
    if (style !== "morph") return false;
    const fresh = fragment.firstElementChild;
    if (!fresh) return false;
    return [morph(target, fresh)];
  },
});

/** Makes `old` look like `fresh`; returns the element that now stands there. */
function morph(old, fresh) {
  if (!alike(old, fresh)) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return old;
  }
  attributes(old, fresh);
  if (old !== document.activeElement || !("value" in old)) children(old, fresh);
  return old;
}

function alike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && (one.id ?? "") === (other.id ?? "");
}

function attributes(old, fresh) {
  const kept = [...(KEPT[old.nodeName] ?? []), ...(old.matches(SCRIPTED) ? ["hidden", "class"] : [])];
  for (const { name, value } of [...fresh.attributes]) {
    if (!kept.includes(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  for (const { name } of [...old.attributes]) {
    if (!kept.includes(name) && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
}

function children(old, fresh) {
  const byId = new Map([...old.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = old.firstChild;
  for (const wanted of [...fresh.childNodes]) {
    const known = wanted.id && byId.get(wanted.id);
    if (known && known !== place) old.insertBefore(known, place);
    const candidate = known || place;
    if (candidate && alike(candidate, wanted)) {
      place = candidate.nextSibling;
      morph(candidate, wanted);
    } else {
      old.insertBefore(wanted, place);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}
