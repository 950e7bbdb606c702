// Correcting a transcript in its place: what the page's parts are started by.
import { guard, send } from "./changes.js";
import { currentLine, enterLine, startDocument } from "./document.js";
import { startFind } from "./find.js";
import { startLineTools } from "./line-tools.js";
import { allSpeakers, caretIn, change } from "./lines.js";
import { startSpeakers } from "./speakers.js";
import { startUndo } from "./undo.js";
import { findUnsure, startUnsure } from "./unsure.js";
import { startDownloads } from "../../exports/static/downloads.js";
import { $, announce, attempt, showError } from "../../pages/static/dom.js";
import { onPart } from "../../pages/static/parts.js";
import { textIn } from "../../pages/static/segments.js";
import { placeBeside } from "../../pages/static/sheet.js";
import { onKey } from "../../pages/static/shortcuts.js";
import { fill, texts } from "../../pages/static/texts.js";

// ---- title and tags

const details = $("describing");
guard(() => !details.hidden && [$("title"), $("tags")].some(isFieldChanged));

/** @param {HTMLInputElement} field */
const isFieldChanged = (field) => field.value !== field.defaultValue;

$("describe").addEventListener("click", () => {
  $("more").hidePopover();
  details.hidden = false;
  $("title").focus();
});
details.addEventListener("reset", () => {
  details.hidden = true;
  $("more-open").focus();
});
details.addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  const named = /** @type {string[]} */ ($("tags").value.split(","));
  const tags = named.map((tag) => tag.trim()).filter(Boolean);
  attempt(async () => {
    await send("PATCH", "", { title: $("title").value, tags });
    details.hidden = true; // saved: nothing to ask about
    location.reload();
  });
});

// ---- speakers

$("recount")?.addEventListener("submit", async (/** @type {Event} */ event) => {
  event.preventDefault();
  const count = $("speaker-count").value;
  const body = { speakers: Number(count || 0) };
  if (!(await change("POST", "diarize/", body, texts.recounted))) return;
  $("more").hidePopover();
  $("more-open").focus();
  const found = allSpeakers().length;
  if (found < Number(count)) showError(fill(texts.fewer_speakers, { found, wanted: count }));
});

// ---- unsure words

onKey("next", async ({ shiftKey }) => {
  const line = currentLine();
  const text = line && textIn(line);
  const caret = text && text === document.activeElement ? caretIn(text) : 0;
  const selected = String(getSelection() ?? "").length;
  const from = shiftKey ? caret - selected : caret;
  const found = await findUnsure(line, from, { isNext: !shiftKey });
  if (found) enterLine(found.item, found.first, found.last);
  else announce(texts.no_unsure);
});

// ---- the menu

$("more").addEventListener("toggle", (/** @type {ToggleEvent} */ event) => {
  if (event.newState === "open") placeBeside($("more"), $("more-open"));
});

for (const button of /** @type {NodeListOf<HTMLElement>} */ (
  document.querySelectorAll("[data-opens]")
))
  button.addEventListener("click", () => {
    $("more").hidePopover();
    $(button.dataset.opens ?? "").click();
  });
startDocument();
startLineTools();
startSpeakers();
startUnsure();
startUndo();
startFind();
startDownloads();

// ---- what few visits need is loaded when they do

let hasGaps = false;
async function startGapsOnce() {
  if (hasGaps || !document.querySelector("#segments .gap")) return;
  hasGaps = true;
  const { startGaps } = await import("../../gaps/static/gaps.js");
  startGaps();
}
startGapsOnce();
onPart(startGapsOnce);
$("glossary-open").addEventListener("click", async () => {
  $("more").hidePopover();
  const { openFixes } = await import("../../glossary/static/fixes.js");
  openFixes();
});
$("review-open").addEventListener(
  "click",
  async () => {
    const { openReview } = await import("../../review/static/review.js");
    openReview();
  },
  { once: true },
);
