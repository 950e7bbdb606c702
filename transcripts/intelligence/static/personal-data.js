// Personal data in the transcript: listed by type with the places where it is said, and files and
// the recording without it.
import { fetchExport, saveFile } from "../../exports/static/exports.js";
import { $, announce, make } from "../../pages/static/dom.js";
import { list } from "../../pages/static/reader.js";
import { fill, fillCount, texts } from "../../pages/static/texts.js";
import { callJson, within } from "./panel.js";
import { makePlace } from "./places.js";
import { placesOf } from "./result-sections.js";

const FIND_MS = 330_000; // the server gives up before
const AUDIO_PATIENCE_MS = 7_200_000; // of a recording of hours; the server reports failures at once
const PLACES = 200; // buttons of one type

/** @typedef {{text: string, label: string, evidence: unknown}} Entity as the API describes it */

export function startFinding() {
  const form = $("find-personal");
  form.addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    find();
  });
  form.addEventListener("change", showChosen);
  $("masked-files").addEventListener("click", (/** @type {Event} */ event) => {
    const link = /** @type {Element} */ (event.target).closest("a[data-masked]");
    if (!(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    download(link);
  });
  showChosen();
}

/** The chosen types, as the API calls them in a query. */
function chosen() {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (
    $("find-personal").querySelectorAll("[name=personal]:checked")
  );
  return [...boxes].map(({ value }) => value);
}

/** The files leave out what is chosen. */
function showChosen() {
  const types = chosen();
  $("find-personal").querySelector("[type=submit]").disabled = types.length === 0;
  $("masked-files").hidden = types.length === 0;
  for (const link of $("masked-files").querySelectorAll("[data-masked]"))
    link.href = `${link.href.split("?")[0]}?redact=${types.join(",")}`;
}

async function find() {
  const button = $("find-personal").querySelector("[type=submit]");
  button.disabled = true;
  $("personal-progress").textContent = texts.making;
  const isFound = await within($("personal-problem"), async () => {
    const data = { type: "pii_redact", types: chosen().map((type) => type.toUpperCase()) };
    const { result } = await callJson("analyze/", { method: "POST", data, timeoutMs: FIND_MS });
    showFound(result.entities);
  });
  button.disabled = false;
  if (!isFound) $("personal-progress").textContent = "";
}

/** @param {Entity[]} entities */
function showFound(entities) {
  /** @type {Map<string, Entity[]>} */
  const byType = new Map();
  for (const entity of entities)
    byType.set(entity.label, [...(byType.get(entity.label) ?? []), entity]);
  const summary = entities.length
    ? fillCount(texts.personal_found, entities.length)
    : texts.personal_none;
  $("personal").replaceChildren(...[...byType].map(renderType));
  $("personal-progress").textContent = summary;
  announce(summary);
}

/** @param {[string, Entity[]]} group */
function renderType([type, entities]) {
  const box = $("find-personal").querySelector(`[value="${type.toLowerCase()}"]`);
  const name = box?.closest("label")?.textContent?.trim() ?? type;
  const heading = `${name} (${entities.length})`;
  const rows = [...gatherSame(entities)].map(renderText);
  const listed = make("ul", { lang: list.lang }, ...rows);
  return make("details", { className: "made unfold" }, make("summary", {}, heading), listed);
}

/** What is said several times, once with all its places. @param {Entity[]} entities */
function gatherSame(entities) {
  /** @type {Map<string, Entity[]>} */
  const same = new Map();
  for (const entity of entities.slice(0, PLACES))
    same.set(entity.text, [...(same.get(entity.text) ?? []), entity]);
  return same;
}

/** @param {[string, Entity[]]} group */
function renderText([text, entities]) {
  const row = make("li", { dir: "auto" }, text);
  const places = placesOf(entities.map(({ evidence }) => evidence));
  for (const place of places) row.append(" ", makePlace(place));
  return row;
}

/** Fetch a masked file, or the recording; while a worker makes it, its progress is shown.
 * @param {HTMLAnchorElement} link
 */
async function download(link) {
  const name = link.textContent ?? "";
  const isAudio = link.dataset.masked === "audio";
  const progress = $("masked-progress");
  progress.textContent = `${texts.preparing} (${name})`;
  const isMade = await within($("masked-problem"), async () => {
    const content = await fetchExport(link.href, {
      ...(isAudio ? { patienceMs: AUDIO_PATIENCE_MS } : {}),
      onPreparing: ({ progress: share }) => {
        if (share) progress.textContent = fill(texts.masking, { percent: Math.round(100 * share) });
      },
    });
    // The title may have a name in it.
    saveFile(content, `transcript.${isAudio ? "mp3" : link.dataset.masked}`);
  });
  progress.textContent = isMade ? fill(texts.masked_ready, { name }) : "";
}
