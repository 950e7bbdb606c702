// A guest's recordings, one after the other, through the public API with what a program would use:
// /v1/uploads (tus), the transcript's event stream, its exports. A reload goes on with them.
import { $, hideError, make, showError } from "./dom.js";
import { followEvents } from "./event-stream.js";
import { fetchExport, saveFile } from "../../exports/static/exports.js";
import { formatBytes, formatClock } from "./format.js";
import { GuestFiles } from "./guest-files.js";
import { offerToSave } from "./guest-results.js";
import { GuestStorage } from "./guest-storage.js";
import { dropUpload, sendItem } from "./guest-upload.js";
import { RequestError, callTranscript, requestJson, withRetries } from "./requests.js";
import { fill, texts } from "./texts.js";
import { asFields, readForm } from "../../uploads/static/options.js";
import { findRefusal } from "../../uploads/static/queue-items.js";

const RESULT_WAITS_MS = [1000, 2000, 4000];
const ANEW = { job: null, uploadUrl: "", token: "" };
const signUp = { href: "/account/signup/", label: texts.sign_up };

/** @typedef {import("./types.js").Segment} Segment */
/** @typedef {import("./guest-files.js").Item} Item */

const form = $("try");
const submit = form.querySelector("[type=submit]");
const cancelButton = $("cancel");
const stateLine = document.querySelector(".upload-state");
const storage = new GuestStorage();
const files = new GuestFiles($("guest-files"), {
  show: open,
  retry,
  changed: (item) => item.options && storage.save(item),
  dropped: (item) => storage.remove(item),
});
let isRunning = false;
/** @type {Item | null} */
let shown = null; // whose transcript the page shows
/** @type {string | null} */
let speaking = null; // whose line was shown last
let isOpened = false; // there is one to read: the next one doesn't take its place

/** Take these instead of those that wait. @param {File[]} chosen */
export function chooseFiles(chosen) {
  files.choose(chosen);
  const limits = { maxFileBytes: Number(form.dataset.limit), minutesLeft: null };
  let refusal = "";
  for (const item of files.waiting()) {
    refusal = item.file ? findRefusal(item.file, limits) : "";
    if (!refusal) continue;
    const values = { size: formatBytes(item.size), limit: formatBytes(limits.maxFileBytes) };
    files.change(item, { state: "refused", problem: fill(texts[`refused_${refusal}`], values) });
  }
  if (isRunning) return; // they are next
  const [only] = files.items;
  if (files.items.length === 1 && only?.state === "refused")
    showError(only.problem, refusal === "too_large" ? { link: signUp } : {});
  else hideError();
}

export const hasFiles = () => files.items.length > 0;

/** All that wait. Every file has a line which says what became of it. */
export async function transcribeFiles() {
  if (isRunning || !files.waiting().length) return;
  isRunning = true;
  isOpened = false;
  submit.disabled = true;
  hideError();
  addEventListener("beforeunload", askBeforeLeaving);
  for (const item of files.waiting()) begin(item);
  for (let [item] = files.waiting(); item; [item] = files.waiting()) await run(item);
  removeEventListener("beforeunload", askBeforeLeaving);
  $("progress").hidden = true;
  submit.disabled = false;
  isRunning = false;
}

/** From here on a reload goes on with it. @param {Item} item */
function begin(item) {
  files.change(item, { options: item.options ?? asFields(readForm(form)) });
  storage.saveFile(item);
}

/** Those whose file is not stored here would be lost. @param {Event} event */
function askBeforeLeaving(event) {
  const isLost = files.items.some(
    ({ id, state, job }) =>
      (state === "waiting" || state === "working") && !job && !storage.safe.has(id),
  );
  if (isLost) event.preventDefault();
}

/** @param {Item} item */
function retry(item) {
  if (!item.job && !item.file) return void files.change(item, { state: "paused", problem: "" });
  files.change(item, { state: "waiting", problem: "" });
  transcribeFiles();
}

/** @param {Item} item */
async function run(item) {
  const controller = new AbortController();
  const { signal } = controller;
  if (!item.options) begin(item);
  files.change(item, { state: "working" });
  if (!isOpened) clear(item);
  try {
    if (item.job)
      await follow(item, signal); // the connection was lost
    else await transcribe(item, controller);
  } catch (problem) {
    if (!signal.aborted) return fail(item, problem);
    dropUpload(item);
    files.change(item, { state: "cancelled", ...ANEW });
  }
}

/** @param {Item} item @param {unknown} problem */
function fail(item, problem) {
  $("progress").hidden = true;
  if (problem instanceof RequestError && problem.code === "anonymous_limit") {
    // None of the others would be taken; they stay here, and so does the way to try again.
    const left = [item, ...files.waiting()];
    for (const each of left)
      files.change(each, { state: "failed", problem: texts.anonymous_limit });
    return void showError(texts.anonymous_limit, { link: signUp });
  }
  const message = messageOf(problem);
  const isPassing = problem instanceof RequestError && problem.isPassing; // else it begins again
  files.change(item, { state: "failed", problem: message, ...(isPassing ? {} : ANEW) });
  if (files.items.length === 1) showError(message, { retry: () => retry(item) });
}

/** @param {Item} item @param {AbortController} controller */
async function transcribe(item, controller) {
  const { signal } = controller;
  cancelButton.disabled = false;
  cancelButton.onclick = () => {
    controller.abort();
    $("progress").hidden = true;
  };
  showState(item, "uploading", { part: 0 });
  const job = await sendItem(item, {
    signal,
    onChange: (changes) => files.change(item, changes),
    onProgress: (sent) =>
      showState(item, sent < item.size ? "uploading" : "saving", {
        detail: `${formatBytes(sent)} / ${formatBytes(item.size)}`,
        part: sent / item.size,
      }),
  });
  files.change(item, { job });
  await follow(item, signal);
}

// ---- following the job

/** @param {Item} item @param {AbortSignal} signal */
async function follow(item, signal) {
  cancelButton.disabled = false;
  cancelButton.onclick = () => cancel(item);
  await followEvents((headers) => call(item, "events/", { headers, signal }), {
    signal,
    handle: ({ name, data }) => showEvent(item, name, data),
    onLost: () => showState(item, "lost"),
  });
  const transcript = await read(item, signal);
  $("progress").hidden = true;
  if (transcript.status === "cancelled") {
    if (shown === item) clear(null);
    return void files.change(item, { state: "cancelled", ...ANEW });
  }
  if (transcript.status === "failed") throw new FailedError(transcript.error ?? texts.failed);
  hideError();
  const isEmpty = !transcript.segments.length;
  files.change(item, { state: "done", problem: isEmpty ? texts.no_speech : "" });
  if (!isOpened) showTranscript(item, transcript);
  isOpened ||= !isEmpty;
  offerToSave(listDone());
}

/** What has a text. */
const listDone = () =>
  files.items.flatMap(({ state, problem, job }) =>
    state === "done" && !problem && job ? [job] : [],
  );

/** The server could not transcribe it; trying again sends it again. */
class FailedError extends Error {}

/** The event stream says when it is cancelled. @param {Item} item */
async function cancel(item) {
  cancelButton.disabled = true;
  try {
    await call(item, "cancel/", { method: "POST" });
    hideError();
  } catch (problem) {
    cancelButton.disabled = false;
    showError(messageOf(problem));
  }
}

/**
 * @param {Item} item
 * @param {string} path
 * @param {import("./requests.js").RequestOptions} [options]
 */
function call({ job }, path, options) {
  if (!job) throw new Error("There is no job");
  return callTranscript(job, path, options);
}

/**
 * Show one event; return true at the end of the job.
 * @param {Item} item
 * @param {string} name
 * @param {any} data
 */
function showEvent(item, name, data) {
  if (name === "status" && data.status in texts) showState(item, data.status);
  if (name === "queue" && data.position > 0)
    showState(item, "queued", { detail: fill(texts.queue_position, data) });
  if (name === "progress" && data.total_s)
    showState(item, "processing", {
      detail: fill(texts.of, {
        done: formatClock(data.done_s),
        total: formatClock(data.total_s),
      }),
      part: Math.min(1, data.done_s / data.total_s),
    });
  if (name === "segment" && shown === item) showSegment(data);
  return name === "done";
}

/** @param {Item} item @param {AbortSignal} [signal] */
function read({ job }, signal) {
  const headers = { Authorization: `Bearer ${job?.token}` };
  const ask = () => requestJson(`/api/v1/transcripts/${job?.id}/`, { headers, signal });
  return withRetries(ask, { waitsMs: RESULT_WAITS_MS, signal });
}

// ---- showing

/** A transcript of the list, because it was asked for. @param {Item} item */
async function open(item) {
  hideError();
  try {
    const transcript = await read(item);
    isOpened = true;
    showTranscript(item, transcript);
    offerToSave(listDone());
  } catch (problem) {
    showError(messageOf(problem), { retry: () => open(item) });
  }
}

/** @param {Item} item @param {any} transcript */
function showTranscript(item, transcript) {
  clear(item);
  transcript.segments.forEach(showSegment);
  showFacts(item, transcript);
  $("result").hidden = false;
  $("downloads").hidden = !transcript.segments.length;
  $("result-title").focus();
  $("result").scrollIntoView({ block: "start" });
}

/** @param {Item | null} item whose transcript is to come here */
function clear(item) {
  shown = item;
  speaking = null;
  for (const id of ["result", "downloads"]) $(id).hidden = true;
  for (const id of ["segments", "warnings"]) $(id).replaceChildren();
  $("facts").textContent = "";
}

/**
 * @param {Item} item
 * @param {string} state
 * @param {{detail?: string, part?: number | null}} [progress]
 */
function showState(item, state, { detail = "", part = null } = {}) {
  $("progress").hidden = false;
  const name = files.items.length > 1 ? item.name : "";
  if (stateLine) stateLine.textContent = texts[state];
  $("detail").textContent = [name, detail].filter(Boolean).join(" · ");
  if (part === null) $("bar").removeAttribute("value");
  else $("bar").value = part;
}

/** @param {Segment} segment */
function showSegment({ start, speaker, text }) {
  $("result").hidden = false;
  const body = make("div");
  if (speaker && speaker !== speaking) body.append(make("b", { textContent: speaker }));
  speaking = speaker;
  body.append(make("p", { textContent: text, dir: "auto" }));
  $("segments").append(make("li", {}, make("time", { textContent: formatClock(start) }), body));
}

/** @param {Item} item @param {any} transcript */
function showFacts(item, transcript) {
  const warnings = /** @type {{code: string, message: string}[]} */ (transcript.warnings ?? []);
  const facts = [formatClock(transcript.duration), fill(texts.transcribed_with, transcript)];
  if (files.items.length > 1) facts.unshift(item.name);
  if (warnings.some(({ code }) => code === "no_speech")) facts.push(texts.no_speech);
  $("facts").textContent = facts.join(" · ");
  for (const { code, message } of warnings) {
    if (code === "no_speech") continue; // stands in the facts
    $("warnings").append(make("li", { textContent: texts.warnings[code] ?? message }));
  }
}

for (const button of $("downloads").children)
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      if (shown) await save(shown, button.dataset.format);
    } catch (problem) {
      showError(messageOf(problem), { retry: () => button.click() });
    } finally {
      button.disabled = false;
    }
  });

/** @param {Item} item @param {string} format */
async function save({ name: fileName, job }, format) {
  const name = fileName.replace(/\.\w+$/, "") || "transcript";
  const headers = { Authorization: `Bearer ${job?.token}` };
  const address = `/api/v1/transcripts/${job?.id}/export/${format}/`;
  saveFile(await fetchExport(address, { headers }), `${name}.${format}`);
}

// ---- after a reload

storage.load().then((items) => {
  files.restore(items);
  if (items.some(({ state }) => state === "waiting")) transcribeFiles();
});

/** @param {unknown} problem */
const messageOf = (problem) => (problem instanceof Error ? problem.message : String(problem));
