// One file to /v1/uploads by tus 1.0 (tus-js-client): cut at any byte, it goes on from there.
import { RequestError, describeAnswer, fetchTicket, request } from "../../pages/static/requests.js";
import { texts } from "../../pages/static/texts.js";

export const ENDPOINT = "/v1/uploads";
const PART_TYPE = "application/offset+octet-stream";
const RETRY_WAITS_MS = [0, 1000, 3000, 5000, 10_000, 20_000, 30_000, 60_000, 60_000, 120_000];
const PASSING = [0, 408, 409, 423, 425, 429, 460, 500, 502, 503, 504];
const LASTING = ["queue_full", "anonymous_limit", "concurrency_limit"];
const STALL_MS = 45_000; // nothing more was taken: the line is dead
const TICKET_MS = 40_000; // it is good for a minute

/** @type {Promise<any> | null} */
let loading = null;

/** @returns {Promise<any>} tus-js-client, loaded with the first upload */
function loadClient() {
  const address = new URL("../../../vendor/tus-js-client/tus.min.js", import.meta.url).href;
  loading ??= import(address).then(() => /** @type {any} */ (window).tus);
  return loading;
}

/** Tickets for /v1/, one as long as it is good. */
export class Tickets {
  /** @param {string} address */
  constructor(address) {
    this.address = address;
    /** @type {Promise<string> | null} */
    this.ticket = null;
    this.madeAt = -Infinity;
  }

  /** @param {string} [_method] */
  get(_method) {
    if (this.ticket && Date.now() - this.madeAt < TICKET_MS) return this.ticket;
    this.madeAt = Date.now();
    this.ticket = fetchTicket(this.address);
    this.ticket.catch(() => (this.madeAt = -Infinity)); // the next one asks again
    return this.ticket;
  }
}

/** What a guest has in place of tickets: nothing to begin an upload, then the token that it got. */
export class GuestToken {
  constructor(token = "") {
    this.token = token;
  }

  /** @param {string} [method] */
  async get(method) {
    return method === "POST" ? "" : this.token;
  }
}

/** @typedef {Tickets | GuestToken} Credential */

/**
 * Send a file; return its transcript's id. Throws RequestError, and an AbortError by `signal`.
 * @param {File | Blob} file
 * @param {{
 *   tickets: Credential,
 *   uploadUrl: string,
 *   metadata: Record<string, string>,
 *   onCreated: (url: string) => void,
 *   onProgress: (sent: number) => void,
 *   signal: AbortSignal,
 * }} options `uploadUrl`: of an upload that was begun before
 * @returns {Promise<string>}
 */
export async function sendFile(file, options) {
  const { tickets, uploadUrl, metadata, onCreated, onProgress, signal } = options;
  const tus = await loadClient();
  let transcriptId = "";
  let moved = Date.now();
  /** @type {any} */
  let upload = null;
  const ended = new Promise((resolve, reject) => {
    upload = new tus.Upload(file, {
      endpoint: ENDPOINT,
      uploadUrl: uploadUrl || null,
      metadata,
      retryDelays: RETRY_WAITS_MS,
      storeFingerprintForResuming: false,
      onUploadUrlAvailable: () => onCreated(new URL(upload.url, location.href).pathname),
      onBeforeRequest: async (/** @type {any} */ sent) => {
        const bearer = await tickets.get(sent.getMethod());
        if (bearer) sent.setHeader("Authorization", `Bearer ${bearer}`);
      },
      onAfterResponse: (/** @type {any} */ _sent, /** @type {any} */ answer) => {
        const token = answer.getHeader("X-Transcript-Token");
        if (token && tickets instanceof GuestToken) tickets.token = token;
        transcriptId = answer.getHeader("X-Transcript-Id") || transcriptId;
      },
      onShouldRetry: (/** @type {any} */ problem) => isPassing(problem),
      onProgress: (/** @type {number} */ sent) => {
        moved = Date.now();
        onProgress(sent);
      },
      onSuccess: resolve,
      onError: reject,
    });
  });
  const watch = setInterval(() => {
    if (Date.now() - moved < STALL_MS) return;
    moved = Date.now();
    upload.abort().then(() => upload.start());
  }, 5000);
  const stop = () => upload.abort();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    upload.start();
    await Promise.race([ended, abortOf(signal)]);
  } catch (problem) {
    if (signal.aborted) throw problem;
    throw describe(problem);
  } finally {
    clearInterval(watch);
    signal.removeEventListener("abort", stop);
  }
  const path = new URL(upload.url, location.href).pathname;
  return transcriptId || endUpload(path, file.size, { tickets, signal });
}

/**
 * Send a part of a recording; return how much of it is there now. Throws RequestError.
 * @param {string} url
 * @param {number} offset
 * @param {Blob} part
 * @param {{tickets: Credential, signal?: AbortSignal}} options
 */
export async function sendPart(url, offset, part, { tickets, signal }) {
  const answer = await request(url, {
    method: "PATCH",
    headers: await tusHeaders(tickets, { "Content-Type": PART_TYPE, "Upload-Offset": `${offset}` }),
    body: part,
    signal,
  });
  return Number(answer.headers.get("Upload-Offset"));
}

/**
 * Begin an upload whose length comes at its end; return its address.
 * @param {Record<string, string>} metadata
 * @param {{tickets: Credential, signal?: AbortSignal}} options
 */
export async function beginRecording(metadata, { tickets, signal }) {
  const pairs = Object.entries(metadata).map(([name, value]) => `${name} ${encode(value)}`);
  const headers = { "Upload-Defer-Length": "1", "Upload-Metadata": pairs.join(",") };
  const answer = await request(ENDPOINT, {
    method: "POST",
    headers: await tusHeaders(tickets, headers),
    signal,
  });
  return new URL(answer.headers.get("Location") ?? "", location.href).pathname;
}

/**
 * Say that an upload ends at `length`, all of which is there; return its transcript's id.
 * @param {string} url
 * @param {number} length
 * @param {{tickets: Credential, signal?: AbortSignal}} options
 */
export async function endUpload(url, length, { tickets, signal }) {
  const headers = {
    "Content-Type": PART_TYPE,
    "Upload-Offset": `${length}`,
    "Upload-Length": `${length}`,
  };
  const answer = await request(url, {
    method: "PATCH",
    headers: await tusHeaders(tickets, headers),
    signal,
    timeoutMs: 300_000, // the server reads the recording's head
  });
  return answer.headers.get("X-Transcript-Id") ?? "";
}

/**
 * How much of an upload is there. Throws RequestError.
 * @param {string} url
 * @param {{tickets: Credential, signal?: AbortSignal}} options
 */
export async function readOffset(url, { tickets, signal }) {
  const answer = await request(url, {
    method: "HEAD",
    headers: await tusHeaders(tickets, {}),
    signal,
  });
  return Number(answer.headers.get("Upload-Offset"));
}

/**
 * @param {string} url
 * @param {Credential} tickets
 */
export async function deleteUpload(url, tickets) {
  await request(url, { method: "DELETE", headers: await tusHeaders(tickets, {}) });
}

/**
 * @param {Credential} tickets
 * @param {Record<string, string>} headers
 */
async function tusHeaders(tickets, headers) {
  const bearer = await tickets.get();
  return { "Tus-Resumable": "1.0.0", Authorization: `Bearer ${bearer}`, ...headers };
}

/** @param {any} problem */
function isPassing(problem) {
  const status = problem.originalResponse?.getStatus() ?? 0;
  if (status === 429 || status === 503) return !LASTING.includes(codeOf(problem));
  return PASSING.includes(status);
}

/** @param {any} problem */
function codeOf(problem) {
  try {
    return JSON.parse(problem.originalResponse.getBody()).code;
  } catch {
    return "";
  }
}

/** @param {any} problem what tus-js-client reports, or an error of ours on the way */
function describe(problem) {
  if (problem instanceof RequestError) return problem;
  if (problem.causingError instanceof RequestError) return problem.causingError;
  const answer = problem.originalResponse;
  if (!answer) return new RequestError(texts.no_connection);
  let body = null;
  try {
    body = JSON.parse(answer.getBody());
  } catch {
    // not from the API
  }
  return describeAnswer({ status: answer.getStatus() }, body);
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<never>}
 */
const abortOf = (signal) =>
  new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new DOMException("Cancelled", "AbortError")), {
      once: true,
    });
  });

/** Base64 of UTF-8. @param {string} text */
const encode = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
