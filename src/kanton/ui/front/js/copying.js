// Copy buttons: the text of `data-copy`, or of the code beside `data-copy-of`.
import { toast } from "./toasts.js";
import { text } from "./texts.js";

async function copy(written) {
  await navigator.clipboard.writeText(written);
  toast({ text: text("copied"), kind: "done" });
}

export function startCopying() {
  for (const place of document.querySelectorAll("[data-origin]")) place.textContent = location.origin;
  document.addEventListener("click", (event) => {
    const plain = event.target.closest("[data-copy]");
    if (plain) copy(plain.dataset.copy);
    const beside = event.target.closest("[data-copy-of]");
    if (beside) copy(beside.parentElement.querySelector("code").innerText);
  });
}
