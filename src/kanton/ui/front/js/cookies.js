// The sign-in page says that cookies are off, when they are.
export function startCookies() {
  if (navigator.cookieEnabled) return;
  for (const note of document.querySelectorAll("[data-without-cookies]")) note.hidden = false;
}
