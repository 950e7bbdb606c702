import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openPage } from "./page.js";

openPage(`<div id="save-offer" hidden><a href="#">Sign up</a><a href="#">Log in</a></div>`);
const { addTokens, beginClaim, endClaim, offerToSave } =
  await import("../../transcripts/pages/static/guest-results.js");

const LATER = 61_000;

beforeEach(() => localStorage.clear());

test("a token stays until its claim was answered", () => {
  addTokens(["a", "b"]);
  assert.deepEqual(beginClaim(1000), { token: "a", isRepeated: false });
  // The page is left here: the next one gets the other now, and this one once its claim is lost.
  assert.deepEqual(beginClaim(1000), { token: "b", isRepeated: false });
  endClaim("b");
  assert.equal(beginClaim(2000), null);
  assert.deepEqual(beginClaim(1000 + LATER), { token: "a", isRepeated: true });
  endClaim("a");
  assert.equal(beginClaim(1000 + 9 * LATER), null);
  assert.equal(localStorage.length, 0);
});

test("of two tabs, one claims a token", () => {
  addTokens(["a"]);
  assert.equal(beginClaim(1000)?.token, "a");
  assert.equal(beginClaim(1001), null);
});

test("a clock that was set back does not hold a token for ever", () => {
  addTokens(["a"]);
  beginClaim(10 * LATER);
  assert.equal(beginClaim(0)?.token, "a");
});

test("a token is added once, also while it is being claimed", () => {
  addTokens(["a"]);
  beginClaim(1000);
  addTokens(["a", "b"]);
  assert.equal(beginClaim(1001)?.token, "b");
  assert.equal(beginClaim(1002), null);
});

test("what is stored there by someone else is ignored", () => {
  for (const stored of ["{", "null", '"a"', '[1, null, {"token": 2}]']) {
    localStorage.setItem("stt-guest-results", stored);
    assert.equal(beginClaim(), null, stored);
  }
});

test("results of an account are not offered, a guest's are stored at the press", () => {
  const offer = /** @type {HTMLElement} */ (document.getElementById("save-offer"));
  offerToSave([{ token: "" }, {}]);
  assert.ok(offer.hidden);
  offerToSave([{ token: "a" }, { token: "b" }]);
  assert.ok(!offer.hidden);
  assert.equal(beginClaim(), null);
  offer.querySelector("a")?.onclick?.(/** @type {any} */ ({}));
  assert.equal(beginClaim()?.token, "a");
});
