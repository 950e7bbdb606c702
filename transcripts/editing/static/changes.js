// Changing a transcript by the public API: every change names a revision that the page shows
// (If-Match), so that of two editors at once neither overwrites the other.
import { hideError, showError } from "../../pages/static/dom.js";
import { api } from "../../pages/static/reader.js";
import {
  RequestError,
  csrfHeader,
  readJson,
  request,
  requestJson,
} from "../../pages/static/requests.js";
import { list } from "../../pages/static/segments.js";
import { texts } from "../../pages/static/texts.js";

let seen = Number(list.dataset.revision); // what was changed up to it is on the page
let latest = seen;
let text = Number(list.dataset.textRevision ?? 0); // the last revision that changed what is said
/** @type {Set<number>} */
const own = new Set(); // revisions that this window made, above `seen`
/** @type {Map<string, number>} */
const ownByLine = new Map(); // line → the last revision of it that this window made
/** @type {Promise<unknown>} */
let queue = Promise.resolve(); // one change after the other
/** @type {((revision: number) => void)[]} */
const listeners = [];
/** @type {Set<() => boolean>} */
const unsaved = new Set(); // open editors: each says whether it was changed
let beforeSending = async () => {};
let catchUp = async () => {};

export const currentRevision = () => latest;
export const seenRevision = () => seen;
/** What was made of the text before this revision is out of date. */
export const textRevision = () => text;

/** @param {number | undefined} revision of an answer, before it is noted */
export function noteText(revision) {
  text = Math.max(text, revision ?? 0);
}

/** The revision on which a change of these lines builds. @param {string[]} lines */
export const baseOf = (lines) => Math.max(seen, ...lines.map((line) => ownByLine.get(line) ?? 0));

/**
 * Whether all from what was seen up to this revision is this window's own.
 * @param {number} revision
 */
export function isOwn(revision) {
  for (let each = seen + 1; each <= revision; each++) if (!own.has(each)) return false;
  return true;
}

/** @param {(revision: number) => void} listener called with each new revision */
export function onRevision(listener) {
  listeners.push(listener);
}

/**
 * This window's own change was answered.
 * @param {number} revision
 * @param {string[]} lines
 */
export function noteOwn(revision, lines) {
  if (revision > seen) own.add(revision);
  for (const line of lines) ownByLine.set(line, revision);
  while (own.delete(seen + 1)) seen += 1;
  noteLatest(revision);
}

/** All up to this revision is on the page. @param {number} revision */
export function noteSeen(revision) {
  if (revision <= seen) return;
  seen = revision;
  for (const each of own) if (each <= seen) own.delete(each);
  while (own.delete(seen + 1)) seen += 1;
  noteLatest(revision);
}

/** @param {number} revision */
function noteLatest(revision) {
  if (revision <= latest) return;
  latest = revision;
  for (const listener of listeners) listener(revision);
  document.dispatchEvent?.(new CustomEvent("stt:edited"));
}

/**
 * @param {() => Promise<void>} save what was typed is sent before any other change
 * @param {() => Promise<void>} learn the page gets what others changed
 */
export function connect(save, learn) {
  beforeSending = save;
  catchUp = learn;
}

/**
 * Send a change; return the answer's body. Shows what went wrong and throws ShownError. Not tried
 * again by itself: without an answer no one knows whether it was made, and the next one's If-Match
 * finds out.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{timeoutMs?: number, ifMatch?: number}} [options]
 */
export function send(method, path, body, options) {
  const sent = queue.then(async () => {
    await beforeSending();
    return sendNow(method, path, body, options);
  });
  queue = sent.catch(() => {});
  return sent;
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {{timeoutMs?: number, ifMatch?: number}} [options]
 */
async function sendNow(method, path, body, { ifMatch = seen, ...options } = {}) {
  hideError();
  try {
    const answer = await requestChange(method, path, body, { ...options, ifMatch });
    noteOwn(
      answer.revision,
      (answer.segments ?? []).map((/** @type {any} */ { id }) => id),
    );
    return answer;
  } catch (problem) {
    if (problem instanceof RequestError && problem.status === 412) await catchUp();
    throw show(problem);
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} body
 * @param {{timeoutMs?: number, ifMatch: number}} options
 */
export async function requestChange(method, path, body, { ifMatch, ...options }) {
  const answer = await request(api + path, {
    ...options,
    method,
    headers: {
      ...csrfHeader(),
      "If-Match": `"${ifMatch}"`,
      "Content-Type": "application/json",
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const result = await readJson(answer);
  noteText(result?.text_revision);
  const revision = Number(answer.headers.get("ETag")?.match(/\d+/)?.[0] ?? latest);
  return { ...result, revision };
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
    canReload: problem.status === 401,
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
