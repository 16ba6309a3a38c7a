// Selecting rows: all of a page, a range with Shift, and a bar that says how many.
let last;

function boxes(form) {
  return [...form.querySelectorAll("input[name=selected]")];
}

function count(form) {
  const chosen = boxes(form).filter((box) => box.checked).length;
  const bar = form.querySelector("[data-bulk-bar]");
  if (bar) {
    bar.classList.toggle("is-on", chosen > 0);
    const label = bar.querySelector("[data-bulk-count]");
    label.textContent = label.dataset.bulkCount.replace("%(n)s", chosen);
  }
  const all = form.querySelector("[data-all]");
  if (all) {
    all.checked = chosen > 0 && chosen === boxes(form).length;
    all.indeterminate = chosen > 0 && !all.checked;
  }
}

export function startTables() {
  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("input[name=selected]");
    if (!box) return;
    const form = box.closest("form");
    if (event.shiftKey && last?.isConnected && last.closest("form") === form) {
      const all = boxes(form);
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const other of all.slice(from, to + 1)) other.checked = box.checked;
      count(form);
    }
    last = box;
  });
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("form[data-bulk]");
    if (!form) return;
    if (event.target.matches("[data-all]")) {
      for (const box of boxes(form)) box.checked = event.target.checked;
    }
    if (event.target.matches("[data-all], [name=selected]")) count(form);
  });
  for (const form of document.querySelectorAll("form[data-bulk]")) count(form);
}
