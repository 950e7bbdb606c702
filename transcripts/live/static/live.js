// The live page: shows the events of `LiveTranscription`, and starts and stops it.
import { copyText } from "../../pages/static/clipboard.js";
import { $, hideError, make, makeButton, showError } from "../../pages/static/dom.js";
import { fetchExport, saveFile } from "../../exports/static/exports.js";
import {
  formatClock,
  formatSeconds,
  formatShortDay,
  formatTime,
} from "../../pages/static/format.js";
import { offerToSave } from "../../pages/static/guest-results.js";
import { nameLanguage, nameLanguages } from "../../pages/static/languages.js";
import { LiveTranscription } from "./live-client.js";
import { listModels } from "../../pages/static/models.js";
import { offerMicrophones, showOpened } from "./microphones.js";
import {
  RequestError,
  callTranscript,
  csrfHeader,
  fetchTicket,
  readJson,
  withRetries,
} from "../../pages/static/requests.js";
import { fill, texts } from "../../pages/static/texts.js";
import { readSecondPass } from "./second-pass.js";

const BARS = 48;
const IDLE_STATES = ["idle", "ended", "failed"];
const SILENT_LEVEL = 0.08; // -55 dBFS: less than any room with a microphone in it
const SILENT_FRAMES = 60;
const RETRY_WAITS_MS = [1000, 3000, 10_000];

/** @typedef {Record<string, any>} Message an event's detail */
/** @typedef {{id: string, token: string}} Part */

const form = $("live");
const { language, model, microphone, hot_words: hotWords } = form.elements;
const formats = form.dataset.formats.split(" ");
const secondPass = form.elements.second_pass;
const partial = $("partial");
const toggle = form.querySelector(".toggle");
const stateLine = form.querySelector(".state");
/** @type {LiveTranscription | null} */
let live = null; // the session under way, or the last one
/** @type {Part[]} */
let parts = []; // its transcripts; a second one where the first was closed too early
let wasInterrupted = false; // words that were on their way may be missing on the page
/** @type {{model?: string, language?: string}} */
let facts = {};
let silentFrames = 0;
/** @type {WakeLockSentinel | null} */
let screenLock = null;
let isAwakeWanted = false; // a session may end while the lock is asked for
let waiting = new AbortController(); // for the second pass

nameLanguages(language);
listModels(model);
offerMicrophones(microphone, $("microphone-field"));
$("meter").append(...Array.from({ length: BARS }, () => document.createElement("i")));

// ---- starting and stopping

form.addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  if (isActive()) live?.stop();
  else startSession();
});
$("pause").addEventListener("click", () =>
  live?.state === "paused" ? live.resume() : live?.pause(),
);
language.addEventListener("change", () => {
  if (isActive()) live?.configure({ language: language.value });
});

function startSession() {
  reset();
  const opened = (live = new LiveTranscription({
    url: new URL(form.dataset.stream, location.href.replace(/^http/, "ws")),
    getToken: () => (form.dataset.ticket ? fetchTicket(form.dataset.ticket) : ""),
    language: language.value,
    model: model.value || undefined,
    secondPass: Boolean(secondPass?.checked),
    hotWords: hotWords.value.trim(),
    title: form.dataset.ticket ? "" : titleNow(), // of an account the server knows language and zone
    deviceId: microphone.value,
  }));
  /** @type {Record<string, (detail: any) => void>} */
  const handlers = {
    state: showState,
    session: showSession,
    level: showLevel,
    partial: showPartial,
    final: showFinal,
    notice: showNotice,
    ended: showEnd,
    failed: showFailure,
  };
  for (const [name, handle] of Object.entries(handlers))
    opened.addEventListener(name, (event) => handle(/** @type {CustomEvent} */ (event).detail));
  opened.start();
}

function titleNow() {
  const now = new Date();
  return fill(texts.live_title, { day: formatShortDay(now), time: formatTime(now) });
}

const isActive = () => live !== null && !IDLE_STATES.includes(live.state);

addEventListener("beforeunload", (event) => {
  if (isActive()) event.preventDefault();
});

// ---- the words

/** @param {Message} message */
function showSession({ transcript_id: id, transcript_token: token, model: name }) {
  if (parts.at(-1)?.id === id) return void (wasInterrupted = true);
  parts.push({ id, token });
  showFacts({ model: name });
  if (parts.length === 1) return;
  const textContent = fill(texts.part, { n: parts.length });
  append(make("p", { className: "part", textContent }));
}

/** @param {Message} message */
const showFinal = (message) => append(makeUtterance(message));

/** @param {Message} message */
function makeUtterance({ text, start }) {
  const time = make("time", { textContent: formatClock(start) });
  const spoken = make("span", { textContent: text });
  return make("p", { className: "utterance", dir: "auto" }, time, spoken);
}

/**
 * What the second pass has written: each line whose speaker is another one names it.
 * @param {import("./second-pass.js").Segment[]} segments
 */
function showRefined(segments) {
  const shown = segments.map((segment, index) => {
    const line = makeUtterance(segment);
    const isNew = segment.speaker && segment.speaker !== segments[index - 1]?.speaker;
    if (isNew) line.prepend(make("b", { className: "who", textContent: segment.speaker ?? "" }));
    return line;
  });
  $("finals").replaceChildren(...shown);
}

async function followSecondPass() {
  const [part, ...others] = parts;
  if (!part || others.length) return void ($("refining").textContent = texts.second_pass);
  $("refining").textContent = texts.refining;
  try {
    const segments = await readSecondPass(part, waiting.signal);
    if (segments) showRefined(segments);
    $("refining").textContent = segments ? texts.refined : texts.not_refined;
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
    $("refining").textContent = texts.second_pass;
  }
}

/** @param {Message} message */
function showPartial({ committed, pending, start }) {
  partial.hidden = !committed && !pending;
  partial.querySelector("time").textContent = partial.hidden ? "" : formatClock(start);
  partial.querySelector(".committed").textContent = committed;
  partial.querySelector(".pending").textContent = pending;
  if (!partial.hidden) $("text").hidden = false;
  followText();
}

/** @param {HTMLElement} element */
function append(element) {
  $("text").hidden = false;
  $("finals").append(element);
  followText();
}

/** @param {{level: number, capturedMs: number}} detail */
function showLevel({ level, capturedMs }) {
  const bars = $("meter").children;
  bars[0].style.setProperty("--level", (level ** 2).toFixed(3));
  bars[bars.length - 1].after(bars[0]); // the oldest becomes the newest
  const limit = form.dataset.limitS ? ` / ${formatClock(form.dataset.limitS)}` : "";
  $("clock").textContent = formatClock(capturedMs / 1000) + limit;
  silentFrames = level < SILENT_LEVEL ? silentFrames + 1 : 0;
  if (silentFrames === SILENT_FRAMES) showRemark(texts.silent);
  if (silentFrames === 0 && $("remark").textContent === texts.silent) showRemark("");
}

// ---- how it goes

/** @param {{state: string}} detail */
function showState({ state }) {
  if (state === "connecting") showOpened(microphone, $("microphone-field"), live?.deviceId ?? "");
  form.dataset.state = state;
  form.classList.add("compact");
  form.classList.toggle("active", isActive());
  stateLine.textContent = texts[state];
  if (state === "finishing") showRemark(""); // it was about the microphone, or the delay
  toggle.disabled = ["asking", "finishing"].includes(state);
  $("toggle-label").textContent = isActive() ? texts.stop : texts.again;
  $("pause").hidden = !["listening", "paused"].includes(state);
  $("pause").textContent = state === "paused" ? texts.resume : texts.pause;
  keepAwake(isActive());
}

/** @param {Message} detail */
function showNotice({ notice, message }) {
  if (notice === "language_detected") showFacts({ language: message });
  else if (notice === "caught_up") showRemark("");
  else showRemark(texts[notice] ?? message);
}

/** What is known of this session, in one line. */
/** @param {{model?: string, language?: string}} news */
function showFacts(news) {
  facts = { ...facts, ...news };
  const known = [];
  if (facts.model) known.push(fill(texts.transcribed_with, facts));
  if (facts.language) known.push(nameLanguage(facts.language));
  $("facts").textContent = known.join(" · ");
}

/** @param {Message} detail */
async function showEnd({ credits_charged: credits, gap_seconds: missing = 0 }) {
  if (wasInterrupted) await showStored();
  const isEmpty = !$("finals").querySelector(".utterance");
  if (missing) showRemark(fill(texts.gaps, { seconds: formatSeconds(missing) }));
  else if (isEmpty) showRemark(texts.no_speech);
  const notes = [];
  if (credits && form.dataset.ticket) notes.push(fill(texts.cost, { credits }));
  $("cost").textContent = notes.join(" · ");
  offerTranscripts();
  if (isEmpty) return;
  if (live?.config.second_pass) followSecondPass();
  $("result-title").focus({ preventScroll: true });
  if (follows) $("result").scrollIntoView({ block: "nearest" });
}

/** Put what the server has stored in the place of what arrived here. */
async function showStored() {
  const [part, ...others] = parts;
  if (!part || others.length) return;
  const read = async () => readJson(await callTranscript(part, ""));
  try {
    const { segments } = await withRetries(read, { waitsMs: RETRY_WAITS_MS });
    $("finals").replaceChildren(...segments.map(makeUtterance));
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
    showRemark(texts.may_be_incomplete); // what arrived stays, and the stored text has all
  }
}

/** @param {Message} detail */
function showFailure({ code, message }) {
  showError(describeProblem(code) || message || texts.page_failed);
  offerTranscripts();
}

/**
 * A guest's limit is one of the day at the beginning, and one of the session later on.
 * @param {string} code
 */
const describeProblem = (code) =>
  code === "anonymous_limit" && parts.length ? texts.time_is_up : texts[code];

function offerTranscripts() {
  showPartial({ committed: "", pending: "" });
  $("result").hidden = !parts.length || !$("finals").querySelector(".utterance");
  $("parts").replaceChildren(...parts.map(describePart));
  offerToSave(parts);
  followText();
}

const toOpen = { textContent: texts.open, className: "button primary" };

/**
 * @param {Part} part
 * @param {number} index
 */
function describePart(part, index) {
  const item = make("li");
  const number = parts.length > 1 ? fill(texts.part, { n: index + 1 }) : "";
  const href = `/transcripts/${part.id}/`;
  if (!part.token) item.append(make("a", { href, ...(number ? { textContent: number } : toOpen) }));
  else if (number) item.append(make("span", { textContent: number }));
  const downloads = make("span", { className: "actions" });
  if (index === 0) downloads.append(makePart(texts.copy, copy));
  for (const format of formats)
    downloads.append(makePart(format.toUpperCase(), () => save(part, format)));
  item.append(downloads);
  return item;
}

/**
 * A button that is off while what it does is under way.
 * @param {string} label
 * @param {(button: HTMLButtonElement) => Promise<void>} act
 */
function makePart(label, act) {
  const button = makeButton(label, async () => {
    button.disabled = true;
    try {
      await act(button);
    } catch (problem) {
      if (!(problem instanceof RequestError)) throw problem;
      showError(problem.message, { retry: () => button.click() });
    } finally {
      button.disabled = false;
    }
  });
  return button;
}

/** @param {HTMLButtonElement} button */
async function copy(button) {
  const spoken = [...$("finals").querySelectorAll(".utterance span")];
  const isCopied = await copyText(spoken.map(({ textContent }) => textContent).join("\n"));
  if (isCopied) button.textContent = texts.copied;
  else showError(texts.not_copied);
}

/**
 * @param {Part} part
 * @param {string} format
 */
async function save({ id, token }, format) {
  /** @type {Record<string, string>} */
  const headers = token ? { Authorization: `Bearer ${token}` } : csrfHeader();
  const content = await fetchExport(`/api/v1/transcripts/${id}/export/${format}/`, { headers });
  saveFile(content, `live.${format}`);
}

/** @param {string} message */
function showRemark(message) {
  $("remark").hidden = !message;
  $("remark").textContent = message;
}

function reset() {
  waiting.abort();
  waiting = new AbortController();
  parts = [];
  facts = {};
  silentFrames = 0;
  wasInterrupted = false;
  follows = true;
  hideError();
  for (const id of ["text", "result"]) $(id).hidden = true;
  for (const id of ["finals", "parts"]) $(id).replaceChildren();
  $("facts").textContent = $("refining").textContent = "";
  showRemark("");
  showPartial({ committed: "", pending: "" });
}

/**
 * Keep a phone from going to sleep during a session; where it can't be had, the session goes on.
 * @param {boolean} isWanted
 */
async function keepAwake(isWanted) {
  isAwakeWanted = isWanted;
  try {
    if (isWanted && !screenLock) screenLock = (await navigator.wakeLock?.request("screen")) ?? null;
  } catch {
    return; // a low battery, or a page in the background
  }
  if (isAwakeWanted) return;
  screenLock?.release().catch(() => {}); // the system has taken it already
  screenLock = null;
}

// ---- the newest words stay in sight, unless the reader has gone back up

let follows = true;
const NEAR_PX = 160;

function followText() {
  const page = document.documentElement;
  if (follows && isActive()) scrollTo({ top: page.scrollHeight });
  $("newest").hidden = follows || !isActive();
}

addEventListener(
  "scroll",
  () => {
    const page = document.documentElement;
    follows = page.scrollHeight - page.clientHeight - scrollY < NEAR_PX;
    $("newest").hidden = follows || !isActive();
  },
  { passive: true },
);
$("newest").addEventListener("click", () => {
  follows = true;
  followText();
});
