// The line of the page stands in the middle of a menu that is longer than the window.
export function startRail() {
  const rail = document.querySelector(".rail-nav");
  const line = rail?.querySelector('[aria-current="page"]');
  if (!line) return;
  const below = line.getBoundingClientRect().bottom - rail.getBoundingClientRect().bottom;
  if (below > 0) rail.scrollTop += below + rail.clientHeight / 2;
}
