import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./page.js";

openPage();
const { followEvents, readEvents } = await import("../../transcripts/pages/static/event-stream.js");
const { RequestError } = await import("../../transcripts/pages/static/requests.js");

/** @param {...string} chunks */
function stream(...chunks) {
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    }),
  );
}

const silent = () => new Response(new ReadableStream());
const { signal } = new AbortController();
const FAST = { signal, retryMs: 1, maxTries: 3, onLost: () => {} };

test("events are read wherever the chunks are cut, also inside a character", async () => {
  const bytes = new TextEncoder().encode(
    'retry: 2000\n\nid: 7\nevent: segment\ndata: {"text": "řeč"}\n\n',
  );
  for (let cut = 1; cut < bytes.length; cut++) {
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(bytes.slice(0, cut));
        controller.enqueue(bytes.slice(cut));
        controller.close();
      },
    });
    const events = [];
    for await (const event of readEvents(new Response(body))) events.push(event);
    assert.deepEqual(events, [{ id: "7", name: "segment", data: { text: "řeč" } }]);
  }
});

test("comments, and what is no JSON, are passed over", async () => {
  const events = [];
  for await (const event of readEvents(stream(": still here\n\n", "data: {\n\n", "data: 1\n\n")))
    events.push(event.data);
  assert.deepEqual(events, [1]);
});

test("a lost stream goes on behind the last event", async () => {
  /** @type {Record<string, string>[]} */
  const asked = [];
  const answers = [stream("id: 1\ndata: 1\n\n"), stream("id: 2\nevent: done\ndata: 2\n\n")];
  const got = /** @type {number[]} */ ([]);
  await followEvents(
    async (headers) => {
      asked.push(headers);
      return answers.shift() ?? silent();
    },
    { ...FAST, handle: ({ name, data }) => got.push(data) > 0 && name === "done" },
  );
  assert.deepEqual(asked, [{}, { "Last-Event-ID": "1" }]);
  assert.deepEqual(got, [1, 2]);
});

test("a stream that says nothing counts as lost, and the tries end", async () => {
  let opened = 0;
  let lost = 0;
  const followed = followEvents(
    async () => {
      opened += 1;
      return silent();
    },
    { ...FAST, silenceMs: 5, handle: () => false, onLost: () => (lost += 1) },
  );
  await assert.rejects(followed, { message: "No connection." });
  assert.deepEqual([opened, lost], [3, 3]);
});

test("a server that closes each stream at once is not asked for ever", async () => {
  let opened = 0;
  const open = async () => {
    opened += 1;
    return stream();
  };
  await assert.rejects(followEvents(open, { ...FAST, handle: () => false }));
  assert.equal(opened, 3);
});

test("a passing refusal is tried again, another ends it at once", async () => {
  for (const [status, tries] of [
    [503, 3],
    [404, 1],
  ]) {
    let opened = 0;
    const open = async () => {
      opened += 1;
      throw new RequestError("No.", { status });
    };
    await assert.rejects(followEvents(open, { ...FAST, handle: () => false }));
    assert.equal(opened, tries);
  }
});

test("an aborted one ends without an error to show", async () => {
  const controller = new AbortController();
  const open = async () => {
    controller.abort();
    throw new DOMException("Aborted", "AbortError");
  };
  const followed = followEvents(open, { ...FAST, signal: controller.signal, handle: () => false });
  await assert.rejects(followed, { name: "AbortError" });
});
