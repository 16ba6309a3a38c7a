// Menus are <details>. This closes them when they should be closed, moves with the arrow keys,
// and lets those inside a scrolling table stand above it.
const OPEN = "details.menu[open], details.wish[open]";

function close(menu, { focus = false } = {}) {
  menu.open = false;
  if (focus) menu.querySelector("summary")?.focus();
}

function place(menu) {
  const pop = menu.querySelector(":scope > .pop");
  if (!pop) return;
  pop.classList.remove("is-placed");
  pop.style.cssText = "";
  const anchor = menu.querySelector("summary").getBoundingClientRect();
  const clipped = menu.closest(".table-scroll, .dialog, .tabs");
  const box = pop.getBoundingClientRect();
  const tooLow = box.bottom > innerHeight - 8 && anchor.top > box.height + 12;
  const tooWide = box.right > innerWidth - 8 || box.left < 8;
  if (!clipped && !tooLow && !tooWide) return;
  // A dialog with an animation is a frame of its own for fixed boxes.
  const frame = menu.closest(".dialog")?.getBoundingClientRect() ?? { left: 0, top: 0 };
  const wanted = pop.classList.contains("is-end") ? anchor.right - box.width : anchor.left;
  const left = Math.min(Math.max(8, wanted), innerWidth - box.width - 8);
  const top = tooLow ? anchor.top - box.height - 4 : anchor.bottom + 4;
  pop.classList.add("is-placed");
  pop.style.left = `${left - (menu.closest(".dialog") ? frame.left : 0)}px`;
  pop.style.top = `${top - (menu.closest(".dialog") ? frame.top : 0)}px`;
}

function move(event, menu) {
  const items = [...menu.querySelectorAll(".pop :is(a[href], button, summary, select)")].filter(
    (item) => item.offsetParent !== null || item.getClientRects().length,
  );
  if (!items.length) return;
  const now = items.indexOf(document.activeElement);
  const next = { ArrowDown: now + 1, ArrowUp: now < 0 ? -1 : now - 1, Home: 0, End: -1 }[event.key];
  items.at(next % items.length)?.focus();
  event.preventDefault();
}

export function startMenus() {
  document.addEventListener(
    "toggle",
    (event) => {
      const menu = event.target;
      if (!(menu instanceof HTMLDetailsElement) || !menu.open || !menu.matches(".menu, .wish")) return;
      for (const other of document.querySelectorAll(OPEN)) {
        if (other !== menu && !other.contains(menu)) close(other);
      }
      place(menu);
    },
    true,
  );
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll(OPEN)) {
      const inside = menu.contains(event.target);
      const chosen = inside && event.target.closest(".pop a, .pop button:not([type=button], [name=theme])");
      if (!inside || chosen) close(menu);
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = document.activeElement?.closest?.("details.menu, details.wish");
    if (event.key === "Escape") {
      const open = [...document.querySelectorAll(OPEN)].at(-1);
      if (open) {
        close(open, { focus: true });
        event.stopPropagation();
      } else if (location.hash === "#rail") {
        location.hash = "#main";
      }
      return;
    }
    if (!menu || !["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
    if (event.target.matches("select, input, textarea")) return;
    if (!menu.open && event.key === "ArrowDown") menu.open = true;
    if (menu.open) move(event, menu);
  });
  for (const kind of ["scroll", "resize"]) {
    addEventListener(
      kind,
      (event) => {
        if (event.target instanceof Element && event.target.closest(".pop")) return;
        for (const pop of document.querySelectorAll("details[open] > .pop.is-placed")) close(pop.parentElement);
      },
      { capture: true, passive: true },
    );
  }
  // The drawer on a phone: a tap beside it closes it.
  document.addEventListener("click", (event) => {
    if (location.hash === "#rail" && !event.target.closest("#rail, [data-drawer]")) location.hash = "#main";
  });
}
