import assert from "node:assert/strict";
import { test } from "node:test";
import { answerFetch, json, offline, openPage, settle, shownError } from "./page.js";

const LINE = (/** @type {string} */ id, /** @type {number} */ start, /** @type {string} */ text) =>
  `<li id="s-${id}" class="segment" data-start="${start}" data-end="${start + 2}">
     <span class="time"></span><p class="text">${text}</p></li>`;
const window = openPage(`<audio id="player"></audio>
  <div id="segments" data-transcript="t1"><ol class="block">
  ${LINE("a", 0, "One two.")}</ol><ol class="block">${LINE("b", 2, "Three.")}</ol></div>`);
const player = /** @type {any} */ (document.getElementById("player"));
Object.defineProperty(player, "currentTime", { value: 0, writable: true });
Object.defineProperty(player, "paused", { value: true });
const { words, wordsOf, discardPages } = await import("../../transcripts/pages/static/reader.js");
const { findSegment, neighbourOf } = await import("../../transcripts/pages/static/segments.js");
const { findWord } = await import("../../transcripts/pages/static/follow.js");

const PAGE = json({
  results: [
    {
      id: "a",
      words: [
        { word: "One", start: 0, end: 0.5 },
        { word: "two.", start: 1, end: 1.5 },
      ],
    },
    { id: "b", words: [{ word: "Three.", start: 2, end: 3 }] },
  ],
});
const first = /** @type {HTMLElement} */ (document.getElementById("s-a"));
const second = /** @type {HTMLElement} */ (document.getElementById("s-b"));
const realNow = Date.now;

/** @param {number} seconds */
async function playAt(seconds) {
  player.currentTime = seconds;
  player.dispatchEvent(new window.Event("timeupdate"));
  await settle();
}

test("a page of words that failed is shown once and tried again", async () => {
  let calls = answerFetch(offline);
  for (let i = 0; i < 8; i++) await playAt(0.1); // two seconds of playing
  assert.equal(calls.length, 1); // not at each timeupdate
  assert.equal(shownError(), "No connection.");
  assert.ok(first.classList.contains("now")); // the line is followed all the same
  assert.deepEqual(await wordsOf(first), []);

  Date.now = () => realNow() + 6000;
  calls = answerFetch(PAGE);
  await playAt(0.2);
  assert.equal(calls.length, 1);
  assert.equal(shownError(), ""); // mended
  Date.now = realNow;
});

test("the line that is played is marked, across blocks", async () => {
  await playAt(2.5);
  assert.ok(second.classList.contains("now"));
  assert.ok(!first.classList.contains("now"));
  assert.equal(findSegment(1.9), first);
  assert.equal(neighbourOf(first, { isNext: true }), second);
  assert.equal(neighbourOf(first, { isNext: false }), null);
});

test("the word that is said is found, and none between words", () => {
  const known = words.get("a") ?? [];
  assert.deepEqual(
    [0, 0.4, 0.7, 1.2, 1.5].map((at) => findWord(known, at)),
    [0, 0, -1, 1, -1],
  );
  assert.equal(findWord([], 1), -1);
});

test("the words of two lines of a page are read by one request", async () => {
  words.clear();
  discardPages();
  const calls = answerFetch(PAGE);
  const [one, two] = await Promise.all([wordsOf(first), wordsOf(second)]);
  assert.deepEqual([one.length, two.length, calls.length], [2, 1, 1]);
});

test("a recording that can't be read is an error, which can be tried again", () => {
  player.dispatchEvent(new window.Event("error"));
  assert.match(shownError(), /Try again/);
});
