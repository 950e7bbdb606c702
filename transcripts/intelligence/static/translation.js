// Translations of a transcript: made, shown beside the text, deleted; and their files.
import { onRevision, textRevision } from "../../editing/static/changes.js";
import { itemOf } from "../../editing/static/lines.js";
import { addTranslation, download, removeTranslation } from "../../exports/static/downloads.js";
import { $, announce, make, makeButton } from "../../pages/static/dom.js";
import { formatDateTime } from "../../pages/static/format.js";
import { nameLanguage } from "../../pages/static/languages.js";
import { onPart } from "../../pages/static/parts.js";
import { api, list } from "../../pages/static/reader.js";
import { fetchTicket, requestJson } from "../../pages/static/requests.js";
import { fill, fillCount, texts } from "../../pages/static/texts.js";
import { callJson, within } from "./panel.js";

const MAKE_MS = 330_000; // the server gives up before
const PAGE = 100; // the API's largest
/** Offered at each translation: the query's name, the format. The others are among the downloads. */
const FILES = /** @type {const} */ ([
  ["language", "srt"],
  ["language", "vtt"],
  ["bilingual", "srt"],
  ["bilingual", "docx"],
]);

/** @typedef {import("./summary.js").Made} Made */
/**
 * @typedef {{
 *   code: string, installed: boolean, from: string[], install_hint: string,
 * }} Target as the API describes a language to translate into
 */

/** @type {Target[]} */
let targets = [];
/** @type {Made | null} the translation that stands beside the text */
let shown = null;

export function startTranslating() {
  $("translate").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    translate($("target").value);
  });
  $("target").addEventListener("change", showHint);
  onPart(() => shown && putBeside(shown));
  onRevision(() => {
    for (const note of /** @type {NodeListOf<HTMLElement>} */ (
      document.querySelectorAll("#translations .stale")
    ))
      note.hidden = Number(note.dataset.revision) >= textRevision();
  });
}

/** Read which languages there are, and what was translated; return whether both could be read. */
export function readTranslations() {
  return within($("translate-problem"), async () => {
    for (let page = 1, isMore = true; isMore; page++) {
      const answer = await callJson(`results/?page=${page}&page_size=${PAGE}`);
      $("translations").append(...answer.results.filter(isNewHere).map(renderTranslation));
      isMore = Boolean(answer.next);
    }
    const ticket = await fetchTicket($("translate").dataset.ticket);
    const headers = { Authorization: `Bearer ${ticket}` };
    const { languages } = await requestJson("/v1/translate/languages", { headers });
    showTargets(languages);
  });
}

/** @param {Made} made */
const isNewHere = ({ id, kind }) => kind === "translation" && !$(`translation-${id}`);

/** @param {Target[]} languages the same code may be there twice, by two engines */
function showTargets(languages) {
  const isPossible = (/** @type {Target} */ { code, from }) =>
    code !== list.lang && (!from.length || from.includes(list.lang) || !list.lang);
  const possible = languages.filter(isPossible);
  const installed = possible.filter((each) => each.installed);
  const others = possible.filter(
    ({ code, installed: isHere }) => !isHere && !installed.some((each) => each.code === code),
  );
  targets = [...installed, ...others];
  const groups = [
    makeGroup(texts.languages_installed, installed),
    makeGroup(texts.languages_installable, others),
  ];
  $("target").replaceChildren(...groups.filter(({ children }) => children.length));
  $("target").disabled = !targets.length;
  showHint();
}

/**
 * @param {string} label
 * @param {Target[]} group
 */
function makeGroup(label, group) {
  const codes = [...new Set(group.map(({ code }) => code))];
  const options = codes.map((code) => new Option(nameLanguage(code), code));
  options.sort((one, other) => one.text.localeCompare(other.text));
  return make("optgroup", { label }, ...options);
}

/** What would have to be installed for the chosen language; nothing where it is there. */
function showHint() {
  const target = targets.find(({ code }) => code === $("target").value);
  const missing = target
    ? fill(texts.language_missing, { language: nameLanguage(target.code) })
    : texts.no_languages;
  const way = "installs" in $("translate").dataset ? target?.install_hint : texts.ask_administrator;
  const hint = [missing, target && way].filter(Boolean).join(" ");
  $("translate-hint").textContent = target?.installed ? "" : hint;
  $("translate").querySelector("button").disabled = !target?.installed;
}

/** @param {string} target */
async function translate(target) {
  const button = $("translate").querySelector("button");
  button.disabled = $("target").disabled = true;
  $("translate-progress").textContent = texts.translating;
  const isMade = await within($("translate-problem"), async () => {
    const options = { method: "POST", data: { target }, timeoutMs: MAKE_MS };
    const { result_id: id } = await callJson("translate/", options);
    showNew(await callJson(`results/${id}/`));
  });
  button.disabled = $("target").disabled = false;
  $("translate-progress").textContent = isMade
    ? fill(texts.made, { name: nameLanguage(target) })
    : "";
}

/** It has taken the place of the last one of its language, unless that was edited. @param {Made} made */
function showNew(made) {
  for (const old of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll("#translations > li")
  ))
    if (old.dataset.language === made.name && !old.dataset.edited) old.remove();
  $("translations").prepend(renderTranslation(made));
  showBeside(made);
}

/** @param {Made} made */
function renderTranslation(made) {
  addTranslation(made.name);
  const facts = [made.model, formatDateTime(made.updated_at)].filter(Boolean);
  if (made.is_edited) facts.push(texts.edited_by_you);
  if (made.result.untranslated)
    facts.push(fillCount(texts.untranslated_lines, made.result.untranslated));
  const stale = make("p", { className: "stale", textContent: texts.stale });
  stale.dataset.revision = String(made.revision);
  stale.hidden = !made.is_stale && made.revision >= textRevision();
  const showing = makeButton(texts.show_beside, () =>
    shown?.id === made.id ? hideBeside() : showBeside(made),
  );
  showing.dataset.showing = made.id;
  showing.setAttribute("aria-pressed", String(shown?.id === made.id));
  const deleting = makeButton(texts.delete, () => remove(item, made));
  deleting.classList.add("danger");
  const item = make(
    "li",
    { id: `translation-${made.id}` },
    make("h3", { textContent: nameLanguage(made.name) }),
    make("p", { className: "hint", textContent: facts.join(" · ") }),
    stale,
    make("div", { className: "actions" }, showing, ...FILES.map(makeLink), deleting),
  );
  item.dataset.language = made.name;
  if (made.is_edited) item.dataset.edited = "yes";
  return item;

  /** @param {(typeof FILES)[number]} file */
  function makeLink([option, format]) {
    const name = format.toUpperCase();
    const link = make("a", {
      className: "button",
      href: `${api}export/${format}/?${option}=${made.name}`,
      textContent: option === "bilingual" ? fill(texts.file_of_both, { format: name }) : name,
    });
    link.dataset.format = format;
    link.addEventListener("click", (event) => {
      event.preventDefault();
      download(link);
    });
    return link;
  }
}

/** Put each line's translation below it. @param {Made} made */
function showBeside(made) {
  hideBeside();
  shown = made;
  putBeside(made);
  markShown();
  announce(fill(texts.shown_beside, { language: nameLanguage(made.name) }));
}

/** Of the lines that are on the page and have none yet. @param {Made} made */
function putBeside(made) {
  const lines = made.is_edited ? made.text.split("\n") : [];
  for (const [at, segment] of made.result.segments.entries()) {
    const text = lines[at] ?? segment.text;
    const item = segment.segment && itemOf(segment.segment);
    if (!text || !item || item.querySelector(".translation")) continue;
    const line = make("p", { className: "translation", lang: made.name, dir: "auto" }, text);
    if (segment.untranslated && !made.is_edited)
      line.append(
        " ",
        make("small", { textContent: texts.untranslated, lang: document.documentElement.lang }),
      );
    item.append(line);
  }
}

function hideBeside() {
  shown = null;
  for (const line of document.querySelectorAll("#segments .translation")) line.remove();
  markShown();
}

function markShown() {
  for (const button of /** @type {NodeListOf<HTMLElement>} */ (
    document.querySelectorAll("#translations [data-showing]")
  )) {
    const isShown = button.dataset.showing === shown?.id;
    button.setAttribute("aria-pressed", String(isShown));
    button.textContent = isShown ? texts.hide_beside : texts.show_beside;
  }
}

/**
 * @param {HTMLElement} item
 * @param {Made} made
 */
async function remove(item, made) {
  if (!confirm(fill(texts.delete_made, { name: nameLanguage(made.name) }))) return;
  await within($("translate-problem"), async () => {
    await callJson(`results/${made.id}/`, { method: "DELETE" });
    item.remove();
    if (shown?.id === made.id) hideBeside();
    if (!document.querySelector(`#translations > li[data-language="${made.name}"]`))
      removeTranslation(made.name);
    $("translate-progress").textContent = texts.made_deleted;
    $("target").focus();
  });
}
