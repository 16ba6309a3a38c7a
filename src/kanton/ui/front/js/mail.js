// The frame of an HTML message is as tall as the message, so that the page scrolls and not the frame.
function fit(frame) {
  const inside = frame.contentDocument?.documentElement;
  if (!inside) return;
  frame.style.setProperty("min-height", "0");
  frame.style.setProperty("height", `${Math.max(120, inside.offsetHeight + 32)}px`);
}

export function startMail() {
  for (const frame of document.querySelectorAll("iframe[data-fit]")) {
    frame.addEventListener("load", () => {
      fit(frame);
      for (const image of frame.contentDocument?.images ?? []) image.addEventListener("load", () => fit(frame));
    });
    addEventListener("resize", () => fit(frame));
    if (frame.contentDocument?.readyState === "complete") fit(frame);
  }
}
