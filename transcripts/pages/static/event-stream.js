// Server-sent events over fetch, which can carry a key in a header: read, and followed through lost
// connections.
import { RequestError, pause } from "./requests.js";
import { texts } from "./texts.js";

const SILENCE_MS = 45_000; // the server sends something every 15 s
const MAX_TRIES = 30; // in a row, without any event
const RETRY_MS = 1000;

/** @typedef {{id: string, name: string, data: any}} StreamEvent */

/**
 * Follow a stream until `handle` returns true. A lost connection is opened again, from the last
 * event on. Throws RequestError where the server refuses for good, or stays away for MAX_TRIES, and
 * an AbortError by `signal`.
 * @param {(headers: Record<string, string>) => Promise<Response>} open
 * @param {{
 *   handle: (event: StreamEvent) => boolean,
 *   onLost: () => void,
 *   signal: AbortSignal,
 *   silenceMs?: number,
 *   retryMs?: number,
 *   maxTries?: number,
 * }} options
 */
export async function followEvents(open, options) {
  const { handle, onLost, signal, silenceMs, retryMs = RETRY_MS, maxTries = MAX_TRIES } = options;
  let lastId = "";
  for (let tries = 0; tries < maxTries; tries++) {
    try {
      /** @type {Record<string, string>} */
      const headers = lastId ? { "Last-Event-ID": lastId } : {};
      const answer = await open(headers);
      for await (const event of readEvents(answer, silenceMs)) {
        signal.throwIfAborted();
        tries = -1; // it goes on
        if (event.id) lastId = event.id;
        if (handle(event)) return;
      }
    } catch (problem) {
      if (signal.aborted || !(problem instanceof RequestError) || !problem.isPassing) throw problem;
      onLost();
    }
    await pause(retryMs, signal);
  }
  throw new RequestError(texts.no_connection);
}

/**
 * Throws RequestError where the connection breaks, or nothing comes for `silenceMs`.
 * @param {Response} answer
 * @returns {AsyncGenerator<StreamEvent>}
 */
export async function* readEvents(answer, silenceMs = SILENCE_MS) {
  if (!answer.body) return;
  const reader = answer.body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  try {
    for (;;) {
      const { value, done } = await readWithin(reader, silenceMs);
      if (done) return;
      buffer += decoder.decode(value, { stream: true });
      const blocks = buffer.split("\n\n");
      buffer = blocks.pop() ?? "";
      for (const block of blocks) {
        const event = parseEvent(block);
        if (event) yield event;
      }
    }
  } finally {
    reader.cancel().catch(() => {}); // broken already
  }
}

/**
 * @param {ReadableStreamDefaultReader<Uint8Array>} reader
 * @param {number} ms
 * @returns {Promise<ReadableStreamReadResult<Uint8Array>>}
 */
function readWithin(reader, ms) {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new RequestError(texts.no_connection));
    const timer = setTimeout(fail, ms);
    reader
      .read()
      .then(resolve, fail)
      .finally(() => clearTimeout(timer));
  });
}

/**
 * @param {string} block
 * @returns {StreamEvent | null} null: a comment, or nothing that can be read
 */
function parseEvent(block) {
  const event = { id: "", name: "message", data: "" };
  for (const line of block.split("\n")) {
    const [, field, text = ""] = line.match(/^(\w+): ?(.*)$/) ?? [];
    if (field === "id") event.id = text;
    if (field === "event") event.name = text;
    if (field === "data") event.data += text;
  }
  try {
    return event.data ? { ...event, data: JSON.parse(event.data) } : null;
  } catch {
    return null;
  }
}
