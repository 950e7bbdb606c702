// A form sent with its progress: what fetch() can't report.
import { RequestError, describeAnswer } from "./requests.js";
import { texts } from "./texts.js";

const STALL_MS = 60_000; // nothing more was taken: the connection is dead
const ANSWER_MS = 300_000; // from the last byte: the server reads the recording's head

/**
 * Send a form and return the answer's JSON. Leaving the page meanwhile asks first.
 * Throws RequestError, and an AbortError where `signal` ended it.
 * @param {string} address
 * @param {FormData} body
 * @param {{
 *   bearer?: string,
 *   signal?: AbortSignal,
 *   onProgress?: (loaded: number, total: number) => void,
 *   stallMs?: number,
 *   answerMs?: number,
 * }} [options]
 * @returns {Promise<any>}
 */
export function upload(address, body, options = {}) {
  const { bearer, signal, onProgress, stallMs = STALL_MS, answerMs = ANSWER_MS } = options;
  addEventListener("beforeunload", askBeforeLeaving);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let timer = setTimeout(() => request.abort(), stallMs);
    const expectWithin = (/** @type {number} */ ms) => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), ms);
    };
    const cancel = () => request.abort();
    signal?.addEventListener("abort", cancel, { once: true });
    request.open("POST", address);
    if (bearer) request.setRequestHeader("Authorization", `Bearer ${bearer}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => {
      expectWithin(loaded < total ? stallMs : answerMs);
      onProgress?.(loaded, total);
    };
    request.onload = () => {
      if (request.status < 300 && request.response) resolve(request.response);
      else reject(describeAnswer(request, request.response));
    };
    request.onerror = () => reject(new RequestError(texts.no_connection));
    request.onabort = () =>
      reject(
        signal?.aborted
          ? new DOMException("Cancelled", "AbortError")
          : new RequestError(texts.no_answer),
      );
    request.onloadend = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
      removeEventListener("beforeunload", askBeforeLeaving);
    };
    request.send(body);
    if (signal?.aborted) cancel();
  });
}

/** @param {Event} event */
const askBeforeLeaving = (event) => event.preventDefault();
