// Files of a transcript: what is to be in them, what is wrong with its subtitles, and waiting for
// those that a worker makes.
import { read } from "../../editing/static/changes.js";
import { $, announce, attempt, make, makeButton, showError } from "../../pages/static/dom.js";
import { fetchExport, saveFile } from "./exports.js";
import { nameLanguage } from "../../pages/static/languages.js";
import { formatClock } from "../../pages/static/format.js";
import { api } from "../../pages/static/reader.js";
import { parseCues, plainCue } from "../../pages/static/subtitles.js";
import { RequestError } from "../../pages/static/requests.js";
import { fill, fillCount, texts } from "../../pages/static/texts.js";

const MAX_SHOWN = 50; // issues
const PREVIEWED = 12; // subtitles

/** @typedef {{
 *   start: number, rule: string, severity: string, message: string,
 *   value: number | null, limit: number | null,
 * }} Issue */

export function startDownloads() {
  const menu = /** @type {HTMLDialogElement} */ ($("downloads"));
  const form = $("export-options");
  form.hidden = false;
  $("export-open").addEventListener("click", () => {
    menu.showModal();
    showPreview();
  });
  $("preview-video").addEventListener("click", () => {
    menu.close();
    /** @type {any} */ (document.querySelector("stt-player"))?.previewCaptions(readOptions());
  });
  for (const code of form.dataset.translations.split(" ").filter(Boolean)) addTranslation(code);
  form.addEventListener("change", () => {
    $("lint").hidden = true;
    for (const link of /** @type {NodeListOf<HTMLAnchorElement>} */ (
      menu.querySelectorAll("[data-format]")
    ))
      link.href = link.href.split("?")[0] + readOptions();
    showPreview();
  });
  $("check-subtitles").addEventListener("click", () => attempt(showIssues));
  menu.addEventListener("click", (/** @type {Event} */ event) => {
    const link = /** @type {Element} */ (event.target).closest("a[data-format]");
    if (!(link instanceof HTMLAnchorElement)) return;
    event.preventDefault();
    menu.close();
    download(link);
  });
}

/** The first subtitles, as they would be in the file. The last answer asked for is shown. */
async function showPreview() {
  const place = $("preview");
  const options = readOptions();
  place.dataset.options = options;
  $("preview-state").textContent = texts.preparing;
  try {
    const file = await fetchExport(`${api}export/vtt/${options}`);
    const cues = parseCues(await file.text());
    if (place.dataset.options !== options) return;
    place.replaceChildren(...cues.slice(0, PREVIEWED).map(renderCue));
    $("preview-state").textContent = fillCount(texts.preview_of, cues.length, {
      shown: Math.min(PREVIEWED, cues.length),
    });
    $("preview-video").hidden = !document.body.classList.contains("has-video");
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
    $("preview-state").textContent = problem.message;
    place.replaceChildren();
  }
}

/** @param {{start: number, end: number, text: string}} cue */
function renderCue({ start, end, text }) {
  const { speaker, text: said } = plainCue(text);
  const times = make("small", {}, `${formatClock(start)} – ${formatClock(end)} ${speaker}`);
  return make("li", {}, times, make("p", { dir: "auto", textContent: said }));
}

/** The API's query for what was chosen; empty where it is what the API does anyway. */
function readOptions() {
  const form = $("export-options");
  const query = new URLSearchParams();
  if (!form.speakers.checked) query.set("speakers", "false");
  if (!form.paragraphs.checked) query.set("paragraphs", "false");
  if (form.include_gaps.checked) query.set("include_gaps", "true");
  const [option, language] = form.translation.value.split("=");
  if (language) query.set(option, language);
  if (form.timestamps.value) query.set("timestamps", form.timestamps.value);
  if (form.profile.value !== "default") query.set("profile", form.profile.value);
  const redacted = [...form.querySelectorAll("[name=redact]:checked")].map(({ value }) => value);
  if (redacted.length) query.set("redact", redacted.join(","));
  return query.size ? `?${query}` : "";
}

/** Offer files in a language that the transcript is translated into. @param {string} code */
export function addTranslation(code) {
  const { translation: select } = $("export-options");
  const name = nameLanguage(code);
  const choices = [
    [`language=${code}`, name],
    [`bilingual=${code}`, fill(texts.original_and, { language: name })],
  ];
  for (const [value, label] of choices)
    if (![...select.options].some((option) => option.value === value))
      select.append(new Option(label, value));
}

/** @param {string} code */
export function removeTranslation(code) {
  const { translation: select } = $("export-options");
  for (const option of [...select.options])
    if (option.value.split("=")[1] === code) option.remove();
  select.dispatchEvent(new Event("change", { bubbles: true }));
}

async function showIssues() {
  const { cues, findings } = await read(`export/lint/${readOptions()}`);
  const summary = findings.length
    ? fillCount(texts.issues, findings.length, { cues })
    : fillCount(texts.no_issues, cues);
  const hidden = findings.length - MAX_SHOWN;
  const place = $("lint");
  place.replaceChildren(
    make("p", { textContent: summary }),
    make("ul", {}, ...findings.slice(0, MAX_SHOWN).map(showIssue)),
    ...(hidden > 0 ? [make("p", { textContent: fill(texts.and_more, { count: hidden }) })] : []),
  );
  place.hidden = false;
  announce(summary);
}

/** @param {Issue} issue */
function showIssue({ start, rule, severity, message, value, limit }) {
  const measure = value === null || limit === null ? "" : ` (${value}; ${texts.limit} ${limit})`;
  const time = make("small", { textContent: formatClock(start) });
  return make(
    "li",
    { className: severity },
    time,
    ` ${texts[`issue_${rule}`] ?? message}${measure}`,
  );
}

/**
 * Fetch a file and save it; while it is being made, a line says so and can cancel it.
 * @param {HTMLAnchorElement} link
 */
export async function download(link) {
  const controller = new AbortController();
  const format = link.dataset.format ?? "";
  const line = make("p", { className: "hint" }, `${texts.preparing} (${format.toUpperCase()}) `);
  line.append(makeButton(texts.cancel, () => controller.abort()));
  $("preparing").append(line);
  announce(texts.preparing);
  try {
    const content = await fetchExport(link.href, { signal: controller.signal });
    const { searchParams } = new URL(link.href);
    const language = searchParams.get("language") ?? searchParams.get("bilingual");
    const ending = [language, format].filter(Boolean).join(".");
    // The title may have a name in it.
    const heading = document.querySelector("h1")?.textContent;
    saveFile(content, `${searchParams.has("redact") ? "transcript" : heading}.${ending}`);
  } catch (problem) {
    if (controller.signal.aborted) return;
    if (!(problem instanceof RequestError)) throw problem;
    showError(problem.message, { retry: () => download(link) });
  } finally {
    line.remove();
  }
}
