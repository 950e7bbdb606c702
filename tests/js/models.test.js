import assert from "node:assert/strict";
import test from "node:test";

import { answerFetch, json, openPage } from "./page.js";

openPage();
const choices = `<form><div data-engines="diarizer" hidden><select name="diarizer" disabled>
    <option value="">Automatic</option><option value="light">Built in</option>
    <option value="pyannote" data-engine="pyannote">pyannote</option></select></div>
  <div data-engines="aligner" hidden><select name="aligner" disabled><option value=""></option>
    <option value="wav2vec2" data-engine="wav2vec2"></option></select></div></form>`;

/** @param {{id: string, kind: string, available: boolean}[]} engines */
async function offer(...engines) {
  document.body.innerHTML = choices;
  answerFetch(json({ models: [], engines }));
  // A page's own module: what the server has is read once a page.
  const { offerEngines } = await import(
    `../../transcripts/pages/static/models.js?${Math.random()}`
  );
  await offerEngines(document);
  return [...document.querySelectorAll("select")].map((select) => {
    const isShown = !(/** @type {HTMLElement} */ (select.parentElement).hidden);
    assert.equal(isShown, !select.disabled);
    return isShown && [...select.options].map(({ value }) => value);
  });
}

test("no choice is shown where the built-in engines are the only ones", async () => {
  assert.deepEqual(await offer(), [false, false]);
  const away = { id: "pyannote-3.1", kind: "diarizer", available: false };
  assert.deepEqual(await offer(away), [false, false]);
});

test("a choice is shown where a further engine of its kind is installed", async () => {
  const pyannote = { id: "pyannote-3.1", kind: "diarizer", available: true };
  const wav2vec2 = { id: "wav2vec2", kind: "aligner", available: true };
  assert.deepEqual(await offer(pyannote), [["", "light", "pyannote"], false]);
  assert.deepEqual(await offer(wav2vec2), [false, ["", "wav2vec2"]]);
  const other = { id: "other", kind: "diarizer", available: true };
  assert.deepEqual(await offer(other), [["", "light"], false]);
});
