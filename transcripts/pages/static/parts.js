// Further parts of a long text: read when the last line comes into sight or is played, and, of texts
// that are not very long, as soon as the browser has nothing else to do.
import { request } from "./requests.js";
import { list } from "./segments.js";

const AT_ONCE = 6000; // lines that are read without being asked for
/** @type {(() => void)[]} */
const listeners = [];
/** @type {Promise<boolean> | null} */
let loading = null;

/** @param {() => void} listener called when lines were added */
export function onPart(listener) {
  listeners.push(listener);
}

const nextLink = () =>
  /** @type {HTMLAnchorElement | null} */ (document.getElementById("more-lines"));

export function startParts() {
  const link = nextLink();
  if (!link) return;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    loadRest();
  });
  if ("IntersectionObserver" in globalThis)
    new IntersectionObserver((seen) => {
      if (seen.some(({ isIntersecting }) => isIntersecting)) loadRest();
    }).observe(link);
  const idle =
    globalThis.requestIdleCallback ?? ((/** @type {() => void} */ act) => setTimeout(act, 500));
  if (list.getElementsByClassName("segment").length < AT_ONCE) idle(() => loadRest());
}

/** Add the next part, if there is one; resolves to whether lines were added. A failure leaves the link,
 * which can be followed. */
export function loadRest() {
  loading ??= loadNext().finally(() => (loading = null));
  return loading;
}

async function loadNext() {
  const link = nextLink();
  if (!link) return false;
  let page;
  try {
    const answer = await request(link.href);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    return false;
  }
  const known = new Set([...list.querySelectorAll("li")].map(({ id }) => id));
  for (const block of page.querySelectorAll("#segments > .block")) {
    // Lines may have moved between two parts while this one was open.
    for (const item of [...block.children]) if (known.has(item.id)) item.remove();
    list.append(document.adoptNode(block));
  }
  const next = page.getElementById("more-lines");
  if (next instanceof HTMLAnchorElement) link.href = next.getAttribute("href") ?? "";
  else link.parentElement?.remove();
  for (const listener of listeners) listener();
  return true;
}
