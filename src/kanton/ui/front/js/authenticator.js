// The Authenticator: the app's page. It works without network but for linking and answering.
import { codeAt, codeKey, fromBase64url, newKeys, sign } from "./authenticator/keys.js";
import { scan } from "./authenticator/scanning.js";
import { accounts, forgetAccount, keep, keepAccount } from "./authenticator/store.js";
import { about, answer, askSigned, now, post, state } from "./authenticator/talk.js";

const { texts, worker, authorize } = document.body.dataset;
const words = JSON.parse(texts);
const main = document.getElementById("app");
const said = document.getElementById("said");
const POLL = 3000;

let known = [];
let open = null; // the screen that is shown
let leave = () => {};
const paused = new Map();
const answered = new Set();

const text = (name, values = {}) => (words[name] ?? "").replace(/%\((\w+)\)s/g, (_, key) => values[key] ?? "");

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const button = (label, onclick, kind = "") => make("button", { type: "button", class: `button ${kind}`, onclick }, label);

function say(sentence, kind = "note") {
  said.replaceChildren(sentence ? make("p", { class: `said is-${kind}` }, sentence) : "");
}

function show(name, ...children) {
  leave();
  leave = () => {};
  open = name;
  main.replaceChildren(...children.filter(Boolean));
  main.dataset.screen = name;
  main.focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

const back = () => button(text("back"), () => home(), "is-quiet");

// --- the list of accounts, with their codes ---------------------------------------------------------------

function home() {
  const list = known.map(card);
  show(
    "home",
    make("h2", { class: "sr" }, text("accounts")),
    known.length
      ? make("div", { class: "accounts" }, ...list)
      : make("div", { class: "empty" }, make("h3", {}, text("empty")), make("p", {}, text("empty_help"))),
    known.length ? notifying() : null,
    make(
      "button",
      { type: "button", class: "plus", "aria-label": text("add"), title: text("add"), onclick: add },
      make("span", { "aria-hidden": "true" }, "+"),
    ),
  );
  tick();
}

function card(account) {
  const minutes = paused.get(account.device);
  return make(
    "article",
    { class: "account", "data-device": account.device },
    make("h3", {}, account.login),
    make("p", { class: "quiet" }, account.provider),
    make(
      "button",
      {
        type: "button",
        class: "code",
        "aria-label": text("code_for", { login: account.login }),
        onclick: (event) => copy(event.currentTarget.dataset.code),
      },
      make("span", { class: "digits" }, "––– –––"),
    ),
    make("progress", { max: String(account.period), value: String(account.period), "aria-hidden": "true" }),
    minutes ? make("p", { class: "said is-waiting" }, text("paused", { minutes })) : null,
  );
}

async function copy(code) {
  if (!code) return;
  await navigator.clipboard?.writeText(code).then(() => say(text("copied"), "done"), () => {});
}

async function tick() {
  const seconds = await now();
  for (const account of known) {
    const place = main.querySelector(`[data-device="${CSS.escape(account.device)}"]`);
    if (!place) continue;
    const code = await codeAt(account.codes, seconds, account);
    const shown = place.querySelector(".code");
    if (shown.dataset.code !== code) {
      shown.dataset.code = code;
      const half = code.length / 2;
      place.querySelector(".digits").textContent = `${code.slice(0, half)} ${code.slice(half)}`;
    }
    place.querySelector("progress").value = account.period - (seconds % account.period);
  }
}

// --- adding an account -----------------------------------------------------------------------------------

function add() {
  say("");
  show(
    "add",
    make("h2", {}, text("add")),
    choice(text("add_phone"), text("add_phone_help"), () => window.location.assign(authorize)),
    choice(text("add_computer"), atComputer(), addFromComputer),
    back(),
  );
}

const atComputer = () => text("add_computer_help", { address: `${window.location.host}/2fa` });

const choice = (label, help, onclick) =>
  make("button", { type: "button", class: "choice", onclick }, make("strong", {}, label), make("span", {}, help));

function addFromComputer() {
  show(
    "computer",
    make("h2", {}, text("add_computer")),
    make("p", {}, atComputer()),
    make("p", { class: "quiet" }, text("allow_camera")),
    button(text("continue"), scanCode, "is-primary"),
    typing(),
    back(),
  );
}

function typing() {
  const field = make("input", {
    id: "code",
    name: "code",
    autocomplete: "off",
    autocapitalize: "characters",
    spellcheck: "false",
    maxlength: "20",
    required: true,
  });
  return make(
    "form",
    {
      class: "typing",
      onsubmit: (event) => {
        event.preventDefault();
        look(field.value);
      },
    },
    make("label", { for: "code" }, text("code_label")),
    field,
    make("button", { class: "button" }, text("code_type")),
  );
}

async function scanCode() {
  const video = make("video", { playsinline: true, muted: true, "aria-label": text("code_scan") });
  show("scan", make("h2", {}, text("code_scan")), video, typing(), back());
  let isLeft = false;
  let stop = () => {};
  leave = () => {
    isLeft = true;
    stop();
  };
  try {
    stop = await scan(video, (found) => {
      const code = codeIn(found);
      if (code) {
        isLeft = true;
        stop();
        look(code);
      } else say(text("scan_wrong"), "failed");
    });
    if (isLeft) stop();
  } catch {
    video.remove();
    say(text("camera_missing"), "waiting");
  }
}

function codeIn(address) {
  try {
    const where = new URL(address);
    const code = new URLSearchParams(where.hash.slice(1)).get("link");
    return where.origin === window.location.origin ? code : null;
  } catch {
    return null;
  }
}

async function look(code) {
  const written = (code.toUpperCase().replace(/[OIL]/g, (sign) => (sign === "O" ? "0" : "1")).match(/[0-9A-Z]/g) ?? [])
    .join("")
    .replace(/(.{4})(?=.)/g, "$1-");
  try {
    const told = await post("code", { code: written });
    say("");
    show(
      "confirm",
      make("h2", {}, text("confirm_link", { login: told.account.login })),
      make("p", {}, text("confirm_link_help", { provider: told.provider })),
      button(text("authorize"), () => link(written), "is-primary"),
      button(text("cancel"), () => home(), "is-quiet"),
    );
  } catch (problem) {
    say(problem.message || text("failed"), "failed");
  }
}

async function link(code) {
  try {
    const { origin } = await about();
    const { key, publicKey } = await newKeys();
    const signature = await sign(key, "link", origin, code, publicKey);
    const told = await post("link", { code, name: nameOfPhone(), public_key: publicKey, signature });
    const account = {
      device: told.device,
      login: told.account.login,
      provider: told.provider,
      origin,
      key,
      codes: await codeKey(told.codes.secret),
      digits: told.codes.digits,
      period: told.codes.period,
    };
    await keepAccount(account);
    await navigator.storage?.persist?.().catch(() => false);
    known = await accounts();
    if (told.backup_codes?.length) backupCodes(told.backup_codes);
    else home();
    say(text("linked", { login: account.login }), "done");
    if (window.Notification?.permission === "granted") subscribe().catch(() => {});
  } catch (problem) {
    say(problem.message || text("failed"), "failed");
  }
}

// Made with a first second factor; nobody can show them again.
function backupCodes(codes) {
  show(
    "codes",
    make("h2", {}, text("backup_codes")),
    make("p", {}, text("backup_codes_help")),
    make("ul", { class: "codes" }, ...codes.map((code) => make("li", {}, make("code", {}, code)))),
    button(text("backup_codes_copy"), () => copy(codes.join("\n")), "is-primary"),
    button(text("backup_codes_stored"), () => home(), ""),
  );
}

function nameOfPhone() {
  const agent = navigator.userAgent;
  const first = (names) => names.find(([pattern]) => pattern.test(agent))?.[1] ?? "";
  const system = first([
    [/iPhone/, "iPhone"], [/iPad/, "iPad"], [/Android/, "Android"], [/Windows/, "Windows"], [/Mac OS/, "Mac"], [/Linux/, "Linux"],
  ]);
  const browser = first([[/Edg/, "Edge"], [/Firefox|FxiOS/, "Firefox"], [/Chrome|CriOS/, "Chrome"], [/Safari/, "Safari"]]);
  return [system, browser].filter(Boolean).join(" · ");
}

// --- a sign-in that waits --------------------------------------------------------------------------------

function question(account, asked) {
  say("");
  const left = make("span", { class: "quiet" });
  const field = make("input", {
    id: "number", name: "number", inputmode: "numeric", pattern: "[0-9]{2}", maxlength: "2", autocomplete: "off", required: true,
  });
  const form = make(
    "form",
    {
      class: "answer",
      onsubmit: (event) => {
        event.preventDefault();
        reply(account, asked, "yes", field.value);
      },
    },
    make("label", { for: "number" }, text("number")),
    field,
    make("button", { class: "button is-primary" }, text("yes")),
    button(text("no"), () => reply(account, asked, "no"), "is-danger"),
  );
  const fact = (label, value) => make("div", {}, make("dt", {}, label), make("dd", {}, value));
  show(
    "question",
    make("h2", {}, text("question")),
    make("p", {}, text("question_account", { login: account.login })),
    make(
      "dl",
      {},
      fact(text("asked_from"), [asked.place, asked.address].filter(Boolean).join(" · ") || text("unknown_place")),
      fact(text("asked_with"), asked.browser || "–"),
      fact(text("asked_at"), new Date(asked.created * 1000).toLocaleString(document.documentElement.lang)),
    ),
    form,
    left,
  );
  const clock = setInterval(async () => {
    const seconds = Math.max(0, Math.round(asked.expires - (await now())));
    left.textContent = text("expires", { seconds });
    if (!seconds) late();
  }, 1000);
  leave = () => clearInterval(clock);
  main.dataset.request = asked.request;
}

function late() {
  home();
  say(text("answer_late"), "waiting");
}

async function reply(account, asked, decision, number) {
  answered.add(asked.request);
  try {
    await answer(account, asked, decision, number);
  } catch (problem) {
    if (problem.code === "authenticator.number_mismatch") {
      home();
      say(text("number_wrong"), "failed");
    } else if (problem.code === "authenticator.request_gone") late();
    else {
      answered.delete(asked.request);
      say(problem.message || text("failed"), "failed");
    }
    return;
  }
  if (decision === "yes") {
    home();
    say(text("yes_done"), "done");
  } else refused(account, asked);
}

function refused(account, asked) {
  show(
    "refused",
    make("h2", {}, text("refused")),
    make("p", {}, text("refused_help")),
    button(text("not_me"), () => disown(account, asked), "is-danger"),
    back(),
  );
}

async function disown(account, asked) {
  try {
    const { guide } = await askSigned(account, "not-me", { request: asked.request });
    show(
      "disowned",
      make("h2", {}, text("not_me")),
      make("p", {}, text("not_me_done")),
      make("a", { class: "button is-primary", href: guide, target: "_blank", rel: "noopener" }, text("not_me_guide")),
      back(),
    );
  } catch (problem) {
    say(problem.message || text("failed"), "failed");
  }
}

// --- asking what there is, while the app is open -----------------------------------------------------------

async function poll() {
  if (document.visibilityState !== "visible" || !navigator.onLine) return;
  for (const account of known) {
    try {
      const told = await state(account);
      if ((paused.get(account.device) ?? 0) !== told.paused_minutes) {
        paused.set(account.device, told.paused_minutes);
        if (open === "home") home();
      }
      const [asked] = told.requests;
      const isShown = open === "question" && main.dataset.request === asked?.request;
      if (asked && !answered.has(asked.request) && !isShown && open !== "refused" && open !== "disowned") question(account, asked);
    } catch (problem) {
      if (problem.isGone) await gone(account);
    }
  }
}

async function gone(account) {
  await forgetAccount(account.device);
  known = await accounts();
  home();
  say(text("gone", { login: account.login }), "waiting");
}

// --- notifications ----------------------------------------------------------------------------------------

function notifying() {
  if (!("PushManager" in window) || !("Notification" in window)) return make("p", { class: "quiet" }, text("push_help"));
  if (Notification.permission === "granted") return null;
  if (Notification.permission === "denied") return make("p", { class: "quiet" }, text("push_refused"));
  const allow = async () => {
    try {
      if ((await Notification.requestPermission()) === "granted") await subscribe();
    } catch {
      say(text("failed"), "failed");
    }
    home();
  };
  return make("div", { class: "notifying" }, button(text("push_allow"), allow), make("p", { class: "quiet" }, text("push_help")));
}

async function subscribe() {
  const registration = await navigator.serviceWorker.ready;
  const { push_key: key } = await about();
  const options = { userVisibleOnly: true, applicationServerKey: fromBase64url(key) };
  const subscription = await registration.pushManager.subscribe(options);
  const { endpoint, keys } = subscription.toJSON();
  for (const account of known) await askSigned(account, "push", { endpoint, p256dh: keys.p256dh, auth: keys.auth });
}

// --- the start ---------------------------------------------------------------------------------------------

document.getElementById("language").addEventListener("change", ({ target }) => {
  const secure = window.location.protocol === "https:" ? "; secure" : "";
  document.cookie = `kanton_language=${target.value}; path=/; max-age=31536000; samesite=lax${secure}`;
  window.location.reload();
});

function linkFromAddress() {
  const code = codeIn(window.location.href);
  if (!code) return false;
  window.history.replaceState(null, "", window.location.pathname);
  look(code);
  return true;
}

async function start() {
  if (!window.indexedDB || !window.crypto?.subtle || !navigator.serviceWorker) {
    say(text("old_browser"), "failed");
    return;
  }
  await keep("texts", words);
  known = await accounts();
  home();
  linkFromAddress();
  window.addEventListener("hashchange", linkFromAddress);
  window.addEventListener("offline", () => say(text("offline"), "waiting"));
  window.addEventListener("online", () => say(""));
  if (!navigator.onLine) say(text("offline"), "waiting");
  document.addEventListener("visibilitychange", poll);
  setInterval(tick, 1000);
  const next = () => poll().finally(() => setTimeout(next, POLL));
  next();
  navigator.serviceWorker.addEventListener("message", async () => {
    known = await accounts();
    if (open === "home") home();
  });
  await navigator.serviceWorker.register(worker, { scope: "/authenticator/" });
  if (known.length && window.Notification?.permission === "granted" && navigator.onLine) subscribe().catch(() => {});
}

start();
