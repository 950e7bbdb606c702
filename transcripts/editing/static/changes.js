// Changing a transcript by the public API: every change names the revision that the page shows
// (If-Match), so that of two editors at once neither overwrites the other.
import { hideError, showError } from "../../pages/static/dom.js";
import { api, list } from "../../pages/static/reader.js";
import {
  RequestError,
  csrfHeader,
  readJson,
  request,
  requestJson,
} from "../../pages/static/requests.js";
import { texts } from "../../pages/static/texts.js";

let revision = Number(list.dataset.revision);
/** @type {Promise<unknown>} */
let queue = Promise.resolve(); // one change after the other
/** @type {((revision: number) => void)[]} */
const listeners = [];
/** @type {Set<() => boolean>} */
const unsaved = new Set(); // open editors: each says whether it was changed

export const currentRevision = () => revision;

/** @param {(revision: number) => void} listener called with each new revision */
export function onRevision(listener) {
  listeners.push(listener);
}

/**
 * Send a change; return the answer's body. Shows what went wrong and throws ShownError. Not tried
 * again by itself: without an answer no one knows whether it was made, and the next one's If-Match
 * finds out.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{timeoutMs?: number}} [options]
 */
export function send(method, path, body, options) {
  const sent = queue.then(() => sendNow(method, path, body, options));
  queue = sent.catch(() => {});
  return sent;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {{timeoutMs?: number}} [options]
 */
async function sendNow(method, path, body, options) {
  hideError();
  try {
    const answer = await request(api + path, {
      ...options,
      method,
      headers: {
        ...csrfHeader(),
        "If-Match": `"${revision}"`,
        "Content-Type": "application/json",
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const result = await readJson(answer);
    revision = Number(answer.headers.get("ETag")?.match(/\d+/)?.[0] ?? revision);
    for (const listener of listeners) listener(revision);
    return result;
  } catch (problem) {
    throw show(problem);
  }
}

/**
 * Return what is at a path below the transcript. Shows what went wrong and throws ShownError.
 * @param {string} path
 */
export async function read(path) {
  try {
    return await requestJson(api + path);
  } catch (problem) {
    throw show(problem);
  }
}

/** @param {unknown} problem */
function show(problem) {
  if (!(problem instanceof RequestError)) return problem;
  const isConflict = problem.status === 412;
  return showError(isConflict ? texts.changed : problem.message, {
    canReload: isConflict || problem.status === 401,
  });
}

/**
 * Ask before the page is left while `isChanged()`; return what ends that.
 * @param {() => boolean} isChanged
 */
export function guard(isChanged) {
  unsaved.add(isChanged);
  return () => unsaved.delete(isChanged);
}

addEventListener("beforeunload", (event) => {
  if ([...unsaved].some((isChanged) => isChanged())) event.preventDefault();
});
