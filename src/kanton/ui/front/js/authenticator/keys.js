// Keys that never leave the phone: one signs, one makes codes. Texts and formats: docs/authenticator.md.
const VERSION = "kanton-authenticator/1";
const encoder = new TextEncoder();
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

export function base64url(bytes) {
  const text = String.fromCharCode(...new Uint8Array(bytes));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function fromBase64url(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

export async function newKeys() {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const point = await crypto.subtle.exportKey("raw", pair.publicKey);
  return { key: pair.privateKey, publicKey: base64url(point) };
}

export async function sign(key, ...lines) {
  const text = encoder.encode([VERSION, ...lines].join("\n"));
  return base64url(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, key, text));
}

export async function digest(text) {
  return base64url(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

// The secret comes once and is gone: the key made of it can compute codes, and nothing can read it back.
export function codeKey(secret) {
  let bits = "";
  for (const sign of secret.replaceAll("=", "")) bits += BASE32.indexOf(sign).toString(2).padStart(5, "0");
  const bytes = Uint8Array.from(bits.match(/.{8}/g), (byte) => Number.parseInt(byte, 2));
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-1" }, false, ["sign"]);
}

export async function codeAt(key, seconds, { digits = 6, period = 30 } = {}) {
  const counter = new DataView(new ArrayBuffer(8));
  counter.setBigUint64(0, BigInt(Math.floor(seconds / period)));
  const hash = new DataView(await crypto.subtle.sign("HMAC", key, counter.buffer));
  const start = hash.getUint8(19) & 15;
  return String((hash.getUint32(start) & 0x7fffffff) % 10 ** digits).padStart(digits, "0");
}
