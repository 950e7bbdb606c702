// Work on the transcript's text that a worker does: followed by the event stream.
import { api, list } from "../../pages/static/reader.js";
import { requestJson } from "../../pages/static/requests.js";

/**
 * @typedef {{
 *   id: string,
 *   operation: string,
 *   status: string,
 *   progress: {done: number, of: number | null},
 *   steps: {step: string, result_id: string | null}[],
 *   error: {code: string, message: string} | null,
 * }} TextJob as the API describes it
 */

const OPEN = ["queued", "processing"];

/**
 * The last time that notes were made of the transcript by themselves, if they ever were.
 * @returns {Promise<TextJob | undefined>}
 */
export async function readProcessing() {
  const path = `/api/v1/text-jobs/?transcript=${list.dataset.transcript}&page_size=100`;
  const { results } = await requestJson(path);
  return results.find((/** @type {TextJob} */ { operation }) => operation === "process");
}

/**
 * Call `show` for each change; end when nothing is under way, where `id` has ended, by `signal`, or
 * where the stream is refused. Return the last that was known of `id`.
 * @param {{id?: string, show: (job: TextJob) => void, signal?: AbortSignal}} options
 * @returns {Promise<TextJob | undefined>}
 */
export function followTextJobs({ id, show, signal }) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve(undefined);
    /** @type {TextJob | undefined} */
    let known;
    const stream = new EventSource(`${api}events/?text_jobs=true`);
    const end = () => {
      stream.close();
      resolve(known);
    };
    stream.addEventListener("text_job", (event) => {
      const job = JSON.parse(event.data);
      if (id && job.id !== id) return;
      known = job;
      if (OPEN.includes(job.status)) show(job);
      else if (id) end();
    });
    stream.addEventListener("idle", end);
    stream.addEventListener("error", () => {
      if (stream.readyState === EventSource.CLOSED) end();
    });
    signal?.addEventListener("abort", end, { once: true });
  });
}
