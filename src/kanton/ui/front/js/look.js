// Theme and width of the menu change at once; the cookie is written by the same form in the background.
function keep(form, name, value) {
  const data = new FormData(form);
  data.set(name, value);
  fetch(form.action, { method: "POST", body: data, redirect: "manual" });
}

export function startLook() {
  const root = document.documentElement;
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (button?.name === "theme") {
      event.preventDefault();
      root.dataset.theme = button.value;
      for (const other of event.target.querySelectorAll("[name=theme]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      keep(event.target, "theme", button.value);
    } else if (button?.name === "rail") {
      event.preventDefault();
      const value = root.dataset.rail === "narrow" ? "wide" : "narrow";
      root.dataset.rail = value;
      keep(event.target, "rail", value);
    }
  });
}
