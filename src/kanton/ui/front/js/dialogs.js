// Links with data-dialog open what they lead to in a dialog; without script they just lead there.
import { icon, make, text } from "./texts.js";

const shared = () => document.getElementById("dialog");

function fill(title, html) {
  const head = make(
    "header",
    { class: "dialog-head" },
    make("h2", { id: "dialog-title" }, title),
    make(
      "button",
      { type: "button", class: "button is-quiet is-icon", "data-close": "", "aria-label": text("close") },
      icon("x"),
    ),
  );
  const body = make("div", { class: "dialog-body" });
  body.innerHTML = html;
  shared().firstElementChild.replaceChildren(head, body);
}

async function open(link, htmx) {
  const address = link.href;
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true", "HX-Target": "dialog-body" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    fill(link.dataset.dialog || link.textContent.trim(), await answer.text());
  } catch {
    location.href = address;
    return;
  }
  htmx.process(shared());
  shared().showModal();
  const first = shared().querySelector("[autofocus], .dialog-body :is(input:not([type=hidden]), select, textarea)");
  (first ?? shared().querySelector(".dialog-body button"))?.focus();
}

function close(dialog) {
  if (dialog.matches(":popover-open")) dialog.hidePopover();
  else dialog.close();
}

export function startDialogs(htmx) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (link && shared() && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      open(link, htmx);
      return;
    }
    const opener = event.target.closest("[data-opens]");
    if (opener) {
      // With script a real modal dialog, which keeps the focus inside.
      event.preventDefault();
      document.getElementById(opener.dataset.opens).showModal();
      return;
    }
    const dialog = event.target.closest("dialog");
    if (!dialog) return;
    if (event.target.closest("[data-close]") || (event.target === dialog && outside(event, dialog))) {
      event.preventDefault();
      close(dialog);
    }
  });
  document.addEventListener("kanton:close", () => shared()?.open && shared().close());
}

function outside(event, dialog) {
  const box = dialog.getBoundingClientRect();
  return (
    event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom
  );
}
