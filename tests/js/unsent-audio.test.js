import assert from "node:assert/strict";
import { test } from "node:test";
import { BYTES_A_MS, UnsentAudio } from "../../transcripts/live/static/unsent-audio.js";

/** A frame whose bytes all are `value`.
 * @param {number} ms
 * @param {number} value */
const frame = (ms, value) => new Uint8Array(ms * BYTES_A_MS).fill(value).buffer;

/** @param {number} frames of 100 ms, numbered from 0 */
function filled(frames) {
  const audio = new UnsentAudio({ capacityMs: 1000 });
  for (let number = 0; number < frames; number++) audio.push(frame(100, number));
  return audio;
}

/** @param {UnsentAudio} audio */
function takeAll(audio) {
  const values = [];
  while (!audio.isAllSent) values.push(...new Set(new Uint8Array(audio.take())));
  return values;
}

test("frames are taken once, in order; taking more is an error", () => {
  const audio = filled(3);
  assert.deepEqual(takeAll(audio), [0, 1, 2]);
  assert.throws(() => audio.take(), RangeError);
  audio.push(frame(100, 9));
  assert.deepEqual(takeAll(audio), [9]);
});

test("what was acknowledged is gone, what was not is retained", () => {
  const audio = filled(4);
  takeAll(audio);
  audio.acknowledge(250);
  assert.equal(audio.startMs, 200); // the frame that it lies in is needed whole or in part
  audio.acknowledge(400);
  assert.equal(audio.startMs, 400);
  assert.equal(audio.endMs, 400);
});

test("an acknowledgement of before does no harm", () => {
  const audio = filled(4);
  audio.acknowledge(300);
  audio.acknowledge(100);
  assert.equal(audio.startMs, 300);
  assert.deepEqual(takeAll(audio), [3]);
});

test("a rewind sends again from the millisecond on", () => {
  const audio = filled(4);
  takeAll(audio);
  audio.rewind(150);
  assert.equal(audio.startMs, 150);
  const first = audio.take();
  assert.equal(first.byteLength, 50 * BYTES_A_MS);
  assert.deepEqual(new Set(new Uint8Array(first)), new Set([1]));
  assert.deepEqual(takeAll(audio), [2, 3]);
});

test("a rewind of what was never sent, and of nothing, changes nothing", () => {
  const audio = filled(2);
  audio.rewind(0);
  assert.deepEqual(takeAll(audio), [0, 1]);
  const empty = new UnsentAudio({ capacityMs: 1000 });
  empty.rewind(0);
  assert.ok(empty.isAllSent);
});

test("another session begins at zero with what is left", () => {
  const audio = filled(5);
  takeAll(audio);
  audio.acknowledge(300);
  audio.rebase();
  assert.deepEqual([audio.startMs, audio.endMs], [0, 200]);
  assert.deepEqual(takeAll(audio), [3, 4]);
  audio.acknowledge(100);
  assert.equal(audio.startMs, 100);
});

test("it is full at its capacity, until something is acknowledged", () => {
  const audio = filled(9);
  assert.ok(!audio.isFull);
  audio.push(frame(100, 9));
  assert.ok(audio.isFull);
  audio.acknowledge(100);
  assert.ok(!audio.isFull);
});
