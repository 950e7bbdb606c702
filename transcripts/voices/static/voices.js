// The page of voices: samples, and a text spoken through the public API, as a job that is followed.
import { $, hideError, showError } from "../../pages/static/dom.js";
import {
  csrfHeader,
  fetchTicket,
  pause,
  request,
  requestJson,
  withRetries,
} from "../../pages/static/requests.js";
import { fill, fillCount, texts } from "../../pages/static/texts.js";

const POLL_MS = 400;
const WAITS_MS = [1000, 2000, 4000];

/**
 * @typedef {{id: string, status: string, audio: string | null, duration: number,
 *   credits_charged: number, progress: {done: number, of: number | null},
 *   error: {message: string} | null}} VoiceJob
 */

const form = $("speak");
const words = $("words");
const submit = form.querySelector("[type=submit]");
const reference = $("reference");
let running = new AbortController();
/** @type {VoiceJob | null} */
let current = null;

// ---- samples

const sample = new Audio();
for (const button of form.querySelectorAll("[data-sample]"))
  button.addEventListener("click", () => {
    sample.src = button.dataset.sample;
    sample.play().catch(() => {}); // a second click stops the first
  });

// ---- what it will cost, before it is sent

function showCost() {
  const characters = words.value.trim().length;
  const seconds = characters / Number(form.dataset.charactersASecond);
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  $("count").textContent = fillCount(texts.characters, characters);
  $("cost").textContent = characters ? fillCount(texts.cost, minutes) : "";
}

words.addEventListener("input", showCost);
showCost();
reference?.addEventListener("change", () => ($("voice-reference").checked = true));

// ---- speaking

form.addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  run();
});
$("cancel").addEventListener("click", cancel);

async function run() {
  running.abort();
  running = new AbortController();
  const { signal } = running;
  hideError();
  $("result").hidden = true;
  if (!words.value.trim()) return refuse(texts.no_text, words);
  if (!form.elements.voice.value && !reference?.files[0])
    return refuse(texts.no_reference, reference);
  submit.disabled = true;
  $("cancel").hidden = false;
  try {
    showState(texts.starting);
    current = await order(signal);
    showResult(await follow(current, signal));
  } catch (problem) {
    if (signal.aborted) return;
    showState("");
    showError(/** @type {Error} */ (problem).message, { retry: run });
  } finally {
    submit.disabled = false;
    $("cancel").hidden = true;
  }
}

/**
 * @param {string} message
 * @param {HTMLElement} field
 */
function refuse(message, field) {
  showError(message);
  field.focus();
}

/**
 * @param {AbortSignal} signal
 * @returns {Promise<VoiceJob>}
 */
async function order(signal) {
  const body = new FormData();
  const voice = form.elements.voice.value;
  body.append("text", words.value);
  body.append("language", $("language").value);
  body.append("async", "true");
  if (voice) body.append("voice", voice);
  else body.append("reference", reference.files[0]);
  const headers = { Authorization: `Bearer ${await fetchTicket(form.dataset.ticket)}` };
  return requestJson("/v1/tts", { method: "POST", body, headers, signal });
}

/**
 * @param {VoiceJob} job
 * @param {AbortSignal} signal
 * @returns {Promise<VoiceJob>}
 */
async function follow(job, signal) {
  while (["queued", "processing"].includes(job.status)) {
    const { done, of } = job.progress;
    if (job.status === "queued") showState(texts.waiting);
    else showState(of ? fill(texts.speaking, { done, total: of }) : texts.starting);
    await pause(POLL_MS, signal);
    const address = `/api/v1/voice-jobs/${job.id}/`;
    job = await withRetries(() => requestJson(address, { signal }), { waitsMs: WAITS_MS, signal });
  }
  if (job.status !== "completed") throw new Error(job.error?.message ?? texts.cancelled);
  return job;
}

/** @param {VoiceJob} job */
function showResult(job) {
  const done = fill(texts.done, { seconds: job.duration.toFixed(1) });
  showState(`${done} ${fillCount(texts.charged, job.credits_charged)}`);
  $("player").src = job.audio;
  $("download").href = job.audio;
  $("result").hidden = false;
}

async function cancel() {
  running.abort();
  showState(texts.cancelled);
  if (current)
    await request(`/api/v1/voice-jobs/${current.id}/`, {
      method: "DELETE",
      headers: csrfHeader(),
    }).catch(() => {}); // it has ended, or will be deleted in a day
}

/** @param {string} text */
function showState(text) {
  $("state").textContent = text;
}
