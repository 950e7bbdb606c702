import assert from "node:assert/strict";
import { test } from "node:test";
import { answerFetch, json, offline, openPage } from "./page.js";

const NOTICE = `<p id="claim" data-claim="/claim/" data-transcripts="/transcripts/" hidden></p>`;
openPage(NOTICE);
const { addTokens, beginClaim } = await import("../../transcripts/pages/static/guest-results.js");

let loads = 0;
/** Load claim.js as another page does, until it has nothing to do; waits of retries pass at once. */
async function load() {
  const { setTimeout: real } = globalThis;
  globalThis.setTimeout = /** @type {any} */ ((/** @type {any} */ act) => real(act, 0));
  await import(`../../transcripts/pages/static/claim.js?${++loads}`);
  await new Promise((resolve) => real(resolve, 30));
  globalThis.setTimeout = real;
}

const isNoticeShown = () => !document.getElementById("claim")?.hidden;
const tokensSent = (/** @type {import("./page.js").Call[]} */ calls) =>
  calls.map(({ options }) => JSON.parse(String(options.body)).token);

test("every token is claimed, also behind one that fails, which stays", async () => {
  localStorage.clear();
  addTokens(["a", "b"]);
  const calls = answerFetch(
    json({ error: "No." }, { status: 500 }),
    json({ error: "?" }, { status: 404 }),
  );
  await load();
  assert.deepEqual(tokensSent(calls), ["a", "b"]);
  assert.ok(isNoticeShown()); // b: past its hour
  assert.deepEqual(beginClaim(Date.now() + 61_000), { token: "a", isRepeated: true });
});

test("a claim whose answer was lost, and that had succeeded, shows no alarm", async () => {
  localStorage.clear();
  addTokens(["a"]);
  beginClaim(Date.now() - 61_000); // the page was left, the server had claimed it
  answerFetch(json({ error: "?" }, { status: 404 }));
  await load();
  assert.ok(!isNoticeShown());
  assert.equal(localStorage.length, 0);
});

test("no network: nothing is lost", async () => {
  localStorage.clear();
  addTokens(["a", "b"]);
  answerFetch(offline);
  await load();
  const later = Date.now() + 61_000;
  assert.equal(beginClaim(later)?.token, "a");
  assert.equal(beginClaim(later)?.token, "b");
});
