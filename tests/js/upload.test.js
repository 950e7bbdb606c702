import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openPage } from "./page.js";

const window = openPage();
const { upload } = await import("../../transcripts/pages/static/upload.js");

/** The browser's XMLHttpRequest, as far as an upload uses it. */
class FakeRequest {
  /** @type {FakeRequest} */
  static last;
  /** @type {any} */
  upload = {};
  /** @type {any} */
  response = null;
  /** @type {string[]} */
  sent = [];
  status = 0;
  /** @type {Record<string, (() => void) | undefined>} */
  handlers = {};
  onload = () => {};
  onerror = () => {};
  onabort = () => {};
  onloadend = () => {};

  constructor() {
    FakeRequest.last = this;
  }
  /** @param {...string} line */
  open(...line) {
    this.sent.push(line.join(" "));
  }
  /** @param {...string} header */
  setRequestHeader(...header) {
    this.sent.push(header.join(": "));
  }
  send() {}
  abort() {
    this.onabort();
    this.onloadend();
  }
  /**
   * @param {number} status
   * @param {unknown} response
   */
  answer(status, response) {
    Object.assign(this, { status, response });
    this.onload();
    this.onloadend();
  }
}

beforeEach(() => {
  globalThis.XMLHttpRequest = /** @type {any} */ (FakeRequest);
});

const isLeavingAsked = () => {
  const event = new window.Event("beforeunload", { cancelable: true });
  window.dispatchEvent(event);
  return event.defaultPrevented;
};

test("a form is sent with its key, its progress reported, and its answer returned", async () => {
  /** @type {number[][]} */
  const progress = [];
  const sent = upload("/v1/transcribe", new FormData(), {
    bearer: "k1",
    onProgress: (...part) => progress.push(part),
  });
  const request = FakeRequest.last;
  assert.deepEqual(request.sent, ["POST /v1/transcribe", "Authorization: Bearer k1"]);
  assert.ok(isLeavingAsked());
  request.upload.onprogress({ loaded: 1, total: 2 });
  request.answer(202, { id: "t1" });
  assert.deepEqual(await sent, { id: "t1" });
  assert.deepEqual(progress, [[1, 2]]);
  assert.ok(!isLeavingAsked());
});

test("a refusal is the API's sentence; what is no JSON is a sentence, too", async () => {
  let sent = upload("/x", new FormData());
  FakeRequest.last.answer(413, { error: "Too large.", code: "too_large" });
  await assert.rejects(sent, { message: "Too large.", status: 413, code: "too_large" });

  sent = upload("/x", new FormData());
  FakeRequest.last.answer(502, null);
  await assert.rejects(sent, { message: "Error 502.", status: 502 });

  sent = upload("/x", new FormData());
  FakeRequest.last.answer(401, { error: "Key." });
  await assert.rejects(sent, { message: "Logged out." });
  assert.ok(!isLeavingAsked());
});

test("a lost network is a sentence", async () => {
  const sent = upload("/x", new FormData());
  FakeRequest.last.onerror();
  FakeRequest.last.onloadend();
  await assert.rejects(sent, { message: "No connection.", status: 0 });
});

test("a cancelled one is no error to show, and ends", async () => {
  const controller = new AbortController();
  const sent = upload("/x", new FormData(), { signal: controller.signal });
  controller.abort();
  await assert.rejects(sent, { name: "AbortError" });
  await assert.rejects(upload("/x", new FormData(), { signal: controller.signal }), {
    name: "AbortError",
  });
  assert.ok(!isLeavingAsked());
});

test("one that stalls ends with a sentence; each progress begins the wait again", async () => {
  const sent = upload("/x", new FormData(), { stallMs: 40, answerMs: 5 });
  const { upload: sending } = FakeRequest.last;
  await new Promise((resolve) => setTimeout(resolve, 20));
  sending.onprogress({ loaded: 1, total: 2 });
  await assert.rejects(sent, { message: "No answer." });
});

test("a server that has all and does not answer ends with a sentence", async () => {
  const sent = upload("/x", new FormData(), { stallMs: 60_000, answerMs: 5 });
  FakeRequest.last.upload.onprogress({ loaded: 2, total: 2 });
  await assert.rejects(sent, { message: "No answer." });
});
