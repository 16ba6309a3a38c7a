// The line of the page stands in the middle of a menu that is longer than the window, and so does its tab.
export function startRail() {
  const tab = document.querySelector('.tabs [aria-current="page"]');
  if (tab) tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;
  const rail = document.querySelector(".rail-nav");
  const line = rail?.querySelector('[aria-current="page"]');
  if (!line) return;
  const below = line.getBoundingClientRect().bottom - rail.getBoundingClientRect().bottom;
  if (below > 0) rail.scrollTop += below + rail.clientHeight / 2;
}
