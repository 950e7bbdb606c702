import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage, settle } from "./page.js";

openPage(`<div id="segments"></div>`);
const { EditQueue } = await import("../../transcripts/editing/static/queue.js");
const { Store } = await import("../../transcripts/editing/static/store.js");
const { RequestError } = await import("../../transcripts/pages/static/requests.js");

/** @returns {any} */
const text = (/** @type {string} */ line, /** @type {string} */ typed, base = 1) => ({
  id: "",
  kind: "text",
  method: "PATCH",
  path: `segments/${line}/`,
  body: { text: typed },
  lines: [line],
  base,
  before: [],
});

/** @param {((change: any) => any)[]} answers one a call, the last again and again */
function makeQueue(...answers) {
  /** @type {any[]} */
  const sent = [];
  /** @type {string[]} */
  const states = [];
  const queue = new EditQueue({
    send: async (change) => {
      sent.push({ text: change.body.text, base: change.base });
      const answer = answers.length > 1 ? answers.shift() : answers[0];
      await settle();
      return answer?.(change);
    },
    onAnswer: (change) => queue.rebase(change.lines, 7),
    onRefused: async () => "done",
    onState: (state) => states.push(state),
    keep: () => {},
    waitsMs: [1],
  });
  return { queue, sent, states };
}

const fail = (/** @type {number} */ status) => () => {
  throw new RequestError("No.", { status });
};

test("edits go one after the other, and typed text of a line that waits is sent once", async () => {
  const { queue, sent } = makeQueue(() => ({}));
  for (const typed of ["a", "b", "c"]) queue.add(text("x", typed));
  await queue.whenSaved();
  assert.deepEqual(sent, [
    { text: "a", base: 1 },
    { text: "c", base: 7 }, // on top of the first one's answer
  ]);
});

test("without a network an edit is tried again, and nothing is lost", async () => {
  const { queue, sent, states } = makeQueue(fail(0), fail(503), () => ({}));
  queue.add(text("x", "a"));
  await queue.whenSaved();
  assert.equal(sent.length, 3);
  assert.ok(states.includes("offline"));
  assert.equal(states.at(-1), "saved");
});

test("who is logged out goes on where it stopped", async () => {
  const { queue, sent } = makeQueue(fail(401), () => ({}));
  queue.add(text("x", "a"));
  await settle();
  await settle();
  await settle();
  assert.equal(queue.state, "logged_out");
  assert.equal(queue.changes.length, 1);
  queue.retry();
  await queue.whenSaved();
  assert.equal(sent.length, 2);
});

test("what is refused doesn't hold up the rest", async () => {
  const { queue, sent } = makeQueue(fail(412), () => ({}));
  queue.add(text("x", "a"));
  queue.add(text("y", "b"));
  await queue.whenSaved();
  assert.deepEqual(
    sent.map((each) => each.text),
    ["a", "b"],
  );
});

test("an edit that isn't under way can be taken back", async () => {
  const { queue, sent } = makeQueue(() => ({}));
  queue.add(text("x", "a"));
  queue.add(text("y", "b"));
  assert.equal(queue.pop()?.body.text, "b");
  assert.equal(queue.pop(), undefined); // the first one is under way
  await queue.whenSaved();
  assert.equal(sent.length, 1);
});

test("what a closed window left is taken over, and an open one's is not", async () => {
  localStorage.clear();
  const closed = new Store(localStorage, "me:t1");
  closed.keepChanges([text("x", "a")]);
  const open = new Store(localStorage, "me:t1");
  open.keepDraft({ line: "y", text: "typing", base: 3 });
  const others = new Store(localStorage, "you:t1");
  others.keepChanges([text("z", "b")]);
  const locks = { query: async () => ({ held: [{ name: open.key }] }), request: () => {} };

  const kept = await new Store(localStorage, "me:t1").adopt(locks);

  assert.deepEqual(
    kept.changes.map(({ body }) => body.text),
    ["a"],
  );
  assert.deepEqual(kept.drafts, []);
  assert.ok(localStorage.getItem(open.key));
  assert.ok(localStorage.getItem(others.key));
  assert.equal(localStorage.getItem(closed.key), null);
});
