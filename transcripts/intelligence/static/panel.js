// What both panels need: calls whose failure is a sentence in the panel.
import { list } from "../../pages/static/reader.js";
import { RequestError, callTranscript, readJson } from "../../pages/static/requests.js";

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

/**
 * Run an action; show the sentence of its failure in `place`. Return whether it went well.
 * @param {HTMLElement} place
 * @param {() => Promise<unknown>} act
 */
export async function within(place, act) {
  place.hidden = true;
  try {
    await act();
    return true;
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
    place.textContent = problem.message;
    place.hidden = false;
    return false;
  }
}
