// Requests to our own server: each ends within its time, and fails with a sentence to show.
import { fill, texts } from "./texts.js";

const TIMEOUT_MS = 60_000;
const TICKET_TIMEOUT_MS = 20_000;
const LONGEST_RETRY_AFTER_MS = 60_000; // longer, and a person decides
const PASSING_STATUSES = [408, 425, 429, 502, 503, 504];

/** A request that failed. `status`: 0 where no answer came. `code`: the API's. */
export class RequestError extends Error {
  /**
   * @param {string} message
   * @param {{status?: number, code?: string, retryAfterMs?: number}} [known]
   */
  constructor(message, { status = 0, code = "", retryAfterMs = 0 } = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same request may succeed in a while; `Retry-After` says so of any status. */
  get isPassing() {
    if (this.retryAfterMs) return this.retryAfterMs <= LONGEST_RETRY_AFTER_MS;
    return this.status === 0 || PASSING_STATUSES.includes(this.status);
  }
}

/** @typedef {RequestInit & {timeoutMs?: number}} RequestOptions */

/**
 * Return the answer if it is a success (2xx). `timeoutMs`: until its head is here.
 * Throws RequestError, and an AbortError where the caller's `signal` ended it.
 * @param {string} address
 * @param {RequestOptions} [options]
 * @returns {Promise<Response>}
 */
export async function request(address, { timeoutMs = TIMEOUT_MS, signal, ...options } = {}) {
  const controller = new AbortController();
  const abort = () => controller.abort();
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true }); // stays on: it ends the body, too
  const timer = setTimeout(abort, timeoutMs);
  let answer;
  try {
    answer = await fetch(address, { ...options, signal: controller.signal });
  } catch (problem) {
    if (signal?.aborted) throw problem;
    throw new RequestError(controller.signal.aborted ? texts.no_answer : texts.no_connection);
  } finally {
    clearTimeout(timer);
  }
  if (!answer.ok) throw describeAnswer(answer, await answer.json().catch(() => null));
  return answer;
}

/**
 * The body of a successful answer; null where there is none (204).
 * @param {string} address
 * @param {RequestOptions} [options]
 */
export async function requestJson(address, options) {
  return readJson(await request(address, options));
}

/**
 * Throws RequestError where the connection breaks, or the body isn't what the API writes.
 * @param {Response} answer
 */
export async function readJson(answer) {
  if (answer.status === 204) return null;
  try {
    return await answer.json();
  } catch {
    throw new RequestError(texts.no_connection);
  }
}

/**
 * What an answer that is no success means.
 * @param {{status: number, headers?: Headers}} answer
 * @param {{error?: string, code?: string} | null} body null: not JSON, so not from the API
 */
export function describeAnswer({ status, headers }, body) {
  const retryAfterMs = 1000 * (Number(headers?.get("Retry-After")) || 0);
  return new RequestError(describe(status, body), { status, code: body?.code, retryAfterMs });
}

/**
 * @param {number} status
 * @param {{error?: string, code?: string} | null} body
 */
function describe(status, body) {
  if (status === 401) return texts.logged_out;
  const known = texts.refusals?.[body?.code ?? ""]; // in the page's language, if that isn't English
  if (known) return fill(known, { reason: body?.error ?? "" });
  return body?.error ?? fill(texts.server_error, { status });
}

/** The header that lets the session's cookie change something. */
export function csrfHeader() {
  const field = /** @type {HTMLInputElement | null} */ (
    document.querySelector("[name=csrfmiddlewaretoken]")
  );
  return { "X-CSRFToken": field?.value ?? "" };
}

/**
 * Return a ticket: a short-lived credential for /v1/ of the account that is logged in.
 * Throws RequestError; with the code `logged_out` where no one is.
 * @param {string} address
 * @returns {Promise<string>}
 */
export async function fetchTicket(address) {
  try {
    const options = { method: "POST", headers: csrfHeader(), timeoutMs: TICKET_TIMEOUT_MS };
    return (await requestJson(address, options)).ticket;
  } catch (problem) {
    if (!(problem instanceof RequestError) || ![401, 403].includes(problem.status)) throw problem;
    throw new RequestError(texts.logged_out, { status: problem.status, code: "logged_out" });
  }
}

/** @typedef {{id: string, token?: string}} TranscriptHandle without a token the session counts */

/**
 * Call the API about one transcript.
 * @param {TranscriptHandle} transcript
 * @param {string} path
 * @param {RequestOptions} [options]
 */
export function callTranscript({ id, token }, path, options = {}) {
  const credential = token ? { Authorization: `Bearer ${token}` } : csrfHeader();
  const headers = { ...options.headers, ...credential };
  return request(`/api/v1/transcripts/${id}/${path}`, { ...options, headers });
}

/**
 * Wait; ends early, with an AbortError, by `signal`.
 * @param {number} ms
 * @param {AbortSignal} [signal]
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      reject(new DOMException("Cancelled", "AbortError"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, ms);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
  });
}

/**
 * Run an action again while its failure is a passing one, as often as there are waits.
 * @template Result
 * @param {() => Promise<Result>} act
 * @param {{waitsMs: number[], signal?: AbortSignal}} options
 * @returns {Promise<Result>}
 */
export async function withRetries(act, { waitsMs, signal }) {
  for (const waitMs of waitsMs)
    try {
      return await act();
    } catch (problem) {
      if (!(problem instanceof RequestError) || !problem.isPassing) throw problem;
      await pause(Math.max(waitMs, problem.retryAfterMs), signal);
    }
  return act();
}
