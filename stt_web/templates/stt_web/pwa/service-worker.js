// The shell only: an offline page with its style, and files that other apps share. No page, answer,
// text or recording of an account is ever stored here.
const SHELL = "shell-{{ version }}";
const SHARED = "shared";
const OFFLINE = "/offline/";
const FILES = "{{ files }}".split(" ");

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll([OFFLINE, ...FILES])));
  self.skipWaiting();
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => ![SHELL, SHARED].includes(name)))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "POST" && new URL(request.url).pathname === "/share/")
    event.respondWith(keepShared(request));
  else if (request.mode === "navigate" && request.method === "GET")
    event.respondWith(fetch(request).catch(() => caches.match(OFFLINE)));
  else if (FILES.includes(new URL(request.url).pathname))
    event.respondWith(fetch(request).catch(() => caches.match(request, { ignoreSearch: true })));
});

// The files wait for the page, which takes them and deletes them (pwa.js).
async function keepShared(request) {
  const form = await request.formData();
  const cache = await caches.open(SHARED);
  for (const [index, file] of form.getAll("file").entries()) {
    const headers = { "Content-Type": file.type, "X-File-Name": encodeURIComponent(file.name) };
    await cache.put(`/share/${index}`, new Response(file, { headers }));
  }
  return Response.redirect("/?shared=1", 303);
}
