// Word times that come after an edit was answered: followed until no edit waits for its own.
import { api } from "./reader.js";

const RETRY_WAITS_MS = [2000, 5000, 15_000, 60_000];

/** @type {EventSource | null} */
let stream = null;
let retryTimer = 0;
let first = 0; // the revision after which edits are followed

/**
 * Call `show(segment)` for each segment whose edited words are found in the recording. Lost
 * connections are opened again by the browser; refusals (503, while the server restarts) are tried
 * again here, RETRY_WAITS_MS. After these the times on this page stay estimates.
 * @param {number} since
 * @param {(segment: import("./types.js").Segment) => void} show
 */
export function followWordTimes(since, show) {
  // An open stream may be about to end: a new one takes over what it followed.
  first = stream ? Math.min(first, since) : since;
  close();
  open(show, 0);
}

/**
 * @param {(segment: import("./types.js").Segment) => void} show
 * @param {number} tries
 */
function open(show, tries) {
  const own = new EventSource(`${api}events/?edits_since=${first}`);
  stream = own;
  own.addEventListener("open", () => (tries = 0));
  own.addEventListener("words", (event) => show(JSON.parse(event.data).segment));
  own.addEventListener("aligned", () => {
    if (stream === own) close();
  });
  own.addEventListener("error", () => {
    if (stream !== own || own.readyState !== EventSource.CLOSED) return;
    const waitMs = RETRY_WAITS_MS[tries];
    if (waitMs === undefined) close();
    else retryTimer = Number(setTimeout(() => open(show, tries + 1), waitMs));
  });
}

function close() {
  clearTimeout(retryTimer);
  stream?.close();
  stream = null;
}
