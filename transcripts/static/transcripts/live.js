// The live page: shows what `LiveTranscription` tells, and starts and stops it.
import { offerToKeep } from "./keep.js";
import { LiveTranscription } from "./live-client.js";
import { $, callTranscript, fetchTicket, fill, formatSeconds, formatTime, nameLanguage, nameLanguages, saveExport, texts } from "./page.js";

const FORMATS = ["txt", "srt", "vtt", "docx", "json"];
const BARS = 48;
const IDLE_STATES = ["idle", "ended", "failed"];
const SILENT_LEVEL = 0.08; // -55 dBFS: less than any room with a microphone in it
const SILENT_FRAMES = 60;

const form = $("live");
const { language, model } = form.elements;
const secondPass = form.elements.second_pass;
const partial = $("partial");
let live = null; // the session under way, or the last one
let parts = []; // {id, token}: its transcripts; a second one where the first was closed too early
let wasInterrupted = false; // words that were on their way may be missing on the page
let facts = {}; // {model, language}
let silentFrames = 0;
let screenLock = null;

nameLanguages(language);
listModels();
$("meter").append(...Array.from({ length: BARS }, () => document.createElement("i")));

// ---- starting and stopping

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (isActive()) live.stop();
  else start();
});
$("pause").addEventListener("click", () => (live.state === "paused" ? live.resume() : live.pause()));
language.addEventListener("change", () => isActive() && live.configure({ language: language.value }));

function start() {
  reset();
  live = new LiveTranscription({
    url: new URL(form.dataset.stream, location.href.replace(/^http/, "ws")),
    getToken: () => (form.dataset.ticket ? fetchTicket(form.dataset.ticket) : ""),
    language: language.value,
    model: model.value || undefined,
    secondPass: Boolean(secondPass?.checked),
  });
  const handlers = { state: showState, session: showSession, level: showLevel, partial: showPartial,
    final: showFinal, notice: showNotice, ended: showEnd, failed: showFailure };
  for (const [name, handle] of Object.entries(handlers))
    live.addEventListener(name, ({ detail }) => handle(detail));
  live.start();
}

const isActive = () => live !== null && !IDLE_STATES.includes(live.state);

async function listModels() {
  const answer = await fetch("/v1/models").catch(() => null);
  if (!answer?.ok) return; // the server chooses
  for (const { id, name, available, served_by } of (await answer.json()).models) {
    if (!available || (served_by && served_by !== id)) continue;
    model.append(new Option(name, id));
  }
}

addEventListener("beforeunload", (event) => isActive() && event.preventDefault());

// ---- what is heard

function showSession({ transcript_id: id, transcript_token: token, model: heardBy }) {
  if (parts.at(-1)?.id === id) return void (wasInterrupted = true);
  parts.push({ id, token });
  showFacts({ model: heardBy });
  if (parts.length > 1) append(make("p", { className: "part", textContent: fill(texts.part, { n: parts.length }) }));
}

const showFinal = (message) => append(makeSaid(message));

function makeSaid({ text, start }) {
  const said = make("p", { className: "said", dir: "auto" });
  said.append(make("time", { textContent: formatTime(start) }), make("span", { textContent: text }));
  return said;
}

function showPartial({ committed, pending, start }) {
  partial.hidden = !committed && !pending;
  partial.querySelector("time").textContent = partial.hidden ? "" : formatTime(start);
  partial.querySelector(".committed").textContent = committed;
  partial.querySelector(".pending").textContent = pending;
  if (!partial.hidden) $("text").hidden = false;
  keepInSight();
}

function append(element) {
  $("text").hidden = false;
  $("finals").append(element);
  keepInSight();
}

function showLevel({ level, capturedMs }) {
  const bars = $("meter").children;
  bars[0].style.setProperty("--level", (level ** 2).toFixed(3));
  bars[bars.length - 1].after(bars[0]); // the oldest becomes the newest
  const limit = form.dataset.limitS ? ` / ${formatTime(form.dataset.limitS)}` : "";
  $("clock").textContent = formatTime(capturedMs / 1000) + limit;
  silentFrames = level < SILENT_LEVEL ? silentFrames + 1 : 0;
  if (silentFrames === SILENT_FRAMES) remark(texts.silent);
  if (silentFrames === 0 && $("remark").textContent === texts.silent) remark("");
}

// ---- how it goes

function showState({ state }) {
  form.dataset.state = state;
  form.classList.add("compact");
  form.classList.toggle("active", isActive());
  $("state").textContent = texts[state];
  $("toggle").disabled = ["asking", "finishing"].includes(state);
  $("toggle-label").textContent = isActive() ? texts.stop : texts.again;
  $("pause").hidden = !["listening", "paused"].includes(state);
  $("pause").textContent = state === "paused" ? texts.resume : texts.pause;
  keepAwake(isActive());
}

function showNotice({ notice, message }) {
  if (notice === "language_detected") showFacts({ language: message });
  else if (notice === "caught_up") remark("");
  else remark(texts[notice] ?? message);
}

/** What is known of this session, in one line. */
function showFacts(news) {
  facts = { ...facts, ...news };
  const known = [];
  if (facts.model) known.push(fill(texts.heard_by, facts));
  if (facts.language) known.push(nameLanguage(facts.language));
  $("facts").textContent = known.join(" · ");
}

async function showEnd({ credits_charged: credits, gap_seconds: missing = 0 }) {
  if (wasInterrupted) await showStored();
  const isEmpty = !$("finals").querySelector(".said");
  if (missing) remark(fill(texts.gaps, { seconds: formatSeconds(missing) }));
  else if (isEmpty) remark(texts.no_speech);
  const remarks = [];
  if (credits !== undefined && form.dataset.ticket) remarks.push(fill(texts.cost, { credits }));
  if (live.config.second_pass && !isEmpty) remarks.push(texts.second_pass);
  $("cost").textContent = remarks.join(" · ");
  offerTranscripts();
  if (isEmpty) return;
  $("result-title").focus({ preventScroll: true });
  if (follows) $("result").scrollIntoView({ block: "nearest" });
}

/** Put what the server has stored in the place of what arrived here. */
async function showStored() {
  try {
    const { segments } = await (await callTranscript(parts[0], "")).json();
    if (parts.length === 1) $("finals").replaceChildren(...segments.map(makeSaid));
  } catch {
    // What arrived stays: the transcript is a link away.
  }
}

function showFailure({ code, message }) {
  $("problem").hidden = false;
  $("problem").textContent = describeProblem(code) || message || texts.lost_page;
  offerTranscripts();
}

/** A visitor's limit is one of the day at the beginning, and one of the session later on. */
const describeProblem = (code) =>
  code === "anonymous_limit" && parts.length ? texts.time_is_up : texts[code];

function offerTranscripts() {
  showPartial({ committed: "", pending: "" });
  $("result").hidden = !parts.length || !$("finals").querySelector(".said");
  $("parts").replaceChildren(...parts.map(describePart));
  offerToKeep(parts);
  keepInSight();
}

function describePart(part, index) {
  const item = make("li", {});
  const number = parts.length > 1 ? fill(texts.part, { n: index + 1 }) : "";
  if (!part.token) item.append(make("a", { href: `/transcripts/${part.id}/`, textContent: number || texts.open }));
  else if (number) item.append(make("span", { textContent: number }));
  const downloads = make("span", { className: "actions" });
  if (index === 0) downloads.append(makeButton(texts.copy, copyText));
  for (const format of FORMATS)
    downloads.append(makeButton(format.toUpperCase(), () => save(part, format)));
  item.append(downloads);
  return item;
}

function makeButton(label, press) {
  const button = make("button", { className: "button", type: "button", textContent: label });
  button.addEventListener("click", () => press(button));
  return button;
}

async function copyText(button) {
  const said = [...$("finals").querySelectorAll(".said span")];
  await navigator.clipboard.writeText(said.map(({ textContent }) => textContent).join("\n"));
  button.textContent = texts.copied;
}

async function save(part, format) {
  try {
    await saveExport(part, { format, name: "live" });
  } catch (problem) {
    $("problem").hidden = false;
    $("problem").textContent = problem.message;
  }
}

function remark(message) {
  $("remark").hidden = !message;
  $("remark").textContent = message;
}

function reset() {
  parts = [];
  facts = {};
  silentFrames = 0;
  wasInterrupted = false;
  follows = true;
  for (const id of ["problem", "text", "result"]) $(id).hidden = true;
  for (const id of ["finals", "parts"]) $(id).replaceChildren();
  $("facts").textContent = $("problem").textContent = "";
  remark("");
  showPartial({ committed: "", pending: "" });
}

/** Keep a telephone from going to sleep under its speaker. */
async function keepAwake(isWanted) {
  if (!isWanted) screenLock = void screenLock?.release();
  else screenLock ??= await navigator.wakeLock?.request("screen").catch(() => null);
}

const make = (tag, properties) => Object.assign(document.createElement(tag), properties);

// ---- the newest words stay in sight, unless the reader has gone back up

let follows = true;
const NEAR_PX = 160;

function keepInSight() {
  const page = document.documentElement;
  if (follows && isActive()) scrollTo({ top: page.scrollHeight });
  $("newest").hidden = follows || !isActive();
}

addEventListener("scroll", () => {
  const page = document.documentElement;
  follows = page.scrollHeight - page.clientHeight - scrollY < NEAR_PX;
  $("newest").hidden = follows || !isActive();
}, { passive: true });
$("newest").addEventListener("click", () => { follows = true; keepInSight(); });
