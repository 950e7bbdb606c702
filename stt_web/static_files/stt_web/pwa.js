// Registers the service worker, and hands files that another app shared to the page's upload field.
const SHARED = "shared";

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/service-worker.js");

/** @returns {Promise<File[]>} the shared files, which are stored no more */
async function takeShared() {
  const cache = await caches.open(SHARED);
  const files = [];
  for (const request of await cache.keys()) {
    const answer = await cache.match(request);
    await cache.delete(request);
    if (!answer) continue;
    const name = decodeURIComponent(answer.headers.get("X-File-Name") ?? "recording");
    files.push(
      new File([await answer.blob()], name, { type: answer.headers.get("Content-Type") ?? "" }),
    );
  }
  return files;
}

const field = document.querySelector("input[type=file]#file");
if (location.search === "?shared=1" && field instanceof HTMLInputElement) {
  history.replaceState(null, "", location.pathname);
  const files = await takeShared();
  const transfer = new DataTransfer();
  for (const file of field.multiple ? files : files.slice(0, 1)) transfer.items.add(file);
  if (files.length) {
    field.files = transfer.files;
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }
}
