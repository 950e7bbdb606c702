import assert from "node:assert/strict";
import test from "node:test";

import { openPage } from "./page.js";

openPage();
const { asFields, readForm, readOptions, rememberOptions, storeOptions } =
  await import("../../transcripts/uploads/static/options.js");

function makeForm() {
  document.body.innerHTML = `<form><select name="language"><option value="auto"><option value="cs">
    </select><select name="model"><option value=""></select><input name="prompt"><input name="file">
    </form>`;
  return /** @type {HTMLFormElement} */ (document.querySelector("form"));
}

test("what was chosen is there the next time", () => {
  localStorage.clear();
  const form = makeForm();
  rememberOptions(form);
  /** @type {any} */ (form.elements.namedItem("language")).value = "cs";
  /** @type {any} */ (form.elements.namedItem("prompt")).value = " Names: Ada ";
  form.dispatchEvent(new /** @type {any} */ (form.ownerDocument.defaultView).Event("change"));

  const again = makeForm();
  rememberOptions(again);

  assert.deepEqual(readForm(again), { language: "cs", prompt: "Names: Ada" });
});

test("a model that was removed is chosen no more", () => {
  storeOptions({ model: "gone", language: "cs" });
  const form = makeForm();
  rememberOptions(form);
  assert.deepEqual(readForm(form), { language: "cs" });
});

test("an engine that was chosen is remembered, and not sent where it isn't offered now", async () => {
  storeOptions({ diarizer: "pyannote", language: "cs" });
  const form = makeForm();
  const select = document.createElement("select");
  select.name = "diarizer";
  select.disabled = true;
  select.innerHTML = `<option value=""><option value="light"><option value="pyannote">`;
  form.append(select);
  let tell = () => {};
  const listed = new Promise((resolve) => (tell = () => resolve(undefined)));
  rememberOptions(form, listed);
  assert.deepEqual(readForm(form), { language: "cs" });
  form.dispatchEvent(new Event("change"));
  assert.equal(readOptions().diarizer, "pyannote");

  select.disabled = false;
  tell();
  await listed;
  assert.deepEqual(readForm(form), { language: "cs", diarizer: "pyannote" });
});

test("what is stored and isn't ours does no harm", () => {
  localStorage.setItem("stt-options", '{"language": 5, "file": "x", "prompt": "p"}');
  assert.deepEqual(readOptions(), { prompt: "p" });
  localStorage.setItem("stt-options", "{{{");
  assert.deepEqual(readOptions(), {});
});

test("the choice about speakers is two fields of the API", () => {
  assert.deepEqual(asFields({ speakers: "off", language: "cs" }), {
    language: "cs",
    diarize: "false",
  });
  assert.deepEqual(asFields({ speakers: "2" }), { speakers: "2", diarize: "true" });
  assert.deepEqual(asFields({}), {});
});
