// What speakers may be called, from what is said: used or refused by a person, never by itself.
import { onRevision } from "../../editing/static/changes.js";
import { allSpeakers, change } from "../../editing/static/lines.js";
import { $, announce, make, makeButton } from "../../pages/static/dom.js";
import { fill, texts } from "../../pages/static/texts.js";
import { callJson, within } from "./panel.js";
import { makePlace } from "./places.js";
import { placesOf } from "./result-sections.js";

/**
 * @typedef {{
 *   speaker: number, label: string, name: string, score: number, evidence: any[],
 * }} Suggestion as the API describes it
 */

export function startSuggesting() {
  onRevision(() => {
    for (const row of /** @type {NodeListOf<HTMLElement>} */ (
      document.querySelectorAll("#suggested li[data-speaker]")
    ))
      if (isNamed(Number(row.dataset.speaker))) row.remove();
    showWhereAny();
  });
  if (allSpeakers().some(({ name }) => !name)) read();
}

/** @param {number} number */
const isNamed = (number) => Boolean(allSpeakers().find((each) => each.number === number)?.name);

async function read() {
  await within($("suggestions-problem"), async () => {
    const { suggestions } = await callJson("speaker-suggestions/");
    $("suggested").replaceChildren(...suggestions.map(renderSuggestion));
    showWhereAny();
  });
}

/** @param {Suggestion} suggestion */
function renderSuggestion({ speaker, label, name, evidence }) {
  const title = make("p", {}, fill(texts.may_be, { label, name }));
  const quotes = make("ul", { className: "sources" }, ...evidence.map(renderEvidence));
  const use = makeButton(texts.use_name, async () => {
    if (await change("PATCH", `speakers/${speaker}/`, { name })) leave(row);
  });
  const refuse = makeButton(texts.dismiss, () => dismiss(row, { speaker, name }));
  use.setAttribute("aria-label", fill(texts.use_name_for, { label, name }));
  refuse.setAttribute("aria-label", fill(texts.dismiss_for, { label, name }));
  const row = make("li", {}, title, quotes, make("div", { className: "actions" }, use, refuse));
  row.dataset.speaker = String(speaker);
  return row;
}

/** @param {any} evidence */
function renderEvidence(evidence) {
  const { speaker, text } = evidence;
  const said = speaker ? `${speaker}: ${text}` : text;
  return make("li", { dir: "auto" }, ...placesOf(evidence).map(makePlace), " ", said);
}

/**
 * @param {HTMLElement} row
 * @param {{speaker: number, name: string}} refused
 */
async function dismiss(row, refused) {
  await within($("suggestions-problem"), async () => {
    await callJson("speaker-suggestions/dismiss/", { method: "POST", data: refused });
    announce(texts.dismissed);
    leave(row);
  });
}

/** Take a row away; the focus goes on to the next one. @param {HTMLElement} row */
function leave(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  showWhereAny();
  /** @type {HTMLElement | null | undefined} */ (next?.querySelector("button.button"))?.focus();
}

function showWhereAny() {
  $("suggestions").hidden = !$("suggested").children.length && $("suggestions-problem").hidden;
}
