// Passkeys and security keys: a form with data-passkey asks the browser first and is then sent with its answer.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));

function text(buffer) {
  if (!buffer) return undefined;
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function readable(options) {
  const described = (list) => list?.map((one) => ({ ...one, id: bytes(one.id) }));
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.allowCredentials && { allowCredentials: described(options.allowCredentials) }),
    ...(options.excludeCredentials && { excludeCredentials: described(options.excludeCredentials) }),
  };
}

function written(credential) {
  const { response } = credential;
  const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
    response: {
      ...Object.fromEntries(parts.filter((part) => response[part]).map((part) => [part, text(response[part])])),
      ...(response.getTransports && { transports: response.getTransports() }),
    },
  });
}

let waiting;

async function ask(form, more = {}) {
  waiting?.abort();
  waiting = new AbortController();
  const request = { publicKey: readable(JSON.parse(form.dataset.options)), signal: waiting.signal, ...more };
  const credential = await navigator.credentials[form.dataset.passkey](request);
  waiting = undefined;
  if (!credential) throw new Error("no credential");
  form.elements.credential.value = written(credential);
  form.requestSubmit();
}

// The list under the address field of the sign-in page offers passkeys, where the browser can.
async function offer(form) {
  const can = await PublicKeyCredential.isConditionalMediationAvailable?.();
  if (can) await ask(form, { mediation: "conditional" }).catch(() => {});
}

export function startPasskeys() {
  const forms = document.querySelectorAll("form[data-passkey]");
  const can = Boolean(window.PublicKeyCredential && navigator.credentials);
  for (const form of forms) {
    const note = (name) => form.querySelector(`[${name}]`);
    if (!can) {
      const missing = note("data-passkey-missing");
      if (missing) missing.hidden = false;
      continue;
    }
    form.hidden = false;
    form.addEventListener(
      "submit",
      (event) => {
        if (form.elements.credential.value) return;
        event.preventDefault();
        event.stopImmediatePropagation();
        const failed = note("data-passkey-failed");
        failed.hidden = true;
        ask(form).catch((error) => {
          if (error.name !== "AbortError") failed.hidden = false;
        });
      },
      { capture: true },
    );
    if ("conditional" in form.dataset) offer(form);
  }
  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => print());
  }
}
