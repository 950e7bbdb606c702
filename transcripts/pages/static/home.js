// The front page's upload. Of an account: files and links go to the queue. Of a guest: one recording
// through the public API, with what a program would use: POST /v1/transcribe (async), the
// transcript's event stream, its exports.
import { $, hideError, make, showError } from "./dom.js";
import { followEvents } from "./event-stream.js";
import { fetchExport, saveFile } from "../../exports/static/exports.js";
import { formatBytes, formatClock } from "./format.js";
import { offerToSave } from "./guest-results.js";
import { nameLanguages } from "./languages.js";
import { listModels } from "./models.js";
import { RequestError, callTranscript, csrfHeader, requestJson, withRetries } from "./requests.js";
import { fill, texts } from "./texts.js";
import { upload } from "./upload.js";
import { asFields, readForm, rememberOptions } from "../../uploads/static/options.js";

const RESULT_WAITS_MS = [1000, 2000, 4000];
const signUp = { href: "/account/signup/", label: texts.sign_up };

/** @typedef {import("./types.js").Segment} Segment */
/** @typedef {{id: string, token: string, isGuest: boolean}} Job */

const form = $("try");
const fileInput = $("file");
const submit = form.querySelector("[type=submit]");
const cancelButton = $("cancel");
const stateLine = document.querySelector(".upload-state");
const initialPrompt = [...$("chosen").childNodes];
/** @type {Job | null} */
let job = null; // the transcript that the page shows
let running = new AbortController(); // ends what the page is doing

const isAccount = form.method === "post";

nameLanguages(form.elements.language);
rememberOptions(form, form.elements.model ? listModels(form.elements.model) : undefined);

// ---- choosing files

function showChosen() {
  const [file, ...others] = fileInput.files;
  if (!file) $("chosen").replaceChildren(...initialPrompt);
  else if (isAccount && others.length)
    $("chosen").textContent = [file, ...others].map(({ name }) => name).join(", ");
  else $("chosen").textContent = `${file.name} · ${formatBytes(file.size)}`;
  // Nothing is left out without a word.
  const isMore = Boolean(others.length) && !isAccount;
  $("more-files").hidden = !isMore;
  if (isMore)
    $("more-files").textContent = fill(texts.more_files, { name: file.name, count: others.length });
}

fileInput.addEventListener("change", showChosen);
const drop = $("drop");
for (const [type, isOver] of Object.entries({
  dragenter: true,
  dragover: true,
  dragleave: false,
  drop: false,
}))
  drop.addEventListener(type, (/** @type {DragEvent} */ event) => {
    if (!isAccount) event.preventDefault(); // of an account the whole page takes it (queue.js)
    drop.classList.toggle("over", isOver);
  });
if (!isAccount)
  drop.addEventListener("drop", (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer?.files.length) return;
    fileInput.files = event.dataTransfer.files;
    showChosen();
  });

// ---- sending it

form.addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  hideError();
  if (isAccount) return void enqueue();
  const file = fileInput.files[0];
  if (!file) return fileInput.focus();
  const limit = Number(form.dataset.limit);
  if (limit && file.size > limit) {
    const values = { size: formatBytes(file.size), limit: formatBytes(limit) };
    return void showError(fill(texts.too_large, values), { link: signUp });
  }
  reset();
  run(transcribe);
});

/** Of an account: to the queue, which goes on on every page. */
async function enqueue() {
  const { addAddress, addFiles } = await import("../../uploads/static/queue.js");
  const options = readForm(form);
  const isByAddress = !$("address-field").hidden;
  if (isByAddress && $("address").value.trim()) return fetchFrom($("address").value.trim());
  if (!fileInput.files.length)
    return isByAddress ? void showError(texts.address_missing) : fileInput.focus();
  const files = [...fileInput.files];
  form.querySelector("input[type=file]").value = "";
  showChosen();
  await addFiles(files, { options, opens: true });

  /** @param {string} address */
  async function fetchFrom(address) {
    submit.disabled = true;
    try {
      const id = await addAddress(address, options);
      location.assign(`/transcripts/${id}/`);
    } catch (problem) {
      showError(messageOf(problem));
    } finally {
      submit.disabled = false;
    }
  }
}

if ($("by-address")) {
  $("by-address").hidden = false;
  $("by-address").addEventListener("click", () => {
    const isShown = $("address-field").hidden;
    $("address-field").hidden = !isShown;
    $("by-address").setAttribute("aria-expanded", String(isShown));
    if (isShown) $("address").focus();
  });
  const asked = new URLSearchParams(location.search).get("url");
  if (asked) {
    $("by-address").click();
    $("address").value = asked;
  }
}

/**
 * Do what takes a while, with the button off. A failure is shown, with a way to try again.
 * @param {(signal: AbortSignal) => Promise<void>} act
 */
async function run(act, retry = act) {
  const { signal } = running;
  submit.disabled = true;
  try {
    await act(signal);
  } catch (problem) {
    if (signal.aborted) return;
    $("progress").hidden = true;
    if (problem instanceof RequestError && problem.code === "anonymous_limit")
      return void showError(texts.anonymous_limit, { link: signUp });
    showError(messageOf(problem), { retry: () => run(job ? follow : retry) });
  } finally {
    if (signal === running.signal) submit.disabled = false;
  }
}

/** @param {AbortSignal} signal */
async function transcribe(signal) {
  cancelButton.disabled = false;
  cancelButton.onclick = reset;
  showState("uploading", { part: 0 });
  const accepted = await upload("/v1/transcribe", readBody(), {
    signal,
    onProgress: (loaded, total) =>
      showState(loaded < total ? "uploading" : "saving", {
        detail: `${formatBytes(loaded)} / ${formatBytes(total)}`,
        part: loaded / total,
      }),
  });
  job = {
    id: accepted.id,
    token: accepted.token ?? "",
    isGuest: Boolean(accepted.token),
  };
  await follow(signal);
}

function readBody() {
  const body = new FormData();
  body.append("async", "true");
  for (const [name, value] of Object.entries(asFields(readForm(form)))) body.append(name, value);
  body.append("file", fileInput.files[0]);
  return body;
}

// ---- following the job

/** @param {AbortSignal} signal */
async function follow(signal) {
  cancelButton.disabled = false;
  cancelButton.onclick = cancel;
  await followEvents((headers) => call("events/", { headers, signal }), {
    signal,
    handle: ({ name, data }) => showEvent(name, data),
    onLost: () => showState("lost"),
  });
  await showResult(signal);
}

/** The event stream says when it is cancelled. */
async function cancel() {
  cancelButton.disabled = true;
  try {
    await call("cancel/", { method: "POST" });
    hideError();
  } catch (problem) {
    cancelButton.disabled = false;
    showError(messageOf(problem));
  }
}

/**
 * @param {string} path
 * @param {import("./requests.js").RequestOptions} [options]
 */
function call(path, options) {
  if (!job) throw new Error("There is no job");
  return callTranscript(job, path, options);
}

/**
 * Show one event; return true at the end of the job.
 * @param {string} name
 * @param {any} data
 */
function showEvent(name, data) {
  if (name === "status" && data.status in texts) showState(data.status);
  if (name === "queue" && data.position > 0)
    showState("queued", { detail: fill(texts.queue_position, data) });
  if (name === "progress" && data.total_s)
    showState("processing", {
      detail: fill(texts.of, {
        done: formatClock(data.done_s),
        total: formatClock(data.total_s),
      }),
      part: Math.min(1, data.done_s / data.total_s),
    });
  if (name === "segment") showSegment(data);
  return name === "done";
}

/** @param {AbortSignal} signal */
async function showResult(signal) {
  const path = `/api/v1/transcripts/${job?.id}/`;
  const headers = job?.token ? { Authorization: `Bearer ${job.token}` } : csrfHeader();
  const read = () => requestJson(path, { headers, signal });
  const transcript = await withRetries(read, { waitsMs: RESULT_WAITS_MS, signal });
  $("progress").hidden = true;
  if (transcript.status === "failed") return void showError(transcript.error ?? texts.failed);
  if (transcript.status === "cancelled") return reset();
  hideError();
  $("segments").replaceChildren();
  transcript.segments.forEach(showSegment);
  showFacts(transcript);
  $("result").hidden = $("downloads").hidden = false;
  offerToSave(job?.isGuest ? [job] : []);
  $("result-title").focus();
  $("result").scrollIntoView({ block: "start" });
}

// ---- showing

function reset() {
  running.abort();
  running = new AbortController();
  job = null;
  submit.disabled = false;
  hideError();
  for (const id of ["progress", "result", "downloads"]) $(id).hidden = true;
  for (const id of ["segments", "warnings"]) $(id).replaceChildren();
  $("facts").textContent = "";
  offerToSave([]);
}

/**
 * @param {string} state
 * @param {{detail?: string, part?: number | null}} [progress]
 */
function showState(state, { detail = "", part = null } = {}) {
  $("progress").hidden = false;
  if (stateLine) stateLine.textContent = texts[state];
  $("detail").textContent = detail;
  if (part === null) $("bar").removeAttribute("value");
  else $("bar").value = part;
}

/** @param {Segment} segment */
function showSegment({ start, speaker, text }) {
  $("result").hidden = false;
  const body = make("div");
  if (speaker) body.append(make("b", { textContent: speaker }));
  body.append(make("p", { textContent: text, dir: "auto" }));
  $("segments").append(make("li", {}, make("time", { textContent: formatClock(start) }), body));
}

/** @param {any} transcript */
function showFacts(transcript) {
  const warnings = /** @type {{code: string, message: string}[]} */ (transcript.warnings ?? []);
  const facts = [formatClock(transcript.duration), fill(texts.transcribed_with, transcript)];
  if (warnings.some(({ code }) => code === "no_speech")) facts.push(texts.no_speech);
  $("facts").textContent = facts.join(" · ");
  for (const { code, message } of warnings) {
    if (code === "no_speech") continue; // stands in the facts
    $("warnings").append(make("li", { textContent: texts.warnings[code] ?? message }));
  }
}

for (const button of $("downloads").children)
  button.addEventListener("click", async () => {
    const { signal } = running;
    button.disabled = true;
    try {
      await save(button.dataset.format, signal);
    } catch (problem) {
      if (!signal.aborted) showError(messageOf(problem), { retry: () => button.click() });
    } finally {
      button.disabled = false;
    }
  });

/**
 * @param {string} format
 * @param {AbortSignal} signal
 */
async function save(format, signal) {
  const name = fileInput.files[0]?.name.replace(/\.\w+$/, "") || "transcript";
  const headers = job?.token ? { Authorization: `Bearer ${job.token}` } : csrfHeader();
  const address = `/api/v1/transcripts/${job?.id}/export/${format}/`;
  saveFile(await fetchExport(address, { headers, signal }), `${name}.${format}`);
}

/** @param {unknown} problem */
const messageOf = (problem) => (problem instanceof Error ? problem.message : String(problem));
