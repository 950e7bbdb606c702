// The front page: one recording through the public API, with what a program would use:
// POST /v1/transcribe (async), the transcript's event stream, its exports.
import { offerToKeep } from "./keep.js";
import {
  $, callTranscript, fetchTicket, fill, formatTime, nameLanguages, saveExport, texts,
} from "./page.js";

const form = $("try");
const fileInput = $("file");
const submit = form.querySelector("[type=submit]");
const chosenAtFirst = $("chosen").innerHTML;
let job = null; // {id, token, abort}: the transcript that the page shows

nameLanguages(form.elements.language);

// ---- choosing a file

function showChosen() {
  const file = fileInput.files[0];
  if (!file) $("chosen").innerHTML = chosenAtFirst;
  else $("chosen").textContent = `${file.name} · ${formatBytes(file.size)}`;
}

fileInput.addEventListener("change", showChosen);
const drop = $("drop");
for (const type of ["dragenter", "dragover"])
  drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.add("over"); });
for (const type of ["dragleave", "drop"])
  drop.addEventListener(type, (event) => { event.preventDefault(); drop.classList.remove("over"); });
drop.addEventListener("drop", (event) => {
  if (!event.dataTransfer.files.length) return;
  fileInput.files = event.dataTransfer.files;
  showChosen();
});

// ---- sending it

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!fileInput.files[0]) return fileInput.focus();
  reset();
  submit.disabled = true;
  try {
    const accepted = await upload();
    job = {
      id: accepted.id,
      token: accepted.token || form.elements.key?.value.trim(), // neither: the session's cookie
      isVisitors: Boolean(accepted.token),
      abort: new AbortController(),
    };
    await follow();
  } catch (problem) {
    showProblem(problem.message);
  } finally {
    submit.disabled = false;
  }
});

/** What /v1/ knows the visitor by: a key; a ticket for somebody who is logged in; or nothing. */
async function readBearer() {
  if (!form.dataset.ticket) return form.elements.key.value.trim();
  return fetchTicket(form.dataset.ticket);
}

async function upload() {
  const bearer = await readBearer();
  const body = new FormData();
  body.append("async", "true");
  body.append("language", form.elements.language.value);
  const speakers = form.elements.speakers.value;
  body.append("diarize", String(speakers !== "off"));
  if (speakers !== "off") body.append("speakers", speakers);
  for (const name of ["track", "channels"]) {
    const { value } = form.elements[name];
    if (value) body.append(name, value); // else what the server does by itself
  }
  body.append("file", fileInput.files[0]);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch() can't tell how much of a body was sent
    request.open("POST", "/v1/transcribe");
    if (bearer) request.setRequestHeader("Authorization", `Bearer ${bearer}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) =>
      showState(loaded < total ? "uploading" : "saving", {
        detail: `${formatBytes(loaded)} / ${formatBytes(total)}`, part: loaded / total,
      });
    request.onload = () => request.status < 300
      ? resolve(request.response)
      : reject(new Error(request.response?.error ?? texts.no_connection));
    request.onerror = () => reject(new Error(texts.no_connection));
    $("cancel").onclick = () => { request.abort(); reset(); submit.disabled = false; };
    showState("uploading", { part: 0 });
    request.send(body);
  });
}

// ---- following the job: server-sent events over fetch, which can carry the key in a header

async function follow() {
  const mine = job;
  $("cancel").onclick = () => call("cancel/", { method: "POST" });
  let lastId = "";
  for (let tries = 0; job === mine;) {
    try {
      const answer = await call("events/", {
        headers: lastId ? { "Last-Event-ID": lastId } : {}, signal: mine.abort.signal,
      });
      for await (const { id, name, data } of readEvents(answer.body)) {
        tries = 0;
        if (id) lastId = id;
        if (job !== mine || handle(name, data)) return;
      }
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (problem.status) throw problem;
      if (++tries > 30) throw new Error(texts.no_connection);
      showState("lost", {});
    }
    await new Promise((wake) => setTimeout(wake, 1000));
  }
}

const call = (path, options) => callTranscript(job, path, options);

async function* readEvents(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop();
    for (const block of blocks) {
      const event = { id: "", name: "message", data: "" };
      for (const line of block.split("\n")) {
        const [, field, text] = line.match(/^(\w+): ?(.*)$/) ?? [];
        if (field === "id") event.id = text;
        if (field === "event") event.name = text;
        if (field === "data") event.data += text;
      }
      if (event.data) yield { ...event, data: JSON.parse(event.data) };
    }
  }
}

/** Shows one event; returns true at the end of the job. */
function handle(name, data) {
  if (name === "status" && data.status in texts) showState(data.status, {});
  if (name === "queue" && data.position > 0)
    showState("queued", { detail: fill(texts.place, { position: data.position }) });
  if (name === "progress" && data.total_s)
    showState("processing", {
      detail: fill(texts.of, { done: formatTime(data.done_s), total: formatTime(data.total_s) }),
      part: Math.min(1, data.done_s / data.total_s),
    });
  if (name === "segment") showSegment(data);
  if (name !== "done") return false;
  finish();
  return true;
}

async function finish() {
  try {
    const transcript = await (await call("")).json();
    $("progress").hidden = true;
    if (transcript.status === "failed") return showProblem(transcript.error ?? texts.failed);
    if (transcript.status === "cancelled") return reset();
    $("segments").replaceChildren();
    transcript.segments.forEach(showSegment);
    showFacts(transcript);
    $("result").hidden = $("downloads").hidden = false;
    offerToKeep(job?.isVisitors ? [job] : []);
    $("result-title").focus();
  } catch (problem) {
    showProblem(problem.message);
  }
}

// ---- showing

function reset() {
  job?.abort.abort();
  job = null;
  for (const id of ["progress", "problem", "result", "downloads"]) $(id).hidden = true;
  for (const id of ["segments", "warnings"]) $(id).replaceChildren();
  $("facts").textContent = "";
  offerToKeep([]);
}

function showState(state, { detail = "", part = null }) {
  $("progress").hidden = false;
  $("state").textContent = texts[state];
  $("detail").textContent = detail;
  if (part === null) $("bar").removeAttribute("value");
  else $("bar").value = part;
}

function showProblem(message) {
  $("progress").hidden = true;
  $("problem").hidden = false;
  $("problem").textContent = message;
}

function showSegment({ start, speaker, text }) {
  $("result").hidden = false;
  const item = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = formatTime(start);
  const body = document.createElement("div");
  if (speaker) body.append(Object.assign(document.createElement("b"), { textContent: speaker }));
  const spoken = Object.assign(document.createElement("p"), { textContent: text, dir: "auto" });
  body.append(spoken);
  item.append(time, body);
  $("segments").append(item);
}

function showFacts(transcript) {
  const facts = [formatTime(transcript.duration), fill(texts.heard_by, { model: transcript.model })];
  if (transcript.warnings?.some(({ code }) => code === "no_speech")) facts.push(texts.no_speech);
  $("facts").textContent = facts.join(" · ");
  for (const { code, message } of transcript.warnings ?? []) {
    if (code === "no_speech") continue; // stands in the facts
    const textContent = texts.remarks[code] ?? message;
    $("warnings").append(Object.assign(document.createElement("li"), { textContent }));
  }
}

for (const button of $("downloads").children)
  button.addEventListener("click", async () => {
    try {
      const name = fileInput.files[0]?.name.replace(/\.\w+$/, "") || "transcript";
      await saveExport(job, { format: button.dataset.format, name });
    } catch (problem) {
      showProblem(problem.message);
    }
  });

function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  return `${(bytes / 1000 ** step).toLocaleString(undefined, { maximumFractionDigits: 1 })} ${units[step]}`;
}
