// A recording cleaned up through the public API: POST /v1/enhance-audio (async), the event stream of
// the work, and its file beside the one that was chosen.
import { $, hideError, make, showError } from "../../pages/static/dom.js";
import { followEvents } from "../../pages/static/event-stream.js";
import { formatBytes, formatClock } from "../../pages/static/format.js";
import { csrfHeader, fetchTicket, request, requestJson } from "../../pages/static/requests.js";
import { fill, texts } from "../../pages/static/texts.js";
import { upload } from "../../pages/static/upload.js";

const form = $("enhance");
const fileInput = $("file");
const submit = form.querySelector("[type=submit]");
let running = new AbortController(); // ends what the page is doing
let work = ""; // the address of what the page shows
let chosen = ""; // the address of the chosen file, within this page

form.addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  if (!fileInput.files[0]) return fileInput.focus();
  reset();
  run(enhance);
});
$("cancel").addEventListener("click", () => remove());
$("delete").addEventListener("click", () => remove());

/**
 * Do what takes a while, with the button off. A failure is shown, with a way to try again.
 * @param {(signal: AbortSignal) => Promise<void>} act
 */
async function run(act) {
  const { signal } = running;
  submit.disabled = true;
  try {
    await act(signal);
  } catch (problem) {
    if (signal.aborted) return;
    $("progress").hidden = true;
    showError(messageOf(problem), { retry: () => run(work ? follow : enhance) });
  } finally {
    if (signal === running.signal) submit.disabled = false;
  }
}

/** @param {AbortSignal} signal */
async function enhance(signal) {
  showState("uploading", { part: 0 });
  const body = new FormData();
  body.append("async", "true");
  for (const name of ["strength", "target"]) body.append(name, $(name).value);
  body.append("file", fileInput.files[0]);
  const accepted = await upload("/v1/enhance-audio", body, {
    bearer: await fetchTicket(form.dataset.ticket),
    signal,
    onProgress: (loaded, total) =>
      showState(loaded < total ? "uploading" : "saving", {
        detail: `${formatBytes(loaded)} / ${formatBytes(total)}`,
        part: loaded / total,
      }),
  });
  work = `/api/v1/enhancements/${accepted.id}/`;
  await follow(signal);
}

/** @param {AbortSignal} signal */
async function follow(signal) {
  const open = (/** @type {Record<string, string>} */ headers) =>
    request(`${work}events/`, { headers: { ...csrfHeader(), ...headers }, signal });
  await followEvents(open, {
    signal,
    handle: ({ name, data }) => showEvent(name, data),
    onLost: () => showState("lost"),
  });
  const made = await requestJson(work, { headers: csrfHeader(), signal });
  showResult(made);
}

/**
 * Show one event; return true at the end of the work.
 * @param {string} name
 * @param {any} data
 */
function showEvent(name, data) {
  if (name === "status" && data.status in texts) showState(data.status);
  if (name === "progress" && data.total_s)
    showState("processing", {
      detail: fill(texts.of, {
        done: formatClock(data.done_s),
        total: formatClock(data.total_s),
      }),
      part: Math.min(1, data.done_s / data.total_s),
    });
  return name === "done";
}

/** @param {any} made */
function showResult(made) {
  $("progress").hidden = true;
  if (made.status !== "completed") return void showError(made.error ?? texts[made.status]);
  hideError();
  const { before, after } = made.loudness;
  const level = (/** @type {number | null} */ lufs) =>
    lufs === null ? texts.silent : lufs.toFixed(1).replace("-", "−");
  $("facts").textContent = [
    formatClock(made.duration),
    fill(texts.made_with, made),
    fill(texts.loudness, { before: level(before), after: level(after) }),
  ].join(" · ");
  for (const { code, message } of made.warnings)
    $("warnings").append(make("li", { textContent: texts.warnings[code] ?? message }));
  chosen = URL.createObjectURL(fileInput.files[0]);
  $("before").src = chosen;
  $("after").src = $("download").href = made.audio;
  $("result").hidden = false;
  $("result-title").focus();
}

/** Stop the work, or delete what it made. */
async function remove() {
  const address = work;
  reset();
  if (!address) return;
  try {
    await request(address, { method: "DELETE", headers: csrfHeader() });
  } catch (problem) {
    showError(messageOf(problem));
  }
}

function reset() {
  running.abort();
  running = new AbortController();
  work = "";
  submit.disabled = false;
  hideError();
  for (const id of ["progress", "result"]) $(id).hidden = true;
  for (const id of ["before", "after"]) $(id).removeAttribute("src");
  if (chosen) URL.revokeObjectURL(chosen);
  chosen = "";
  $("warnings").replaceChildren();
}

/**
 * @param {string} state
 * @param {{detail?: string, part?: number | null}} [progress]
 */
function showState(state, { detail = "", part = null } = {}) {
  $("progress").hidden = false;
  $("upload-state").textContent = texts[state];
  $("detail").textContent = detail;
  if (part === null) $("bar").removeAttribute("value");
  else $("bar").value = part;
}

/** @param {unknown} problem */
const messageOf = (problem) => (problem instanceof Error ? problem.message : String(problem));
