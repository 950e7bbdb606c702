import assert from "node:assert/strict";
import test from "node:test";

import {
  applyEvent,
  findRefusal,
  findSame,
  isForeign,
  isStale,
  listNext,
  makeItem,
  partOf,
  sumUp,
  wakeUp,
} from "../../transcripts/uploads/static/queue-items.js";

const NO_LIMITS = { maxFileBytes: 0, minutesLeft: null };

/** @param {Partial<import("../../transcripts/uploads/static/queue-items.js").Item>} [values] */
const item = (values = {}) => ({
  ...makeItem({ name: "talk.mp3", size: 100, lastModified: 5 }, { now: 1 }),
  ...values,
});

test("each item has an id of its own", () => {
  assert.match(item().id, /^[0-9a-f]{32}$/);
  assert.notEqual(item().id, item().id);
});

test("size, kind and balance are checked before a byte is sent", () => {
  const file = { name: "talk.mp3", size: 600, type: "audio/mpeg" };
  assert.equal(findRefusal(file, NO_LIMITS), "");
  assert.equal(findRefusal({ ...file, size: 0 }, NO_LIMITS), "empty");
  assert.equal(findRefusal(file, { maxFileBytes: 500, minutesLeft: null }), "too_large");
  assert.equal(findRefusal(file, { maxFileBytes: 600, minutesLeft: 0 }), "no_minutes");
  assert.equal(findRefusal(file, { maxFileBytes: 600, minutesLeft: 1 }), "");
});

test("what surely is no recording is refused, what isn't known is left to the server", () => {
  const names = (/** @type {[string, string][]} */ files) =>
    files.filter(([name, type]) => isForeign({ name, type })).map(([name]) => name);
  assert.deepEqual(
    names([
      ["letter.pdf", "application/pdf"],
      ["a.PNG", "image/png"],
      ["b.docx", ""],
      ["notes.txt", "text/plain"],
      ["c.mp3", ""],
      ["d.ts", "text/vnd.trolltech.linguist"],
      ["e", ""],
      ["f.bin", "application/octet-stream"],
      ["g.txt", "audio/mpeg"],
    ]),
    ["letter.pdf", "a.PNG", "b.docx", "notes.txt"],
  );
});

test("two are sent at once, the oldest first", () => {
  const waiting = [3, 1, 2].map((addedAt) => item({ addedAt }));
  assert.deepEqual(
    listNext(waiting).map(({ addedAt }) => addedAt),
    [1, 2],
  );
  const busy = item({ state: "uploading" });
  assert.equal(listNext([busy, ...waiting]).length, 1);
  assert.equal(listNext([busy, { ...busy }, ...waiting]).length, 0);
});

test("after a reload an upload goes on if its file is stored, else asks for it", () => {
  const cut = item({ state: "uploading", sent: 40, uploadUrl: "/v1/uploads/1" });
  assert.equal(wakeUp(cut, true).state, "waiting");
  assert.equal(wakeUp(cut, false).state, "paused");
  assert.equal(wakeUp(cut, false).uploadUrl, "/v1/uploads/1");
  assert.equal(wakeUp(item({ state: "done" }), false).state, "done");
  assert.equal(wakeUp(item({ state: "working" }), false).state, "working");
});

test("the same file, chosen again, goes on", () => {
  const paused = item({ state: "paused" });
  const file = { name: "talk.mp3", size: 100, lastModified: 5 };
  assert.equal(findSame([item(), paused], file), paused);
  assert.equal(findSame([paused], { ...file, size: 101 }), undefined);
  assert.equal(findSame([paused], { ...file, lastModified: 6 }), undefined);
  assert.equal(findSame([item({ state: "done" })], file), undefined);
});

test("an item follows its transcript to the end", () => {
  const sent = item({ state: "sent", transcriptId: "t" });
  const event = { id: "t", status: "processing", done_s: 5, total_s: 20, error: null };
  const working = applyEvent(sent, event);
  assert.deepEqual([working.state, partOf(working)], ["working", 0.25]);
  assert.equal(applyEvent(working, { id: "t", status: "completed" }).state, "done");
  const warned = applyEvent(working, { id: "t", status: "completed_with_warnings" });
  assert.deepEqual([warned.state, warned.isWarned], ["done", true]);
  const failed = applyEvent(working, { id: "t", status: "failed", error: "It broke." });
  assert.deepEqual([failed.state, failed.problem], ["failed", "It broke."]);
  assert.equal(applyEvent(working, { id: "other", status: "completed" }), working);
});

test("an item goes once its transcript is shown, or after half a day", () => {
  const done = item({ state: "done", transcriptId: "t1" });
  const page = { now: 2, path: "/transcripts/t1/" };
  assert.equal(isStale(done, page), true);
  assert.equal(isStale(done, { ...page, path: "/transcripts/" }), false);
  assert.equal(isStale(done, { now: 9e10, path: "/" }), true);
  assert.equal(isStale(item({ state: "working", transcriptId: "t1" }), page), false);
  assert.equal(isStale(item({ state: "paused" }), { now: 9e10, path: "/" }), false);
});

test("the title has how far all that is sent is", () => {
  const items = [
    item({ state: "uploading", sent: 50 }),
    item({ size: 300 }),
    item({ state: "done" }),
    item({ state: "failed" }),
  ];
  assert.deepEqual(sumUp(items), { active: 2, uploading: 2, done: 1, failed: 1, part: 0.125 });
  assert.equal(sumUp([]).part, null);
});
