import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./page.js";

const LINE = `<li id="s-a" class="segment" data-start="0" data-end="2" data-speaker="">
  <span class="time"></span><p class="text">One two.</p></li>`;
const IDS = "undo redo saving find-open finder find find-case find-words find-next find-previous";
openPage(`<div id="segments" data-transcript="t1" data-revision="0"><ol class="block">${LINE}</ol></div>
  ${IDS.split(" ")
    .map((id) => `<input id="${id}">`)
    .join("")}
  <script id="speakers" type="application/json">[]</script>`);
const { findStacks } = await import("../../transcripts/editing/static/undo.js");
const { cutText } = await import("../../transcripts/editing/static/document.js");
const { makePattern } = await import("../../transcripts/editing/static/find.js");
const { findAction } = await import("../../transcripts/pages/static/shortcuts.js");
const { locateWords } = await import("../../transcripts/pages/static/marks.js");
const { parseCues, plainCue } = await import("../../transcripts/pages/static/subtitles.js");
const { gatherBars, readPeaks } = await import("../../transcripts/pages/static/waveform.js");

/** @param {[number, string, number?, string?][]} rows oldest first */
const stacksOf = (...rows) =>
  findStacks(
    rows
      .map(([number, action, restored, author = "me"]) => ({
        number,
        action,
        author,
        restored: restored ?? null,
      }))
      .reverse(),
    "me",
  );

test("undo goes back and back, redo forward, and a new edit ends what could be redone", () => {
  assert.deepEqual(stacksOf([1, "edit"], [2, "split"]), { undo: [1, 2], redo: [] });
  assert.deepEqual(stacksOf([1, "edit"], [2, "split"], [3, "revert", 2]), { undo: [1], redo: [3] });
  const both = stacksOf([1, "edit"], [2, "split"], [3, "revert", 2], [4, "revert", 1]);
  assert.deepEqual(both, { undo: [], redo: [3, 4] });
  const redone = stacksOf([1, "edit"], [2, "revert", 1], [3, "revert", 2]);
  assert.deepEqual(redone, { undo: [3], redo: [] });
  assert.deepEqual(stacksOf([1, "edit"], [2, "revert", 1], [3, "edit"]), { undo: [3], redo: [] });
  // Another person's change is not one's own to undo.
  assert.deepEqual(stacksOf([1, "edit"], [2, "edit", undefined, "you"]), { undo: [1], redo: [] });
});

test("a text is cut behind the word that the caret is in", () => {
  assert.deepEqual(cutText("one two three", 4), ["one", "two three"]);
  assert.deepEqual(cutText("one two three", 5), ["one two", "three"]);
  assert.deepEqual(cutText("one", 0), ["", "one"]);
  assert.deepEqual(cutText("one", 2), ["one", ""]);
});

test("what is typed is found as it is, in whole words where that is wanted", () => {
  const find = (/** @type {string} */ what, options = {}) => [
    ..."A.b (a) Añb ab".matchAll(makePattern(what, { isCase: false, isWhole: false, ...options })),
  ];
  assert.equal(find("a.b").length, 1);
  assert.equal(find("(").length, 1);
  assert.equal(find("a", { isWhole: true }).length, 2);
  assert.equal(find("a", { isCase: true }).length, 2);
});

/** @param {Partial<KeyboardEvent>} event @param {string} tag */
const press = (event, tag = "body") => {
  const target = document.createElement(tag);
  if (tag === "p") target.setAttribute("contenteditable", "true");
  return findAction(/** @type {any} */ ({ target, key: "", ...event }));
};

test("letters work outside the text only, and with Alt everywhere", () => {
  assert.equal(press({ code: "KeyK" }), "play");
  assert.equal(press({ code: "KeyK" }, "p"), null);
  assert.equal(press({ code: "KeyK", altKey: true }, "p"), "play");
  assert.equal(press({ code: "KeyK", ctrlKey: true }), null);
  assert.equal(press({ code: "KeyM" }), null); // only with Alt
  assert.equal(press({ code: "KeyZ", ctrlKey: true, shiftKey: true }), "redo");
  assert.equal(press({ code: "KeyZ", ctrlKey: true }, "input"), null); // the field's own
  localStorage.setItem("keys.single", "off");
  assert.equal(press({ code: "KeyK" }), null);
  assert.equal(press({ code: "KeyK", altKey: true }), "play");
});

test("words are found in their text one after the other", () => {
  const words = ["the", "the", "cat"].map((word) => ({ word }));
  assert.deepEqual(locateWords("the the dog", words), [[0, 3], [4, 7], null]);
});

test("subtitles are read with their times, speakers and escapes", () => {
  const file = "WEBVTT\n\nNOTE x\n\n00:00:01.500 --> 00:01:02.000\n<v A &amp; B>a &lt; b\nc\n";
  const [cue] = parseCues(file);
  assert.deepEqual([cue?.start, cue?.end], [1.5, 62]);
  assert.deepEqual(plainCue(cue?.text ?? ""), { speaker: "A & B", text: "a < b\nc" });
});

test("a bar of the waveform is the loudest of its time", () => {
  const peaks = readPeaks({ peaks_per_second: 2, peaks: btoa("\x00\xff\x33\x00") });
  assert.deepEqual(gatherBars(peaks, 2, 2), [1, 0.2]);
  assert.deepEqual(gatherBars(peaks, 4, 4), [1, 0.2, 0, 0]); // half of it is silence
});
