// Reading along: words and their times, a click that plays from there, and further parts of a text.
import { hideError, showError } from "./dom.js";
import { startFollowing, stopPlayingAt } from "./follow.js";
import { loadRest, onPart, startParts } from "./parts.js";
import { seekTo } from "./player-time.js";
import { RequestError, requestJson } from "./requests.js";
import { findSegment, idOf, lines, list } from "./segments.js";
import { startShortcuts } from "./shortcuts.js";
import { texts } from "./texts.js";

export { lines, list };

/** @typedef {import("./types.js").Word} Word */

export const player = /** @type {HTMLMediaElement | null} */ (document.getElementById("player"));
export const api = `/api/v1/transcripts/${list.dataset.transcript}/`;
const PAGE = 100; // segments whose words are read at once
const RETRY_MS = 5000; // playing asks once a frame
/** @type {Map<string, Word[]>} */
export const words = new Map(); // segment id → its words, as the API gives them
/** @type {Map<number, Promise<void>>} */
const pages = new Map(); // page → the promise of it
/** @type {Map<number, number>} */
const failedAt = new Map(); // page → when it could not be read
/** @type {((ids: string[]) => void)[]} */
const listeners = [];
let isFailureShown = false;

/** @param {(ids: string[]) => void} listener called with the segments whose words were read */
export function onWords(listener) {
  listeners.push(listener);
}

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
  if (!words.has(idOf(item)) && page && isDue(page)) {
    if (!pages.has(page)) pages.set(page, readPage(page));
    await pages.get(page);
  }
  return words.get(idOf(item)) ?? [];
}

/** @param {number} page */
const isDue = (page) => Date.now() - (failedAt.get(page) ?? -Infinity) >= RETRY_MS;

/** @param {number} page */
async function readPage(page) {
  try {
    const { results } = await requestJson(`${api}segments/?page=${page}&page_size=${PAGE}`);
    const read = results.filter((/** @type {{id: string}} */ { id }) => !words.has(id));
    for (const segment of read) words.set(segment.id, segment.words);
    failedAt.delete(page);
    if (isFailureShown) hideError();
    isFailureShown = false;
    const ids = read.map((/** @type {{id: string}} */ { id }) => id);
    for (const listener of listeners) listener(ids);
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
 * Play from a time, to another one or on.
 * @param {number} seconds
 * @param {number} [until]
 */
export function playFrom(seconds, until = Infinity) {
  if (!player) return;
  stopPlayingAt(until);
  seekTo(player, seconds);
  player.play().catch(() => {}); // refused, or overtaken by a pause; else it is an `error`
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
  if (player) playFrom(seconds);
  else if (!isHere && order !== null) location.assign(`?line=${order}`);
}

/**
 * @param {HTMLMediaElement} audio
 * @param {() => void} act
 */
function whenReady(audio, act) {
  if (audio.readyState >= HTMLMediaElement.HAVE_METADATA) act();
  else audio.addEventListener("loadedmetadata", act, { once: true });
}

/** @param {MouseEvent} event */
function playClicked(event) {
  const target = /** @type {Element} */ (event.target);
  const item = /** @type {HTMLElement | null} */ (target.closest("li"));
  if (!item || !list.contains(item)) return;
  if (target.closest("[data-action=listen]"))
    playFrom(Number(item.dataset.start), Number(item.dataset.end));
  else if (target.closest(".time")) playFrom(Number(item.dataset.start));
}

function showListen() {
  const buttons = /** @type {NodeListOf<HTMLElement>} */ (
    list.querySelectorAll("[data-action=listen]")
  );
  for (const button of buttons) button.hidden = false;
}

startShortcuts(player);
startParts();
if (player) {
  const audio = player;
  list.classList.add("playable");
  showListen();
  onPart(showListen);
  startFollowing(audio, {
    wordsOf: (item) => words.get(idOf(item)),
    load: (item) => {
      if (!words.has(idOf(item))) wordsOf(item);
    },
    onLast: loadRest,
  });
  audio.addEventListener("error", () =>
    showError(texts.no_recording, { retry: () => audio.load() }),
  );
  list.addEventListener("click", playClicked);
  const at = new URLSearchParams(location.search).get("at"); // a link to a time
  if (at) whenReady(audio, () => goTo(Number(at)));
}
