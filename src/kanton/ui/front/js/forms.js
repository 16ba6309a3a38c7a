// Ctrl-Enter saves, passwords can be shown, choices send themselves, the first error gets the focus,
// and nobody sends the same form twice.
import { icon, make, text } from "./texts.js";

function reveal(input) {
  if (input.parentElement.classList.contains("reveal")) return;
  const box = make("span", { class: "reveal" });
  const button = make("button", { type: "button", "aria-label": text("show"), "aria-pressed": "false" }, icon("eye"));
  input.replaceWith(box);
  box.append(input, button);
  button.addEventListener("click", () => {
    const shown = input.type === "password";
    input.type = shown ? "text" : "password";
    button.setAttribute("aria-pressed", String(shown));
    button.setAttribute("aria-label", text(shown ? "hide" : "show"));
    button.replaceChildren(icon(shown ? "eye-off" : "eye"));
  });
}

function enhance(root) {
  for (const input of root.querySelectorAll("input[data-reveal]")) reveal(input);
}

function focusError(root) {
  const wrong = root.querySelector("form [aria-invalid=true], form [data-first-error]");
  if (!wrong) return;
  wrong.focus({ preventScroll: true });
  wrong.scrollIntoView({ block: "center" });
}

export function startForms(htmx) {
  enhance(document);
  focusError(document);
  htmx.onLoad((root) => {
    if (root === document.body) return;
    enhance(root);
    focusError(root);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.form) {
      event.preventDefault();
      const form = event.target.form;
      form.requestSubmit(form.querySelector(".button.is-primary:not([type=button])") ?? undefined);
    }
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (event.defaultPrevented || form.method !== "post" || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = "1";
    setTimeout(() => delete form.dataset.sent, 8000);
  });
  // Back from the next page: the form may be sent again.
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // A page that would be left with changes asks first, where the form wants it.
  document.addEventListener("input", (event) => {
    if (event.target.form?.hasAttribute("data-keep")) event.target.form.dataset.changed = "1";
  });
  addEventListener("beforeunload", (event) => {
    if (document.querySelector("form[data-changed]:not([data-sent])")) event.preventDefault();
  });
}
