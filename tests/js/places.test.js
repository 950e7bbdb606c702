import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./page.js";

// A text without a recording, of which the page shows a part.
openPage(`<ol id="segments" data-transcript="t1" data-first="2">
  <li class="segment" data-id="a" data-start="10" data-end="12"></li>
  <li class="segment" data-id="b" data-start="12" data-end="14"></li></ol>`);
/** @type {string[]} */
const left = [];
const location = { assign: (/** @type {string} */ address) => left.push(address) };
Object.defineProperty(globalThis, "location", { value: location });
/** @type {(string | undefined)[]} */
const shown = [];
HTMLElement.prototype.scrollIntoView = function () {
  shown.push(this.dataset.id);
};
const { makePlace } = await import("../../transcripts/intelligence/static/places.js");

test("a line of this part is shown, one of another part by that part's page", async () => {
  makePlace({ start: 12.5, order: 3 }).click();
  assert.deepEqual([shown, left], [["b"], []]);

  makePlace({ start: 62, order: 9 }).click();
  await new Promise(setImmediate); // further parts are looked for first
  makePlace({ start: 0, order: 0 }).click();
  makePlace({ start: 90, order: null }).click();
  assert.deepEqual([shown, left], [["b"], ["?line=9", "?line=0"]]);
});

test("a place is named by its time", () => {
  const button = makePlace({ start: 62, order: 9 });
  assert.equal(button.textContent, "1:02");
  assert.equal(button.getAttribute("aria-label"), "Go to 1:02");
});
