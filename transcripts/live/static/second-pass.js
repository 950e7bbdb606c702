// The text of a second pass, once it is there: with who speaks.
import { callTranscript, pause, readJson } from "../../pages/static/requests.js";

const ASK_AGAIN_MS = 2000;
const APPEARS_WITHIN_MS = 60_000; // the job is made when the session has been finished
const ENDED = ["completed", "completed_with_warnings", "failed", "cancelled"];

/** @typedef {{kind: string, status: string, is_current: boolean}} Job */
/** @typedef {{text: string, start: number, speaker: string | null}} Segment */

/**
 * Wait for the second pass and return its segments; null where the first text stays. Throws
 * RequestError, and an AbortError by `signal`.
 * @param {{id: string}} transcript
 * @param {AbortSignal} signal
 * @returns {Promise<Segment[] | null>}
 */
export async function readSecondPass({ id }, signal) {
  const giveUpAt = Date.now() + APPEARS_WITHIN_MS;
  for (;;) {
    /** @type {Job[]} */
    const jobs = await readJson(await callTranscript({ id }, "jobs/", { signal }));
    const job = jobs.find(({ kind }) => kind === "second_pass");
    if (job && ENDED.includes(job.status)) {
      if (!job.is_current) return null;
      return (await readJson(await callTranscript({ id }, "", { signal }))).segments;
    }
    if (!job && Date.now() > giveUpAt) return null;
    await pause(ASK_AGAIN_MS, signal);
  }
}
