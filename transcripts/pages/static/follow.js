// Reading along: the line and the word that are played. Looks once a frame while the recording
// plays, and not at all while it doesn't.
import { locateWords, rangeIn, setMarks } from "./marks.js";
import { recordingTime, seekTo } from "./player-time.js";
import { findSegment, lines, stepFrom, textIn } from "./segments.js";

/** @typedef {import("./types.js").Word} Word */
/** @typedef {{
 *   wordsOf?: (item: HTMLElement) => Word[] | undefined,
 *   load?: (item: HTMLElement) => void,
 *   onLast?: () => void,
 * }} Source `load`: have the words of a line read; `onLast`: the last line of this part is played */

const SHORTEST_SILENCE_S = 0.9;
const LEAD_S = 0.15; // before speech begins again
const AHEAD = 8; // lines whose words are read before they are played
const HANDS_OFF_MS = 4000; // after someone scrolled

/** @type {HTMLElement | null} */
let current = null;
/** @type {Word | null} */
let currentWord = null;
let stopAt = Infinity; // seconds: where a place that is played ends
let scrolledAt = -Infinity;
let isEndReached = false;

/** Whether it stands still because a place that was played came to its end. */
export const hasReachedEnd = () => isEndReached;

/** Stop at this time of the recording, once. @param {number} seconds */
export function stopPlayingAt(seconds) {
  stopAt = seconds;
}

/**
 * @param {HTMLMediaElement} audio
 * @param {Source} source
 */
export function startFollowing(audio, source) {
  let frame = 0;
  const step = () => {
    frame = 0;
    show(audio, source);
    if (!audio.paused && !audio.ended) frame = requestAnimationFrame(step);
  };
  audio.addEventListener("play", () => {
    isEndReached = false;
    if (!frame) frame = requestAnimationFrame(step);
  });
  audio.addEventListener("pause", () => {
    cancelAnimationFrame(frame);
    frame = 0;
    show(audio, source);
  });
  // In a tab that isn't seen there are no frames, and a place ends there, too.
  for (const name of ["seeked", "timeupdate"])
    audio.addEventListener(name, () => show(audio, source));
  for (const name of ["wheel", "touchmove"])
    addEventListener(name, () => (scrolledAt = performance.now()), { passive: true });
}

/**
 * @param {HTMLMediaElement} audio
 * @param {Source} source
 */
function show(audio, source) {
  const seconds = recordingTime(audio);
  if (seconds >= stopAt) {
    stopAt = Infinity;
    isEndReached = true;
    audio.pause();
  }
  const item = isWithin(current, seconds) ? current : findSegment(seconds);
  if (item !== current) changeLine(item, audio, source);
  if (!audio.paused) skipSilence(audio, seconds);
  if (item) showWord(item, seconds, source);
}

/**
 * @param {HTMLElement | null} item
 * @param {number} seconds
 */
function isWithin(item, seconds) {
  if (!item?.isConnected) return false;
  return Number(item.dataset.start) <= seconds && seconds < Number(item.dataset.end);
}

/**
 * @param {HTMLElement | null} item
 * @param {HTMLMediaElement} audio
 * @param {Source} source
 */
function changeLine(item, audio, source) {
  current?.classList.remove("now");
  current = item;
  currentWord = null;
  setMarks("playing", []);
  if (!item) return;
  item.classList.add("now");
  if (!audio.paused) scrollIntoSight(item);
  /** @type {HTMLElement | null} */
  let ahead = item;
  for (let i = 0; i < AHEAD && ahead; i++) ahead = stepFrom(ahead, { isNext: true });
  if (ahead?.classList.contains("segment")) source.load?.(ahead);
  if (!ahead) source.onLast?.();
}

/**
 * @param {HTMLElement} item
 * @param {number} seconds
 * @param {Source} source
 */
function showWord(item, seconds, source) {
  const words = source.wordsOf?.(item);
  if (!words) return source.load?.(item);
  const at = findWord(words, seconds);
  const word = at < 0 ? null : (words[at] ?? null);
  if (word === currentWord) return;
  currentWord = word;
  const text = textIn(item);
  const place = text && word ? locateWords(text.textContent ?? "", words)[at] : null;
  const range = text && place ? rangeIn(text, ...place) : null;
  setMarks("playing", range ? [range] : []);
}

/**
 * The word that is being said; -1 between words.
 * @param {Word[]} words
 * @param {number} seconds
 */
export function findWord(words, seconds) {
  let low = 0;
  let high = words.length - 1;
  let found = -1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (/** @type {Word} */ (words[middle]).start <= seconds) {
      found = middle;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found >= 0 && seconds < /** @type {Word} */ (words[found]).end ? found : -1;
}

/**
 * Speech that isn't in the text is no silence: gaps are played.
 * @param {HTMLMediaElement} audio
 * @param {number} seconds
 */
function skipSilence(audio, seconds) {
  if (!audio.dataset.skipsSilence || seconds >= stopAt) return;
  const before = findSegment(seconds);
  let item = before ? stepFrom(before, { isNext: true }) : (lines[0] ?? null);
  if (before && seconds < Number(before.dataset.end)) return;
  while (item && Number(item.dataset.end) <= seconds) item = stepFrom(item, { isNext: true });
  const start = Number(item?.dataset.start);
  if (start - seconds > SHORTEST_SILENCE_S) seekTo(audio, start - LEAD_S);
}

/**
 * Not while someone corrects another line, or has just scrolled.
 * @param {HTMLElement} item
 */
function scrollIntoSight(item) {
  const focused = document.activeElement;
  if (focused?.matches("textarea, input, select, [contenteditable]")) return;
  if (performance.now() - scrolledAt < HANDS_OFF_MS) return;
  const box = item.getBoundingClientRect();
  const top = document.getElementById("tools")?.getBoundingClientRect().bottom ?? 0;
  const bottom = document.querySelector("stt-player .bar")?.getBoundingClientRect().top;
  if (box.top < top || box.bottom > (bottom ?? innerHeight))
    item.scrollIntoView({ block: "center" });
}
