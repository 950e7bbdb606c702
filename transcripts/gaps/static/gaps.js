// Speech that is not in the text: accepting what was recognised there, or having it recognised again.
import { send } from "../../editing/static/changes.js";
import { $, announce, attempt } from "../../pages/static/dom.js";
import { formatSeconds } from "../../pages/static/format.js";
import { nameLanguages } from "../../pages/static/languages.js";
import { itemOf, neighbourOf, show } from "../../editing/static/lines.js";
import { onPart } from "../../pages/static/parts.js";
import { list } from "../../pages/static/segments.js";
import { enterLine } from "../../editing/static/document.js";
import { fillCount, texts } from "../../pages/static/texts.js";

const RECOGNISE_MS = 300_000; // a retry is answered when the recogniser has finished

/** @typedef {HTMLButtonElement | HTMLSelectElement} Control */
/** @typedef {import("../../pages/static/types.js").EditAnswer & {warnings: any[]}} GapAnswer */

export function startGaps() {
  offerAll();
  onPart(offerAll);
}

function offerAll() {
  for (const item of /** @type {NodeListOf<HTMLElement>} */ (
    list.querySelectorAll(".gap:not([data-offered])")
  ))
    offer(item);
}

/**
 * Its buttons are stops of Tab only while the gap is where the caret is: `editing/static/document.js`.
 * @param {HTMLElement} item
 */
function offer(item) {
  item.dataset.offered = "yes";
  item.tabIndex = -1;
  for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (
    item.querySelectorAll("[data-action=keep], [data-action=retry]")
  )) {
    button.hidden = false;
    button.addEventListener("click", () => resolve(item, button.dataset.action ?? ""));
  }
  const languages = $("retry-language")?.content.querySelector("select");
  const retry = item.querySelector("[data-action=retry]");
  if (languages && retry) {
    // There is a recording to recognise again.
    nameLanguages(languages);
    retry.after(" ", languages.cloneNode(true));
  }
  for (const control of /** @type {NodeListOf<HTMLElement>} */ (
    item.querySelectorAll("button, select")
  ))
    control.tabIndex = -1;
}

/**
 * What to ask for; of a retry also the language, where one was chosen.
 * @param {HTMLElement} item
 * @param {string} action
 */
function readRequest(item, action) {
  const language = item.querySelector("select")?.value ?? "auto";
  return action === "retry" && language !== "auto" ? { action, language } : { action };
}

/**
 * @param {HTMLElement} item
 * @param {string} action
 */
async function resolve(item, action) {
  const body = readRequest(item, action);
  const controls = /** @type {NodeListOf<Control>} */ (
    item.querySelectorAll("[data-action], select")
  );
  for (const control of controls) control.disabled = true;
  showOutcome(item, action === "retry" ? texts.gap_retrying : "");
  let outcome = "";
  try {
    await attempt(async () => {
      const path = `gaps/${item.dataset.gap}/`;
      const answer = await send("POST", path, body, { timeoutMs: RECOGNISE_MS });
      if (answer.found) fillIn(item, answer);
      else outcome = texts.gap_nothing;
    });
  } finally {
    showOutcome(item, outcome);
    for (const control of controls) control.disabled = false;
  }
  const pressed = /** @type {HTMLElement | null} */ (item.querySelector(`[data-action=${action}]`));
  if (item.isConnected) pressed?.focus();
}

/**
 * Show the words in the place of the gap; the focus moves to them.
 * @param {HTMLElement} item
 * @param {GapAnswer} answer
 */
function fillIn(item, answer) {
  const next = neighbourOf(item, { isNext: true });
  item.remove();
  show(answer);
  showRemaining(answer.warnings);
  announce(texts.gap_filled);
  const added = itemOf(answer.segments.find(({ id }) => itemOf(id))?.id ?? "") ?? next;
  if (added) enterLine(added);
}

/**
 * @param {HTMLElement} item
 * @param {string} message
 */
function showOutcome(item, message) {
  const place = /** @type {HTMLElement} */ (item.querySelector(".outcome"));
  place.textContent = message;
  place.hidden = !message;
  if (message) announce(message);
}

/** @param {any[]} warnings */
function showRemaining(warnings) {
  const line = /** @type {HTMLElement | null} */ (
    document.querySelector("[data-code=speech_not_transcribed]")
  );
  if (!line) return;
  const left = warnings.find(({ code }) => code === line.dataset.code);
  if (left)
    line.textContent = fillCount(texts.gaps_left, left.gaps, {
      seconds: formatSeconds(left.seconds),
    });
  else if ((line.parentElement?.children.length ?? 0) > 1) line.remove();
  else line.closest("section")?.remove();
}
