// Toasts: what the page brings, what answers to htmx carry (HX-Trigger: kanton:toast), and failures of the network.
import { icon, make, text } from "./texts.js";

const ICONS = { done: "circle-check", waiting: "clock", failed: "alert-triangle", note: "info-circle" };
let library;

function leave(element, after) {
  let timer = setTimeout(() => element.remove(), after);
  for (const kind of ["mouseenter", "focusin"]) element.addEventListener(kind, () => clearTimeout(timer));
  for (const kind of ["mouseleave", "focusout"]) {
    element.addEventListener(kind, () => {
      clearTimeout(timer);
      timer = setTimeout(() => element.remove(), 4000);
    });
  }
}

export function toast({ text: words, kind = "note", undo = "" }) {
  const element = make("div", { class: `toast is-${kind}`, "data-toast": "" }, icon(ICONS[kind]), make("p", {}, words));
  if (undo) {
    element.append(
      make("button", { class: "button is-small", "hx-post": undo, "hx-swap": "none", "data-undo": "" }, text("undo")),
    );
  }
  element.append(
    make(
      "button",
      { type: "button", class: "button is-quiet is-icon is-small", "data-close": "", "aria-label": text("close") },
      icon("x"),
    ),
  );
  // A modal dialog hides everything behind it, so the toast goes in there.
  const place = document.querySelector("dialog:modal") ?? document.body;
  const list = document.getElementById("toasts");
  if (list.parentElement !== place) place.append(list);
  list.append(element);
  library.process(element);
  // Undo is offered for ten seconds; failures stay until they are closed.
  if (kind !== "failed") leave(element, undo ? 10000 : 6000);
}

export function startToasts(htmx) {
  library = htmx;
  for (const element of document.querySelectorAll("#toasts > [data-toast]")) {
    if (!element.matches(".is-error, .is-failed")) {
      leave(element, element.querySelector("[data-undo]") ? 10000 : 6000);
    }
  }
  document.addEventListener("kanton:toast", (event) => toast(event.detail));
  document.addEventListener("click", (event) => {
    const element = event.target.closest("[data-toast]");
    if (element && event.target.closest("[data-close], [data-undo]")) setTimeout(() => element.remove());
    const sample = event.target.closest("[data-toast-text]");
    if (sample) toast({ text: sample.dataset.toastText, kind: "done" });
  });
  document.addEventListener("close", () => document.body.append(document.getElementById("toasts")), true);
  document.addEventListener("htmx:responseError", (event) => {
    const said = event.detail.xhr.getResponseHeader("X-Problem");
    toast({ text: said ? decodeURIComponent(said) : text("failed"), kind: "failed" });
  });
  document.addEventListener("htmx:sendError", () => toast({ text: text("offline"), kind: "failed" }));

  const line = make("div", { class: "busy", "aria-hidden": "true" });
  document.body.append(line);
  let waiting = 0;
  const quiet = (event) => event.detail?.elt?.matches?.(".wish, [data-quiet]");
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!quiet(event)) line.classList.toggle("is-on", ++waiting > 0);
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (!quiet(event)) line.classList.toggle("is-on", (waiting = Math.max(0, waiting - 1)) > 0);
  });
}
