// A guest's recording on its way to /v1/uploads, from the byte where it stands; and its end.
import { RequestError, pause } from "./requests.js";
import { GuestToken, deleteUpload, sendFile } from "../../uploads/static/tus-upload.js";

const BUSY_MS = 10_000; // another recording of this address is being transcribed

/** @typedef {import("./guest-files.js").Item} Item */

/**
 * Send an item's file; return as which transcript it was taken, and the token that opens that.
 * Throws RequestError, and an AbortError by `signal`.
 * @param {Item} item
 * @param {{
 *   onChange: (changes: Partial<Item>) => void,
 *   onProgress: (sent: number) => void,
 *   signal: AbortSignal,
 * }} options `onChange`: of what a page that is loaded again needs
 */
export async function sendItem(item, { onChange, onProgress, signal }) {
  const tickets = new GuestToken(item.token);
  const file = /** @type {File} */ (item.file);
  for (;;)
    try {
      const id = await sendFile(file, {
        tickets,
        uploadUrl: item.uploadUrl,
        metadata: { ...item.options, filename: item.name },
        onCreated: (uploadUrl) => onChange({ uploadUrl, token: tickets.token }),
        onProgress,
        signal,
      });
      return { id, token: tickets.token };
    } catch (problem) {
      if (!(problem instanceof RequestError) || problem.code !== "concurrency_limit") throw problem;
      await pause(BUSY_MS, signal);
    }
}

/** Delete what of a cancelled upload is there: its try is free again. @param {Item} item */
export function dropUpload({ uploadUrl, token }) {
  if (uploadUrl) deleteUpload(uploadUrl, new GuestToken(token)).catch(() => {}); // it expires
}
