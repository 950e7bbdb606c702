import assert from "node:assert/strict";
import { test } from "node:test";
import { openPage } from "./page.js";

openPage(`<section hidden><ul id="list"></ul></section>`);
const { GuestFiles } = await import("../../transcripts/pages/static/guest-files.js");
const { wakeUp } = await import("../../transcripts/pages/static/guest-storage.js");

const file = (name = "a.wav", size = 5) =>
  /** @type {File} */ (/** @type {unknown} */ ({ name, size, lastModified: 7 }));

function makeFiles() {
  /** @type {string[]} */
  const dropped = [];
  const list = /** @type {HTMLElement} */ (document.getElementById("list"));
  const files = new GuestFiles(list, {
    show: () => {},
    retry: () => {},
    changed: () => {},
    dropped: ({ name }) => dropped.push(name),
  });
  return { files, dropped, section: /** @type {HTMLElement} */ (list.closest("section")) };
}

test("what waits gives way to another choice, what was begun stays", () => {
  const { files, dropped } = makeFiles();
  files.choose([file("a.wav"), file("b.wav")]);
  const [first, second] = files.items;
  files.change(first, { state: "working" });
  files.choose([file("c.wav")]);
  assert.deepEqual(dropped, ["b.wav"]);
  assert.deepEqual(
    files.items.map(({ name }) => name),
    ["a.wav", "c.wav"],
  );
  assert.equal(second.name, "b.wav");
});

test("after a reload a recording goes on: with its file, or once it is chosen again", () => {
  const { files, section } = makeFiles();
  files.choose([file()]);
  const begun = { ...files.items[0], state: /** @type {const} */ ("working"), uploadUrl: "/v1/u" };
  assert.equal(wakeUp(begun, file()).state, "waiting");
  const paused = wakeUp(begun);
  assert.deepEqual([paused.state, paused.file], ["paused", null]);

  const reloaded = makeFiles().files;
  reloaded.restore([paused]);
  assert.equal(section.hidden, false); // one alone, too: nothing else shows it
  reloaded.choose([file("a.wav", 6)]); // another file
  assert.deepEqual(
    reloaded.items.map(({ state }) => state),
    ["paused", "waiting"],
  );
  reloaded.choose([file()]);
  const [first, ...others] = reloaded.items;
  assert.deepEqual([first.state, first.uploadUrl, others.length], ["waiting", "/v1/u", 0]);
});

test("what every byte is there of needs no file, and what is done is shown again", () => {
  const { files } = makeFiles();
  files.choose([file()]);
  const job = { id: "t", token: "sttt_x" };
  assert.equal(wakeUp({ ...files.items[0], state: "working", job }).state, "waiting");
  assert.equal(wakeUp({ ...files.items[0], state: "done", job }).state, "done");
});
