// What the panels of a transcript's page need: calls about this transcript.
import { list } from "../../pages/static/reader.js";
import { callTranscript, readJson } from "../../pages/static/requests.js";

export { within } from "./failures.js";

const transcript = { id: list.dataset.transcript ?? "" };

/**
 * Call the API about this transcript.
 * @param {string} path
 * @param {{data?: unknown} & import("../../pages/static/requests.js").RequestOptions} [options]
 */
export function call(path, { data, ...options } = {}) {
  if (data === undefined) return callTranscript(transcript, path, options);
  const headers = { ...options.headers, "Content-Type": "application/json" };
  return callTranscript(transcript, path, { ...options, headers, body: JSON.stringify(data) });
}

/** The body of the answer. @param {Parameters<typeof call>} asked */
export async function callJson(...asked) {
  return readJson(await call(...asked));
}
