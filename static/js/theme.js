/* Runs before the first paint, so that a chosen theme never flashes. The switch itself is in menu.js. */
try {
  const theme = localStorage.getItem("mctl-theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be forbidden; the system's choice then stands.
}
