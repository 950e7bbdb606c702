// Reading along: the segment and the word that are heard, and a click that plays from there.

import { loadPart, onPart } from "./parts.js";
import { recordingTime, seekTo } from "./player-time.js";

export const list = document.getElementById("segments");
export const player = document.getElementById("player");
export const api = `/api/v1/transcripts/${list.dataset.transcript}/`;
/** The segments alone, without the gaps between them; the collection follows what is done to the list. */
export const lines = list.getElementsByClassName("segment");
const PAGE = 100; // segments whose words are read at once
export const words = new Map(); // segment id → its words, as the API gives them
const pages = new Map(); // page → the promise of it
let current = null; // the segment that is heard
let stopAt = Infinity; // seconds: where a gap that is listened to ends

/** Returns the words of a segment; reads the page that it is on. */
export async function wordsOf(item) {
  if (words.has(item.dataset.id)) return words.get(item.dataset.id);
  const before = Number(list.dataset.first); // where the page doesn't begin with the first
  const page = Math.floor((before + [...lines].indexOf(item)) / PAGE) + 1;
  if (!pages.has(page)) pages.set(page, readPage(page));
  await pages.get(page);
  return words.get(item.dataset.id) ?? [];
}

async function readPage(page) {
  const answer = await fetch(`${api}segments/?page=${page}&page_size=${PAGE}`);
  if (!answer.ok) return;
  for (const segment of (await answer.json()).results) words.set(segment.id, segment.words);
}

/** Forgets what was read of pages: segments have moved. */
export function forgetPages() { pages.clear(); }

/** Makes each word of a segment an element that knows its time. */
async function spell(item) {
  const text = item.querySelector(".text");
  if (!text || text.dataset.spelled) return;
  const known = await wordsOf(item);
  const plain = text.textContent;
  const parts = [];
  let at = 0;
  for (const word of known) {
    const found = plain.indexOf(word.word, at);
    if (found < 0) return; // not the words of this text any more
    parts.push(plain.slice(at, found));
    const span = document.createElement("span");
    span.textContent = word.word;
    span.dataset.start = word.start;
    span.dataset.end = word.end;
    parts.push(span);
    at = found + word.word.length;
  }
  if (!known.length) return;
  text.replaceChildren(...parts, plain.slice(at));
  text.dataset.spelled = "yes";
}

function play(seconds, until = Infinity) {
  stopAt = until;
  seekTo(player, Number(seconds));
  player.play().catch(() => {}); // refused, or the recording is gone: the player shows it
}

function findSegment(seconds) {
  let low = 0, high = lines.length - 1, found = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const item = lines[middle];
    if (Number(item.dataset.start) <= seconds) { found = item; low = middle + 1; } else high = middle - 1;
  }
  return found;
}

async function follow() {
  const seconds = recordingTime(player);
  if (seconds >= stopAt) { stopAt = Infinity; player.pause(); }
  const item = findSegment(seconds);
  if (item !== current) {
    current?.classList.remove("now");
    current = item;
    item?.classList.add("now");
    if (item && !player.paused) keepInSight(item);
  }
  if (!item) return;
  if (item === lines[lines.length - 1]) loadPart();
  await spell(item);
  let heard = null;
  for (const word of item.querySelectorAll(".text span"))
    if (Number(word.dataset.start) <= seconds && seconds < Number(word.dataset.end)) heard = word;
  item.querySelector(".text .now")?.classList.remove("now");
  heard?.classList.add("now");
}

function showListen(items) {
  for (const item of items)
    for (const button of item.querySelectorAll("[data-action=listen]")) button.hidden = false;
}

/** Scrolls, unless somebody is writing or choosing. */
function keepInSight(item) {
  if (document.activeElement?.matches("textarea, input, select")) return;
  const box = item.getBoundingClientRect();
  const top = player.getBoundingClientRect().bottom;
  if (box.top < top || box.bottom > innerHeight) item.scrollIntoView({ block: "center" });
}

if (player) {
  list.classList.add("playable");
  showListen([list]);
  onPart(showListen);
  player.addEventListener("timeupdate", follow);
  list.addEventListener("click", async (event) => {
    const item = event.target.closest("li");
    if (!item) return;
    if (event.target.closest("[data-action=listen]")) return play(item.dataset.start, Number(item.dataset.end));
    if (event.target.closest("button.time")) return play(item.dataset.start);
    if (!event.target.closest(".text") || String(getSelection())) return;
    await spell(item);
    const word = document.elementFromPoint(event.clientX, event.clientY)?.closest(".text span");
    if (word) play(word.dataset.start);
  });
}
