// Asking the server. No cookies: what a device says, it signs.
import { digest, sign } from "./keys.js";
import { keep, kept } from "./store.js";

const API = "/authenticator/api/1/";

export class Refusal extends Error {
  constructor(status, told) {
    super(told.message || "");
    this.status = status;
    this.code = told.code || "";
  }

  get isGone() {
    return this.code === "authenticator.removed" || this.code === "authenticator.unknown_device";
  }
}

// The phone's clock may be off: ours is the server's, as far as we have heard of it.
let shift;

export async function now() {
  shift ??= await kept("shift", 0);
  return Date.now() / 1000 + shift;
}

async function heard(serverTime) {
  if (!serverTime) return;
  const found = serverTime - Date.now() / 1000;
  if (shift === undefined || Math.abs(found - shift) > 2) {
    shift = Math.abs(found) > 2 ? found : 0;
    await keep("shift", shift);
  }
}

async function ask(path, { method = "GET", body, headers = {} } = {}) {
  const answer = await fetch(API + path, {
    method,
    body,
    headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
    credentials: "omit",
    cache: "no-store",
  });
  const told = await answer.json().catch(() => ({}));
  await heard(told.server_time);
  if (!answer.ok) throw new Refusal(answer.status, told);
  return told;
}

export async function askSigned(account, path, sent, { again = true } = {}) {
  const method = sent === undefined ? "GET" : "POST";
  const body = sent === undefined ? undefined : JSON.stringify(sent);
  const time = String(Math.floor(await now()));
  const hash = await digest(body ?? "");
  const signature = await sign(account.key, "request", account.origin, account.device, method, API + path, time, hash);
  const headers = { Authorization: `Kanton-Device ${account.device}.${time}.${signature}` };
  try {
    return await ask(path, { method, body, headers });
  } catch (refusal) {
    // The answer has told the right time.
    if (again && refusal.code === "authenticator.clock_wrong") return askSigned(account, path, sent, { again: false });
    throw refusal;
  }
}

export const about = () => ask("about");
export const post = (path, sent) => ask(path, { method: "POST", body: JSON.stringify(sent) });
export const state = (account) => askSigned(account, "state");

export async function answer(account, asked, decision, number = "-") {
  const lines = ["answer", account.origin, account.device, asked.request, decision, number, String(asked.expires)];
  const signature = await sign(account.key, ...lines);
  return post("answer", { device: account.device, request: asked.request, decision, number, signature });
}
