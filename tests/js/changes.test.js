import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { answerFetch, json, never, offline, openPage, settle, shownError } from "./page.js";

const LINE = (/** @type {string} */ id, /** @type {number} */ start, /** @type {string} */ text) =>
  `<li id="s-${id}" class="segment" data-start="${start}" data-end="${start + 2}" data-speaker="1">
     <span class="time"></span><p class="text">${text}</p></li>`;
const window =
  openPage(`<div id="segments" data-transcript="t1" data-revision="4"><ol class="block">
  ${LINE("a", 0, "One.")}<li class="gap" data-start="2"></li>${LINE("b", 5, "Two.")}</ol></div>
  <script id="speakers" type="application/json">
    [{"number": 1, "label": "Speaker 1", "name": "Ann"}, {"number": 2, "label": "Speaker 2", "name": ""}]
  </script>`);
const { currentRevision, guard, read, send } =
  await import("../../transcripts/editing/static/changes.js");
const { change, itemOf, neighbourOf, textOf } =
  await import("../../transcripts/editing/static/lines.js");
const { ShownError, hideError } = await import("../../transcripts/pages/static/dom.js");

const SPEAKERS = [
  { number: 1, label: "Speaker 1", name: "Ann" },
  { number: 2, label: "Speaker 2", name: "" },
];
/** @param {Record<string, unknown>} answer */
const edited = (answer, etag = '"5"') =>
  json(
    { complete: true, revision: 5, removed: [], segments: [], speakers: SPEAKERS, ...answer },
    { headers: { ETag: etag } },
  );
/** @param {string} id */
function item(id) {
  const found = itemOf(id);
  assert.ok(found, id);
  return found;
}

beforeEach(() => hideError());

test("a change names the revision that the page shows, and takes over the answer's", async () => {
  const calls = answerFetch(edited({}));
  await send("PATCH", "segments/a/", { text: "x" });
  const headers = new Headers(calls[0]?.options.headers);
  assert.equal(headers.get("If-Match"), '"4"');
  assert.equal(headers.get("X-CSRFToken"), "csrf-1");
  assert.equal(currentRevision(), 5);
});

test("changes are sent one after the other, also behind one that failed", async () => {
  const calls = answerFetch(offline, edited({}, '"6"'));
  const both = await Promise.allSettled([send("PATCH", "a/"), send("PATCH", "b/")]);
  assert.deepEqual(
    both.map(({ status }) => status),
    ["rejected", "fulfilled"],
  );
  assert.deepEqual(
    calls.map(({ address }) => address.slice(-2)),
    ["a/", "b/"],
  );
});

test("what went wrong is shown, each kind with what can be done", async () => {
  const cases = /** @type {[Response | Error, string][]} */ ([
    [offline, "No connection."],
    [json({ error: "Too long." }, { status: 400 }), "Too long."],
    [json({ error: "?" }, { status: 412 }), "Changed elsewhere."],
    [json({ error: "?" }, { status: 401 }), "Logged out. Reload"],
    [new Response("<h1>Bad gateway</h1>", { status: 502 }), "Error 502."],
    [new Response("<h1>Log in</h1>"), "No connection."],
  ]);
  for (const [answer, sentence] of cases) {
    answerFetch(answer);
    await assert.rejects(send("PATCH", "a/"), ShownError);
    assert.equal(shownError(), sentence);
    answerFetch(answer);
    await assert.rejects(read("revisions/"), ShownError);
  }
});

test("a server that never answers does not hold up the changes behind", async () => {
  answerFetch(never, edited({}));
  const first = send("POST", "a/", undefined, { timeoutMs: 10 });
  const second = send("POST", "b/");
  await assert.rejects(first, { message: "No answer." });
  await second;
});

test("an error is gone with the next change that works", async () => {
  answerFetch(offline);
  assert.equal(await change("PATCH", "a/"), false);
  answerFetch(edited({}));
  assert.equal(await change("PATCH", "a/"), true);
  assert.equal(shownError(), "");
  assert.equal(document.querySelector(".announcement")?.textContent, "Saved.");
});

test("lines are changed, put in their places, and removed as the answer says", async () => {
  const segment = { id: "c", start: 3, end: 4, text: "Between.", speaker_number: 2, words: [] };
  answerFetch(
    edited({ removed: ["b"], segments: [segment, { ...segment, id: "a", start: 0, text: "1." }] }),
  );
  await change("POST", "segments/a/split/");
  await settle();
  assert.equal(itemOf("b"), null);
  assert.equal(textOf(item("a")), "1.");
  assert.equal(item("a").querySelector(".time")?.textContent, "0:00");
  assert.equal(neighbourOf(item("a"), { isNext: true }), item("c")); // over the gap
  assert.equal(neighbourOf(item("c"), { isNext: true }), null);
  assert.equal(item("c").querySelector(".speaker"), null); // the same as before
  assert.equal(item("a").querySelector(".speaker")?.textContent, "Speaker 2");
});

test("leaving asks only while something is unsaved", () => {
  const isAsked = () => {
    const event = new window.Event("beforeunload", { cancelable: true });
    window.dispatchEvent(event);
    return event.defaultPrevented;
  };
  let isChanged = false;
  const release = guard(() => isChanged);
  assert.ok(!isAsked());
  isChanged = true;
  assert.ok(isAsked());
  release();
  assert.ok(!isAsked());
});
