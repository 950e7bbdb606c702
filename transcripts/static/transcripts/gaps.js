// Speech that is not in the text: taking over what was recognised there, or having it recognised again.
import { attempt, say, send } from "./changes.js";
import { itemOf, neighbourOf, show } from "./lines.js";
import { onPart } from "./parts.js";
import { $, fill, formatSeconds, nameLanguages, texts } from "./page.js";
import { list } from "./reader.js";

export function startGaps() {
  nameRetryLanguages();
  prepare([list]);
  onPart(prepare);
}

function prepare(items) {
  for (const item of items) {
    offerLanguages(item);
    for (const button of item.querySelectorAll("[data-action=keep], [data-action=retry]")) {
      button.hidden = false;
      button.addEventListener("click", () => resolve(button.closest("li"), button.dataset.action));
    }
  }
}

const retryLanguages = () => $("retry-language")?.content.querySelector("select");

function nameRetryLanguages() {
  const languages = retryLanguages();
  if (languages) nameLanguages(languages); // else there is no recording to recognise again
}

/** Puts a choice of languages beside each "Try again". */
function offerLanguages(item) {
  const languages = retryLanguages();
  if (!languages) return;
  for (const button of item.querySelectorAll("[data-action=retry]"))
    button.after(" ", languages.cloneNode(true));
}

/** What to ask for; of a retry also the language, where one was chosen. */
function readRequest(item, action) {
  const language = item.querySelector("select")?.value ?? "auto";
  return action === "retry" && language !== "auto" ? { action, language } : { action };
}

async function resolve(item, action) {
  const request = readRequest(item, action);
  const buttons = item.querySelectorAll("[data-action], select");
  for (const button of buttons) button.disabled = true;
  tellOutcome(item, action === "retry" ? texts.gap_retrying : "");
  const wentWell = await attempt(async () => {
    const answer = await send("POST", `gaps/${item.dataset.gap}/`, request);
    if (answer.found) fillIn(item, answer);
    else tellOutcome(item, texts.gap_nothing);
  });
  if (!wentWell) tellOutcome(item, "");
  for (const button of buttons) button.disabled = false;
  if (item.isConnected) item.querySelector(`[data-action=${action}]`).focus();
}

/** Shows the words in the place of the gap; who uses the keyboard goes on at them. */
function fillIn(item, answer) {
  const behind = neighbourOf(item, { isNext: true });
  item.remove();
  show(answer);
  showRemark(answer.warnings);
  say(texts.gap_filled);
  const added = itemOf(answer.segments.find(({ id }) => itemOf(id))?.id ?? "") ?? behind;
  added?.querySelector(".edit")?.focus();
}

function tellOutcome(item, message) {
  const place = item.querySelector(".outcome");
  place.textContent = message;
  place.hidden = !message;
  say(message);
}

function showRemark(warnings) {
  const remark = document.querySelector("[data-code=speech_not_transcribed]");
  if (!remark) return;
  const left = warnings.find(({ code }) => code === remark.dataset.code);
  if (left) remark.textContent = fill(texts.gaps_left, { count: left.gaps, seconds: formatSeconds(left.seconds) });
  else if (remark.parentElement.children.length > 1) remark.remove();
  else remark.closest("section").remove();
}
