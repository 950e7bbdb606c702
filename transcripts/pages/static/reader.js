// Reading along: the segment and the word that are played, and a click that plays from there.

import { hideError, showError } from "./dom.js";
import { recordingTime, seekTo } from "./player-time.js";
import { RequestError, requestJson } from "./requests.js";
import { texts } from "./texts.js";

/** @typedef {import("./types.js").Word} Word */

export const list = /** @type {HTMLElement} */ (document.getElementById("segments"));
export const player = /** @type {HTMLAudioElement | null} */ (document.getElementById("player"));
export const api = `/api/v1/transcripts/${list.dataset.transcript}/`;
/** The segments alone, without the gaps between them; the collection follows what is done to the list. */
export const lines = /** @type {HTMLCollectionOf<HTMLElement>} */ (
  list.getElementsByClassName("segment")
);
const PAGE = 100; // segments whose words are read at once
const RETRY_MS = 5000; // playing asks four times a second
/** @type {Map<string | undefined, Word[]>} */
export const words = new Map(); // segment id → its words, as the API gives them
/** @type {Map<number, Promise<void>>} */
const pages = new Map(); // page → the promise of it
/** @type {Map<number, number>} */
const failedAt = new Map(); // page → when it could not be read
let isFailureShown = false;
/** @type {HTMLElement | null} */
let current = null; // the segment that is played
let stopAt = Infinity; // seconds: where a gap that is played ends

/**
 * Return the words of a segment; reads the page that it is on. Where that fails, the failure is
 * shown, no words are returned, and a call after RETRY_MS tries again.
 * @param {HTMLElement} item
 * @returns {Promise<Word[]>}
 */
export async function wordsOf(item) {
  const index = [...lines].indexOf(item);
  const before = Number(list.dataset.first ?? 0); // of a long text, the page shows a part
  const page = index < 0 ? 0 : Math.floor((before + index) / PAGE) + 1;
  if (!words.has(item.dataset.id) && page && isDue(page)) {
    if (!pages.has(page)) pages.set(page, readPage(page));
    await pages.get(page);
  }
  return words.get(item.dataset.id) ?? [];
}

/** @param {number} page */
const isDue = (page) => Date.now() - (failedAt.get(page) ?? -Infinity) >= RETRY_MS;

/** @param {number} page */
async function readPage(page) {
  try {
    const { results } = await requestJson(`${api}segments/?page=${page}&page_size=${PAGE}`);
    for (const segment of results) words.set(segment.id, segment.words);
    failedAt.delete(page);
    if (isFailureShown) hideError();
    isFailureShown = false;
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
    pages.delete(page);
    failedAt.set(page, Date.now());
    if (!isFailureShown) showError(problem.message, { canReload: problem.status === 401 });
    isFailureShown = true;
  }
}

/** Discard what was read of pages: segments have moved. */
export function discardPages() {
  pages.clear();
  failedAt.clear();
}

/**
 * Make each word of a segment an element that knows its time.
 * @param {HTMLElement} item
 */
async function renderWords(item) {
  const text = /** @type {HTMLElement | null} */ (item.querySelector(".text"));
  if (!text || text.dataset.rendered) return;
  const known = await wordsOf(item);
  const parts = known.length ? splitText(text.textContent ?? "", known) : null;
  if (!parts) return;
  text.replaceChildren(...parts);
  text.dataset.rendered = "yes";
}

/**
 * The text as words and what stands between them; null where these aren't its words any more.
 * @param {string} plain
 * @param {Word[]} known
 */
function splitText(plain, known) {
  const parts = [];
  let at = 0;
  for (const word of known) {
    const found = plain.indexOf(word.word, at);
    if (found < 0) return null;
    const span = document.createElement("span");
    span.textContent = word.word;
    span.dataset.start = String(word.start);
    span.dataset.end = String(word.end);
    parts.push(plain.slice(at, found), span);
    at = found + word.word.length;
  }
  return [...parts, plain.slice(at)];
}

/**
 * @param {HTMLAudioElement} audio
 * @param {string | undefined} seconds
 */
function play(audio, seconds, until = Infinity) {
  stopAt = until;
  seekTo(audio, Number(seconds));
  audio.play().catch(() => {}); // refused, or overtaken by a pause; a recording that can't be read is an `error`
}

/** @param {number} seconds */
function findSegment(seconds) {
  let low = 0;
  let high = lines.length - 1;
  let found = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const item = /** @type {HTMLElement} */ (lines[middle]);
    if (Number(item.dataset.start) <= seconds) {
      found = item;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found;
}

/**
 * Play from a time, and show its line. Without a recording a line of another part of the text is
 * shown by that part's page.
 * @param {number} seconds
 * @param {number | null} [order] how many segments are before it
 */
export function goTo(seconds, order = null) {
  const item = findSegment(seconds);
  const isHere = item && seconds < Number(item.dataset.end);
  if (isHere) item.scrollIntoView({ block: "center" });
  if (player) play(player, String(seconds));
  else if (!isHere && order !== null) location.assign(`?line=${order}`);
}

/**
 * @param {HTMLAudioElement} audio
 * @param {() => void} act
 */
function whenReady(audio, act) {
  if (audio.readyState >= HTMLMediaElement.HAVE_METADATA) act();
  else audio.addEventListener("loadedmetadata", act, { once: true });
}

/** @param {HTMLAudioElement} audio */
async function follow(audio) {
  const seconds = recordingTime(audio);
  if (seconds >= stopAt) {
    stopAt = Infinity;
    audio.pause();
  }
  const item = findSegment(seconds);
  if (item !== current) {
    current?.classList.remove("now");
    current = item;
    item?.classList.add("now");
    if (item && !audio.paused) scrollIntoSight(item, audio);
  }
  if (!item) return;
  await renderWords(item);
  item.querySelector(".text .now")?.classList.remove("now");
  findWord(item, seconds)?.classList.add("now");
}

/**
 * @param {HTMLElement} item
 * @param {number} seconds
 */
function findWord(item, seconds) {
  const spans = /** @type {NodeListOf<HTMLElement>} */ (item.querySelectorAll(".text span"));
  return [...spans].findLast(
    ({ dataset }) => Number(dataset.start) <= seconds && seconds < Number(dataset.end),
  );
}

/**
 * Scrolls, except where a field has the focus.
 * @param {HTMLElement} item
 * @param {HTMLAudioElement} audio
 */
function scrollIntoSight(item, audio) {
  if (document.activeElement?.matches("textarea, input, select")) return;
  const box = item.getBoundingClientRect();
  const top = audio.getBoundingClientRect().bottom;
  if (box.top < top || box.bottom > innerHeight) item.scrollIntoView({ block: "center" });
}

/**
 * @param {MouseEvent} event
 * @param {HTMLAudioElement} audio
 */
async function playClicked(event, audio) {
  const target = /** @type {Element} */ (event.target);
  const item = target.closest("li");
  if (!item) return;
  if (target.closest("[data-action=listen]"))
    return play(audio, item.dataset.start, Number(item.dataset.end));
  if (target.closest("button.time")) return play(audio, item.dataset.start);
  if (!target.closest(".text") || String(getSelection())) return;
  await renderWords(item);
  const word = document.elementFromPoint(event.clientX, event.clientY)?.closest(".text span");
  if (word instanceof HTMLElement) play(audio, word.dataset.start);
}

if (player) {
  const audio = player;
  list.classList.add("playable");
  const buttons = /** @type {NodeListOf<HTMLElement>} */ (
    list.querySelectorAll("[data-action=listen]")
  );
  for (const button of buttons) button.hidden = false;
  audio.addEventListener("timeupdate", () => follow(audio));
  audio.addEventListener("error", () =>
    showError(texts.no_recording, { retry: () => audio.load() }),
  );
  list.addEventListener("click", (event) => playClicked(event, audio));
  const at = new URLSearchParams(location.search).get("at"); // a link to a time
  if (at) whenReady(audio, () => goTo(Number(at)));
}
