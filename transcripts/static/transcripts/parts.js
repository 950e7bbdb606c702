// A long text comes in parts: the next is added when its link comes near, or when the player gets there.
// Without a script, the link leads to a page of its own.

const list = document.querySelector(".turns");
const link = document.getElementById("more");
const listeners = []; // called with the lines that were added
let loading = null;

export const hasMore = () => Boolean(link?.isConnected);
export const onPart = (listener) => listeners.push(listener);

/** Adds the next part, if there is one; resolves when it is there. */
export function loadPart() {
  if (!hasMore()) return Promise.resolve();
  loading ??= addPart().finally(() => { loading = null; });
  return loading;
}

async function addPart() {
  const address = new URL(link.href);
  const before = Number(list.dataset.first) + list.querySelectorAll(":scope > :not(.gap)").length;
  address.searchParams.set("line", before); // edits have made the lines more or fewer
  const answer = await fetch(address).catch(() => null); // no connection: the link stays
  if (!answer?.ok) return watcher.disconnect();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const part = page.querySelector(".turns");
  // Edited elsewhere: these lines don't continue ours. A click opens them by themselves.
  if (part?.dataset.revision !== list.dataset.revision) return watcher.disconnect();
  const added = [...part.children];
  list.append(...added);
  const next = page.getElementById("more");
  if (next) link.href = next.href; else link.remove();
  for (const listener of listeners) listener(added);
  watcher.unobserve(link); // looked at again: it may still be near
  if (next) watcher.observe(link);
}

/** A link to a line may lead to one that is further down. */
async function findTarget() {
  const id = decodeURIComponent(location.hash.slice(1));
  if (!id || document.getElementById(id)) return;
  while (hasMore() && !document.getElementById(id)) {
    const count = list.children.length;
    await loadPart();
    if (list.children.length === count) return;
  }
  document.getElementById(id)?.scrollIntoView({ block: "center" });
}

const watcher = new IntersectionObserver((seen) => {
  if (seen.some((each) => each.isIntersecting)) loadPart();
}, { rootMargin: "1500px" });
if (link) {
  watcher.observe(link);
  findTarget();
}
