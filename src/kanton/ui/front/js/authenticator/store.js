// What the phone keeps: accounts with their keys (which no script can read out), and the words for times without network.
const NAME = "kanton-authenticator";

let opened;

function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("accounts", { keyPath: "device" });
      request.result.createObjectStore("kept", { keyPath: "name" });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function within(store, mode, work) {
  const open = await database();
  return new Promise((resolve, reject) => {
    const transaction = open.transaction(store, mode);
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });
}

export const accounts = () => within("accounts", "readonly", (store) => store.getAll());
export const account = (device) => within("accounts", "readonly", (store) => store.get(device));
export const keepAccount = (value) => within("accounts", "readwrite", (store) => store.put(value));
export const forgetAccount = (device) => within("accounts", "readwrite", (store) => store.delete(device));

export async function kept(name, otherwise) {
  const row = await within("kept", "readonly", (store) => store.get(name));
  return row ? row.value : otherwise;
}

export const keep = (name, value) => within("kept", "readwrite", (store) => store.put({ name, value }));
