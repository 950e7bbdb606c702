// Files made of a transcript: at once, or by a worker, which is waited for.
import {
  RequestError,
  pause,
  readJson,
  request,
  withRetries,
} from "../../pages/static/requests.js";
import { texts } from "../../pages/static/texts.js";

const PATIENCE_MS = 600_000; // a worker takes seconds; longer, and none is working
const POLL_MS = 2000;
const WAITS_MS = [1000, 2000, 4000];

/**
 * Return the file; while a worker makes it (202), ask again as often as the server says, and call
 * `onPreparing` with the answer. Throws RequestError, and an AbortError by `signal`.
 * @param {string} address
 * @param {RequestInit & {
 *   signal?: AbortSignal,
 *   patienceMs?: number,
 *   waitsMs?: number[],
 *   onPreparing?: (answer: {status: string, progress?: number}) => void,
 * }} [options]
 */
export async function fetchExport(address, options = {}) {
  const { patienceMs = PATIENCE_MS, waitsMs = WAITS_MS, onPreparing, ...init } = options;
  const end = Date.now() + patienceMs;
  for (;;) {
    const ask = () => request(address, init);
    const answer = await withRetries(ask, { waitsMs, signal: init.signal });
    if (answer.status !== 202) return readBody(answer);
    if (Date.now() >= end) throw new RequestError(texts.export_too_slow);
    if (onPreparing) onPreparing(await readJson(answer));
    const waitMs = 1000 * Number(answer.headers.get("Retry-After")) || POLL_MS;
    await pause(waitMs, init.signal);
  }
}

/** @param {Response} answer */
async function readBody(answer) {
  try {
    return await answer.blob();
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === "AbortError") throw problem;
    throw new RequestError(texts.no_connection);
  }
}

/**
 * Have the browser save a file.
 * @param {Blob} content
 * @param {string} name
 */
export function saveFile(content, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
