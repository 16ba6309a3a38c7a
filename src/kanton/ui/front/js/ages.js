// Ages such as “Pending 12 s” go on ticking. One timer, and none while the page is hidden.
import { text } from "./texts.js";

const STEPS = [
  [60, 1, "age_s"],
  [3600, 60, "age_min"],
  [86400, 3600, "age_h"],
  [Infinity, 86400, "age_d"],
];

function tick() {
  if (document.hidden) return;
  const now = Date.now() / 1000;
  for (const place of document.querySelectorAll("[data-since]")) {
    const age = Math.max(0, Math.floor(now - Number(place.dataset.since)));
    const [, step, name] = STEPS.find(([limit]) => age < limit);
    const shown = text(name, { n: Math.floor(age / step) });
    if (place.textContent !== shown) place.textContent = shown;
  }
}

export function startAges() {
  setInterval(tick, 1000);
}
