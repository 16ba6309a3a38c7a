// The app's service worker: the page without network, and sign-ins that come while the app is closed.
import { account, forgetAccount, kept } from "./authenticator/store.js";
import { Refusal, answer, askSigned, state } from "./authenticator/talk.js";

const HOME = "/authenticator/";
const KEPT = self.KEPT ?? [HOME];
const CACHE = `authenticator ${KEPT.join(" ")}`;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(KEPT))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const where = new URL(request.url);
  if (request.method !== "GET" || where.origin !== self.location.origin) return;
  if (request.mode === "navigate" && where.pathname === HOME) event.respondWith(page(request));
  else if (KEPT.includes(where.pathname)) event.respondWith(file(request, where.pathname));
});

async function page(request) {
  const cache = await caches.open(CACHE);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) await cache.put(HOME, fresh.clone());
    return fresh;
  } catch {
    return (await cache.match(HOME)) ?? Response.error();
  }
}

async function file(request, path) {
  const cache = await caches.open(CACHE);
  return (await cache.match(path)) ?? fetch(request);
}

async function words() {
  const texts = await kept("texts", {});
  return (name, values = {}) => (texts[name] ?? "").replace(/%\((\w+)\)s/g, (_, key) => values[key] ?? "");
}

self.addEventListener("push", (event) => {
  let told = {};
  try {
    told = event.data.json();
  } catch {
    // Not ours; a browser still wants a notification shown.
  }
  event.waitUntil(arrived(told));
});

async function arrived({ device = "" }) {
  const text = await words();
  const known = device ? await account(device) : undefined;
  if (!known) return show(text("accounts") || "Authenticator", {});
  try {
    const { requests } = await state(known);
    if (requests.length) return await question(known, requests[0], text);
    return show(text("answer_late"), { body: known.login, tag: device });
  } catch (problem) {
    if (problem instanceof Refusal && problem.isGone) {
      await forgetAccount(device);
      await tellPages({ gone: known.login });
      return show(text("gone", { login: known.login }), { tag: device });
    }
    return show(text("question"), { body: known.login, tag: device, data: { device } });
  }
}

function question(known, asked, text) {
  const time = new Date(asked.created * 1000).toLocaleTimeString();
  const place = asked.place || asked.address || text("unknown_place");
  return show(text("question"), {
    body: `${known.login}\n${asked.browser} · ${place} · ${time}`,
    tag: known.device,
    renotify: true,
    requireInteraction: true,
    data: { device: known.device, asked },
    actions: [
      { action: "yes", title: text("yes") },
      { action: "no", title: text("no") },
    ],
  });
}

const show = (title, options) => self.registration.showNotification(title, { icon: self.ICON, badge: self.ICON, ...options });

async function tellPages(message) {
  for (const one of await self.clients.matchAll({ type: "window" })) one.postMessage(message);
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const { device, asked } = event.notification.data ?? {};
  if (event.action === "no") event.waitUntil(refuse(device, asked));
  else if (event.action === "not-me") event.waitUntil(disown(device, asked));
  else event.waitUntil(openApp());
});

async function refuse(device, asked) {
  const text = await words();
  const known = await account(device);
  if (!known) return undefined;
  try {
    await answer(known, asked, "no");
  } catch {
    return show(text("answer_late"), { tag: device });
  }
  return show(text("refused"), {
    body: text("refused_help"),
    tag: device,
    data: { device, asked },
    actions: [{ action: "not-me", title: text("not_me") }],
  });
}

async function disown(device, asked) {
  const known = await account(device);
  const { guide } = await askSigned(known, "not-me", { request: asked.request });
  return self.clients.openWindow(guide);
}

async function openApp() {
  const [open] = await self.clients.matchAll({ type: "window" });
  return open ? open.focus() : self.clients.openWindow(HOME);
}
