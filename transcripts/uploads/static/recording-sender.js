// What is recorded goes to the server while it is recorded, and is stored here until that has it.
import { RequestError, pause } from "../../pages/static/requests.js";
import { beginRecording, endUpload, readOffset, sendPart } from "./tus-upload.js";

const RETRY_MS = [500, 1000, 2000, 5000, 10_000];

/** @typedef {import("./queue-items.js").Item} Item */
/** @typedef {import("./queue-storage.js").QueueStorage} QueueStorage */
/** @typedef {import("./tus-upload.js").Tickets} Tickets */

/** Takes chunks as they are recorded. Nothing is dropped: what can't be sent now waits. */
export class RecordingSender {
  /**
   * @param {Item} item
   * @param {{
   *   storage: QueueStorage,
   *   tickets: Tickets,
   *   onSent: (sent: number) => void,
   *   onLine: (isUp: boolean) => void,
   * }} known
   */
  constructor(item, { storage, tickets, onSent, onLine }) {
    this.item = item;
    this.storage = storage;
    this.tickets = tickets;
    this.onSent = onSent;
    this.onLine = onLine;
    this.start = 0; // what the server has
    this.unsent = new Blob([]);
    this.isEnded = false;
    this.wake = () => {};
    /** @type {Promise<unknown>} */
    this.storing = storage.putItem(item);
    this.sending = this.run();
  }

  /** @param {Blob} chunk */
  add(chunk) {
    this.unsent = new Blob([this.unsent, chunk]);
    this.store();
    this.wake();
  }

  /** Everything is here; return the item, for the queue to finish. */
  async end() {
    this.isEnded = true;
    this.wake();
    await this.sending;
    await this.storing;
    return { ...this.item, size: this.start + this.unsent.size, sent: this.start };
  }

  store() {
    const { item, start, unsent } = this;
    this.storing = this.storing
      .then(() => this.storage.putUnsent(item.id, { start, blob: unsent }))
      .then(() => this.storage.putItem({ ...item, sent: start, size: start + unsent.size }))
      .catch(() => {}); // what the server has, it has
  }

  async run() {
    let failures = 0;
    while (!this.isEnded || (this.unsent.size && failures < RETRY_MS.length)) {
      if (!this.unsent.size && !this.isEnded) {
        await new Promise((resolve) => (this.wake = () => resolve(null)));
        continue;
      }
      try {
        await this.sendOnce();
        failures = 0;
        this.onLine(true);
      } catch (problem) {
        if (!(problem instanceof RequestError)) throw problem;
        this.onLine(false);
        await pause(RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)] ?? 0);
      }
    }
  }

  async sendOnce() {
    const { tickets, item } = this;
    if (!item.uploadUrl) {
      item.uploadUrl = await beginRecording({ ...item.options, filename: item.name }, { tickets });
      this.store();
    }
    const part = this.unsent;
    if (!part.size) return;
    this.moveTo(await sendFrom(item.uploadUrl, this.start, part, { tickets }));
  }

  /** @param {number} offset what the server has by now */
  moveTo(offset) {
    this.unsent = this.unsent.slice(offset - this.start);
    this.start = offset;
    this.store();
    this.onSent(offset);
  }
}

/**
 * Send `part`, which begins at `start`; return how far the server is. What of it is there already,
 * because an answer was lost, isn't sent again.
 * @param {string} url
 * @param {number} start
 * @param {Blob} part
 * @param {{tickets: Tickets, signal?: AbortSignal}} options
 */
async function sendFrom(url, start, part, options) {
  try {
    return await sendPart(url, start, part, options);
  } catch (problem) {
    if (!(problem instanceof RequestError) || problem.status !== 409) throw problem;
    const there = await readOffset(url, options);
    if (there < start || there > start + part.size) throw problem;
    return there;
  }
}

/**
 * Send what is left of a recording that ended, also by a reload, and have it transcribed; return the
 * transcript's id. Throws RequestError.
 * @param {Item} item
 * @param {{
 *   storage: QueueStorage,
 *   tickets: Tickets,
 *   signal: AbortSignal,
 *   onProgress: (sent: number) => void,
 * }} known
 */
export async function finishRecording(item, { storage, tickets, signal, onProgress }) {
  const stored = await storage.getUnsent(item.id);
  const options = { tickets, signal };
  const url =
    item.uploadUrl || (await beginRecording({ ...item.options, filename: item.name }, options));
  let there = await readOffset(url, options);
  if (stored && there < stored.start + stored.blob.size && there >= stored.start) {
    there = await sendFrom(url, there, stored.blob.slice(there - stored.start), options);
    onProgress(there);
  }
  if (!there) throw new RequestError("", { code: "empty" });
  return endUpload(url, there, options);
}
