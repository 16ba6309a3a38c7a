// The guided tour: a card beside each main part of the frame. The words come from the page (data-tour-steps).
import { make } from "./texts.js";

const SEEN = "kanton-tour-seen";

function remember() {
  try {
    localStorage.setItem(SEEN, "1");
  } catch {
    // A browser that keeps nothing shows the tour again; no harm.
  }
}

function seen() {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return true;
  }
}

function visible(selector) {
  return [...document.querySelectorAll(selector)].find((element) => element.getClientRects().length && element.checkVisibility?.({ visibilityProperty: true }) !== false);
}

function show(source) {
  const steps = JSON.parse(source.dataset.tourSteps).filter((step) => visible(step.at));
  if (!steps.length) return;
  const { next, done, skip, of } = source.dataset;
  const spot = make("div", { class: "tour-spot" });
  const title = make("h2", { id: "tour-title" });
  const words = make("p", { id: "tour-words", "aria-live": "polite" });
  const where = make("small", {});
  const end = make("button", { type: "button", class: "button is-quiet" }, skip);
  const on = make("button", { type: "button", class: "button is-primary" });
  const card = make("dialog", { class: "tour", "aria-labelledby": "tour-title", "aria-describedby": "tour-words" }, title, words, make("div", {}, where, end, on));
  let now = -1;

  const stop = () => {
    spot.remove();
    card.remove();
    remember();
  };
  const step = () => {
    if (++now >= steps.length) return stop();
    const target = visible(steps[now].at);
    target.scrollIntoView({ block: "nearest" });
    const box = target.getBoundingClientRect();
    Object.assign(spot.style, {
      left: `${box.left - 4}px`,
      top: `${box.top - 4}px`,
      width: `${box.width + 8}px`,
      height: `${Math.min(box.height, innerHeight - box.top) + 8}px`,
    });
    title.textContent = steps[now].title;
    words.textContent = steps[now].text;
    where.textContent = of.replace("%(n)s", now + 1).replace("%(of)s", steps.length);
    on.textContent = now === steps.length - 1 ? done : next;
    const size = card.getBoundingClientRect();
    const beside = box.right + 16 + size.width < innerWidth && box.width < innerWidth / 2;
    const left = beside ? box.right + 16 : Math.min(Math.max(16, box.left), innerWidth - size.width - 16);
    const below = box.bottom + 16 + size.height < innerHeight;
    const top = beside ? Math.min(box.top, innerHeight - size.height - 16) : below ? box.bottom + 16 : Math.max(16, box.top - size.height - 16);
    Object.assign(card.style, { left: `${left}px`, top: `${Math.max(16, top)}px` });
    on.focus();
  };

  document.body.append(spot, card);
  card.showModal();
  end.addEventListener("click", stop);
  on.addEventListener("click", step);
  card.addEventListener("close", stop);
  step();
}

export function startTour() {
  document.addEventListener("click", (event) => {
    const source = event.target.closest("[data-tour-steps]");
    if (source) show(source);
  });
  const first = document.querySelector("[data-tour-steps][data-tour-first]");
  if (first && !seen() && !navigator.webdriver) show(first);
}
