// Reading along: words and their times, a click that plays from there, and further parts of a text.
import { showError } from "./dom.js";
import { hasReachedEnd, startFollowing, stopPlayingAt } from "./follow.js";
import { loadRest, onPart, startParts } from "./parts.js";
import { seekTo } from "./player-time.js";
import { findSegment, lines, list } from "./segments.js";
import { startShortcuts } from "./shortcuts.js";
import { SpokenWords } from "./spoken-words.js";
import { texts } from "./texts.js";

export { lines, list };

export const player = /** @type {HTMLMediaElement | null} */ (document.getElementById("player"));
export const api = `/api/v1/transcripts/${list.dataset.transcript}/`;
/** @type {((ids: string[]) => void)[]} */
const listeners = [];
const spoken = new SpokenWords(
  (page) => `${api}segments/?page=${page + 1}&page_size=100`,
  (ids) => {
    for (const listener of listeners) listener(ids);
  },
);
export const words = spoken.known; // segment id → its words, as the API gives them
let isPausedByHand = false;

/** @param {(ids: string[]) => void} listener called with the segments whose words were read */
export function onWords(listener) {
  listeners.push(listener);
}

/** @param {HTMLElement} item */
export const wordsOf = (item) => spoken.of(item);

/** Discard what was read of pages: segments have moved. */
export const discardPages = () => spoken.discardPages();

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
 * Play from the place that was clicked; once someone has paused the recording, only go there, so that
 * who corrects in silence stays in silence.
 * @param {number} seconds
 */
export function hearFrom(seconds) {
  if (!player) return;
  if (!isPausedByHand) return playFrom(seconds);
  stopPlayingAt(Infinity);
  seekTo(player, seconds);
}

/**
 * Play from a time, and show its line. Without a recording a line of another part of the text is
 * shown by that part's page.
 * @param {number} seconds
 * @param {number | null} [order] how many segments are before it
 */
export async function goTo(seconds, order = null) {
  if (player) playFrom(seconds);
  for (let item = findSegment(seconds); ; item = findSegment(seconds)) {
    if (item && seconds < Number(item.dataset.end)) return item.scrollIntoView({ block: "center" });
    const isBehind = item === lines[lines.length - 1];
    if (!isBehind || !(await loadRest())) break;
  }
  if (!player && order !== null) location.assign(`?line=${order}`);
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
  startFollowing(audio, { ...spoken.source, onLast: loadRest });
  audio.addEventListener("play", () => (isPausedByHand = false));
  audio.addEventListener("pause", () => (isPausedByHand = !audio.ended && !hasReachedEnd()));
  audio.addEventListener("error", () =>
    showError(texts.no_recording, { retry: () => audio.load() }),
  );
  list.addEventListener("click", playClicked);
  const at = new URLSearchParams(location.search).get("at"); // a link to a time
  if (at) whenReady(audio, () => goTo(Number(at)));
}
