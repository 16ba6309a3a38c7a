// The words that scripts show come from the page, in the reader's language.
let known;

export function text(name, values = {}) {
  known ??= JSON.parse(document.body.dataset.texts || "{}");
  return (known[name] ?? "").replace(/%\((\w+)\)s/g, (_, key) => values[key] ?? "");
}

export function icon(name) {
  const address = document.querySelector("svg.icon use")?.getAttribute("href")?.split("#")[0] ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `${address}#${name}`);
  svg.append(use);
  return svg;
}

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}
