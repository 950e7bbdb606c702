// The page that records: a microphone, or a tab's sound, to the server while it is recorded.
// MediaRecorder's chunks, appended, are one WebM (or MP4) file; a new recorder would begin another,
// so a reload ends the recording, and the queue finishes what was recorded until then.
import { $, hideError, showError } from "../../pages/static/dom.js";
import { formatBytes, formatClock } from "../../pages/static/format.js";
import { fill, texts } from "../../pages/static/texts.js";
import { asFields, readOptions } from "./options.js";
import { makeItem } from "./queue-items.js";
import { storage, takeOver, tickets } from "./queue.js";
import { RecordingSender } from "./recording-sender.js";

const CHUNK_MS = 1000;
const KINDS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4", "audio/webm"];
const LANGUAGE = document.documentElement.lang || "en";

const sources = /** @type {HTMLElement} */ (document.querySelector(".recorder-sources"));
const running = /** @type {HTMLElement} */ (document.querySelector(".recorder-running"));

$("recorder").hidden = false;
$("record-tab").hidden = !navigator.mediaDevices?.getDisplayMedia;
$("record-microphone").addEventListener("click", () => begin(openMicrophone));
$("record-tab").addEventListener("click", () => begin(openTab));

/** @returns {Promise<MediaStream>} */
function openMicrophone() {
  return navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1 } });
}

/** A tab, a window or the screen, of which only the sound is taken. */
async function openTab() {
  const stream = await navigator.mediaDevices.getDisplayMedia({ audio: true, video: true });
  const sound = stream.getAudioTracks();
  if (!sound.length) {
    for (const track of stream.getTracks()) track.stop();
    throw new Error(texts.no_sound);
  }
  // The picture's track stays: browsers end the sound with it.
  return stream;
}

/** @param {() => Promise<MediaStream>} open */
async function begin(open) {
  hideError();
  if (!navigator.mediaDevices) return void showError(texts.needs_tls);
  if (!("MediaRecorder" in window)) return void showError(texts.no_recorder);
  try {
    record(await open());
  } catch (problem) {
    const isRefused = problem instanceof DOMException;
    showError(isRefused ? texts.no_microphone : /** @type {Error} */ (problem).message);
  }
}

/** @param {MediaStream} stream */
function record(stream) {
  const sound = new MediaStream(stream.getAudioTracks());
  const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) ?? "";
  const recorder = new MediaRecorder(sound, { mimeType, audioBitsPerSecond: 64_000 });
  const item = makeItem(
    { name: `${nameNow()}.${mimeType.includes("mp4") ? "m4a" : mimeType.slice(6, 10).replace(";", "")}`, size: 0 },
    { kind: "recording", options: asFields(readOptions()) },
  ); // prettier-ignore
  const release = holdLock(item.id);
  const sender = new RecordingSender(item, {
    storage,
    tickets,
    onSent: (sent) => ($("record-saved").textContent = fill(texts.saved_to, { size: formatBytes(sent) })),
    onLine: (isUp) => isUp || ($("record-saved").textContent = texts.line_lost),
  }); // prettier-ignore
  const clock = new Clock();
  const level = watchLevel(sound);
  recorder.ondataavailable = ({ data }) => data.size && sender.add(data);
  recorder.onstop = async () => {
    clock.stop();
    level.close();
    for (const track of stream.getTracks()) track.stop();
    removeEventListener("beforeunload", ask);
    $("record-state").textContent = texts.finishing;
    for (const id of ["record-stop", "record-pause"]) $(id).disabled = true;
    const ended = await sender.end();
    release();
    if (!ended.size) {
      await storage.remove(item.id);
      return void showError(texts.nothing, { canReload: true });
    }
    await takeOver(ended);
  };
  for (const track of sound.getTracks()) track.onended = () => stop();
  const stop = () => recorder.state !== "inactive" && recorder.stop();
  $("record-stop").onclick = stop;
  $("record-pause").onclick = () => {
    if (recorder.state === "recording") recorder.pause();
    else recorder.resume();
    const isPaused = recorder.state === "paused";
    clock.setRunning(!isPaused);
    $("record-pause").textContent = isPaused ? texts.resume : texts.pause;
    $("record-state").textContent = isPaused ? texts.paused : texts.recording;
  };
  addEventListener("beforeunload", ask);
  sources.hidden = true;
  running.hidden = false;
  $("record-state").textContent = texts.recording;
  recorder.start(CHUNK_MS);
  $("record-stop").focus();
}

/** @param {Event} event */
const ask = (event) => event.preventDefault();

/** Other pages leave a recording alone while this one goes on. @param {string} id */
function holdLock(id) {
  let release = () => {};
  navigator.locks?.request(`stt-recording-${id}`, () => new Promise((resolve) => (release = () => resolve(null))));
  return () => release();
} // prettier-ignore

function nameNow() {
  const now = new Date();
  const day = now.toLocaleDateString(LANGUAGE, { day: "numeric", month: "short" });
  const time = now.toLocaleTimeString(LANGUAGE, { hour: "2-digit", minute: "2-digit" });
  return fill(texts.recording_named, { day, time });
}

/** The length of what is recorded, on the page and in its title. */
class Clock {
  constructor() {
    this.ms = 0;
    this.since = performance.now();
    this.isRunning = true;
    this.title = document.title;
    this.timer = setInterval(() => this.show(), 250);
  }

  /** @param {boolean} isRunning */
  setRunning(isRunning) {
    if (this.isRunning) this.ms += performance.now() - this.since;
    this.since = performance.now();
    this.isRunning = isRunning;
  }

  show() {
    const ms = this.ms + (this.isRunning ? performance.now() - this.since : 0);
    $("record-time").textContent = formatClock(ms / 1000);
    document.title = `● ${formatClock(ms / 1000)} · ${this.title}`;
  }

  stop() {
    clearInterval(this.timer);
    document.title = this.title;
  }
}

/** @param {MediaStream} sound */
function watchLevel(sound) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  context.createMediaStreamSource(sound).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
    $("record-level").value = Math.min(1, Math.sqrt(power) * 4);
  }, 100);
  return {
    close: () => {
      clearInterval(timer);
      context.close();
    },
  };
}
