// What happens to this page's transcript, as the server tells it: one stream for all who listen. The
// browser opens a lost one again; one that was refused is opened again here.
import { list } from "./segments.js";

const NAMES = /** @type {const} */ (["edited", "words", "comments", "work"]);
const RETRY_WAITS_MS = [2000, 5000, 15_000, 60_000];
/** @type {Map<string, any>} */
const last = new Map(); // of each name, for who listens later
/** @type {[name: string, listener: (data: any) => void][]} */
const listeners = [];
let since = () => Number(list.dataset.revision);
let isOpen = false;

/**
 * @param {(typeof NAMES)[number]} name
 * @param {(data: any) => void} listener `comments` and `work` come at once, too: how it is now
 */
export function onEvent(name, listener) {
  listeners.push([name, listener]);
  if (last.has(name)) listener(last.get(name));
  if (!isOpen) open(0);
}

/** @param {() => number} seen the revision up to which the page has the edits */
export function followSince(seen) {
  since = seen;
}

/** @param {number} tries */
function open(tries) {
  isOpen = true;
  const address = `/api/v1/transcripts/${list.dataset.transcript}/events/`;
  const stream = new EventSource(`${address}?edits_since=${since()}&lasting=true`);
  let failed = tries;
  stream.addEventListener("open", () => (failed = 0));
  for (const name of NAMES)
    stream.addEventListener(name, (event) => {
      const data = JSON.parse(/** @type {MessageEvent} */ (event).data);
      if (name === "comments" || name === "work") last.set(name, data);
      for (const [wanted, listener] of listeners) if (wanted === name) listener(data);
    });
  stream.addEventListener("error", () => {
    if (stream.readyState !== EventSource.CLOSED) return;
    const waitMs = RETRY_WAITS_MS[Math.min(failed, RETRY_WAITS_MS.length - 1)];
    setTimeout(() => open(failed + 1), waitMs);
  });
}
