import assert from "node:assert/strict";
import { test } from "node:test";
import { answerFetch, json, offline, openPage, settle, shownError } from "./page.js";

const LINE = (/** @type {string} */ id, /** @type {number} */ start, /** @type {string} */ text) =>
  `<li class="segment" data-id="${id}" data-start="${start}" data-end="${start + 2}">
     <div class="line"><button class="time"></button><p class="text">${text}</p></div></li>`;
const window = openPage(`<audio id="player"></audio>
  <ol id="segments" data-transcript="t1">
  ${LINE("a", 0, "One two.")}${LINE("b", 2, "Three.")}</ol>`);
const player = /** @type {any} */ (document.getElementById("player"));
Object.defineProperty(player, "currentTime", { value: 0, writable: true });
Object.defineProperty(player, "paused", { value: true });
const { words, wordsOf, discardPages } = await import("../../transcripts/pages/static/reader.js");

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
const first = /** @type {HTMLElement} */ (document.querySelector("[data-id=a]"));
const realNow = Date.now;

/** @param {number} seconds */
async function playAt(seconds) {
  player.currentTime = seconds;
  player.dispatchEvent(new window.Event("timeupdate"));
  await settle();
}

test("a page of words that failed is shown once and tried again", async () => {
  /** @type {unknown[]} */
  const rejections = [];
  process.on("unhandledRejection", (problem) => rejections.push(problem));
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
  assert.equal(first.querySelector(".text .now")?.textContent, "One");
  Date.now = realNow;
  assert.deepEqual(rejections, []);
});

test("the word that is played is marked, and none between words", async () => {
  answerFetch(PAGE);
  await playAt(1.2);
  assert.equal(first.querySelector(".now")?.textContent, "two.");
  await playAt(0.7);
  assert.equal(first.querySelector(".text .now"), null);
  await playAt(2.5);
  assert.equal(document.querySelector("[data-id=b] .text .now")?.textContent, "Three.");
  assert.ok(!first.classList.contains("now"));
  assert.equal(first.querySelector(".text")?.textContent, "One two.");
});

test("the words of two lines of a page are read by one request", async () => {
  words.clear();
  discardPages();
  const calls = answerFetch(PAGE);
  const second = /** @type {HTMLElement} */ (document.querySelector("[data-id=b]"));
  const [one, two] = await Promise.all([wordsOf(first), wordsOf(second)]);
  assert.deepEqual([one.length, two.length, calls.length], [2, 1, 1]);
});

test("a line whose text are other words stays plain", async () => {
  const text = /** @type {HTMLElement} */ (first.querySelector(".text"));
  text.textContent = "Edited.";
  delete text.dataset.rendered;
  await playAt(0.1);
  assert.equal(text.innerHTML, "Edited.");
});

test("a recording that can't be read is an error, which can be tried again", () => {
  player.dispatchEvent(new window.Event("error"));
  assert.match(shownError(), /Try again/);
});
