// Work on a finished transcript, a second pass or its voices: when it is done, the page says so. It
// isn't loaded again by itself: a person may be writing in it.
import { $ } from "./dom.js";
import { RequestError, callTranscript, pause, readJson } from "./requests.js";

const EVERY_MS = 4000;

const notice = $("pending");
const { id, of } = notice.dataset;

/** @returns {Promise<boolean>} */
async function isDone() {
  const found = await readJson(await callTranscript({ id }, `${of}/`));
  if (of === "diarize") return found.status !== "processing";
  return found.every(
    (/** @type {{status: string}} */ { status }) => !["queued", "processing"].includes(status),
  );
}

async function wait() {
  for (;;) {
    await pause(EVERY_MS);
    try {
      if (await isDone()) break;
    } catch (problem) {
      if (!(problem instanceof RequestError) || !problem.isPassing) return;
    }
  }
  const done = $("pending-done");
  done.previousElementSibling.hidden = true;
  done.hidden = false;
  done.querySelector("button").addEventListener("click", () => location.reload());
}

wait();
