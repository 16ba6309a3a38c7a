// Ctrl-K or / opens the search from anywhere; arrows choose, Enter opens.
const box = () => document.getElementById("search");

function open() {
  const dialog = box();
  if (!dialog || dialog.open) return;
  dialog.showModal();
  dialog.querySelector("input[type=search]").select();
}

function options() {
  return [...document.querySelectorAll("#search-results [role=option]")];
}

function choose(step) {
  const found = options();
  if (!found.length) return;
  const now = found.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const next = found.at((now + step + found.length) % found.length);
  for (const option of found) option.setAttribute("aria-selected", String(option === next));
  box().querySelector("input").setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

export function startSearch() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-search]");
    if (link && box() && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      open();
    }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable=true]");
    if ((event.key === "k" && (event.ctrlKey || event.metaKey)) || (event.key === "/" && !typing)) {
      if (!box()) return;
      event.preventDefault();
      open();
      return;
    }
    if (!box()?.open || !event.target.matches("#search input")) return;
    if (event.key === "Escape") {
      // A search field would only empty itself, and close at the second press.
      event.preventDefault();
      box().close();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      choose(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      const chosen = options().find((option) => option.getAttribute("aria-selected") === "true");
      if (chosen) {
        event.preventDefault();
        chosen.click();
      }
    }
  });
}
