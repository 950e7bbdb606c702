// Review by risk: one place after the other that is likely wrong, by the keyboard alone. Accepting a
// place, or correcting it, leads on to the next.
import { enterLine } from "../../editing/static/document.js";
import { onLines } from "../../editing/static/lines.js";
import { $, announce, attempt, showError } from "../../pages/static/dom.js";
import { formatClock } from "../../pages/static/format.js";
import { rangeIn, setMarks } from "../../pages/static/marks.js";
import { loadRest } from "../../pages/static/parts.js";
import { api, playFrom } from "../../pages/static/reader.js";
import { RequestError, csrfHeader, request, requestJson } from "../../pages/static/requests.js";
import { findSegment, itemOf, textIn, textOf } from "../../pages/static/segments.js";
import { onKey } from "../../pages/static/shortcuts.js";
import { fill, texts } from "../../pages/static/texts.js";

const LEAD_S = 1.5; // what is played before a place
const TAIL_S = 0.8;

/** @typedef {{
 *   kind: "words" | "gap" | "language" | "speaker", place: string, start: number, end: number,
 *   text: string, score: number, first: number, last: number,
 * }} Risk */

/** @type {Risk[]} */
let queue = [];
let at = 0;
let count = 0;

$("review-open").addEventListener("click", () => ($("reviewer").hidden ? openReview() : close()));
$("review-close").addEventListener("click", close);
$("review-next").addEventListener("click", () => go(1));
$("review-previous").addEventListener("click", () => go(-1));
$("review-play")?.addEventListener("click", play);
$("review-accept").addEventListener("click", accept);
$("review-fix").addEventListener("click", fix);
$("reviewer").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  if (event.key === "Escape") close();
});
onKey("accept", accept);
onKey("playPlace", play);
onLines((ids) => {
  if ($("reviewer").hidden) return;
  // A place whose text is another one now has been looked at.
  const risk = queue[at];
  if (!risk || risk.kind !== "words" || !ids.includes(risk.place)) return;
  const item = itemOf(risk.place);
  if (item && textOf(item).slice(risk.first, risk.last) === risk.text) return;
  drop(risk);
});

/** Read the places, and show the first of them. */
export async function openReview() {
  await attempt(async () => {
    try {
      const answer = await requestJson(`${api}review/`);
      [queue, count, at] = [answer.results, answer.count, 0];
    } catch (problem) {
      if (problem instanceof RequestError) throw showError(problem.message);
      throw problem;
    }
  });
  $("reviewer").hidden = false;
  $("review-open").setAttribute("aria-expanded", "true");
  $("review-next").focus();
  await show();
}

function close() {
  $("reviewer").hidden = true;
  $("review-open").setAttribute("aria-expanded", "false");
  setMarks("reviewed", []);
  $("review-open").focus();
}

/** @param {1 | -1} step */
function go(step) {
  if (!queue.length) return;
  at = (at + step + queue.length) % queue.length;
  show();
}

async function show() {
  const risk = queue[at];
  for (const id of ["review-next", "review-previous", "review-accept", "review-fix", "review-play"])
    if ($(id)) $(id).disabled = !risk;
  if (!risk) {
    $("review-place").textContent = texts.review_done;
    $("review-what").textContent = "";
    setMarks("reviewed", []);
    announce(texts.review_done);
    return;
  }
  const place = { number: at + 1, count, time: formatClock(risk.start) };
  $("review-place").textContent = fill(texts[`risk_${risk.kind}`], place);
  $("review-what").textContent = risk.text;
  announce(`${$("review-place").textContent} ${risk.text}`);
  let item = itemFor(risk);
  for (let tries = 0; !item && document.getElementById("more-lines") && tries < 20; tries++) {
    await loadRest();
    item = itemFor(risk);
  }
  if (!item || queue[at] !== risk) return;
  item.scrollIntoView({ block: "center" });
  const text = textIn(item);
  const last = risk.last || textOf(item).length;
  const range = text && rangeIn(text, risk.first, last);
  setMarks("reviewed", range ? [range] : []);
}

/** @param {Risk} risk */
function itemFor({ kind, place, start }) {
  if (kind === "gap") return document.getElementById(`g-${place}`) ?? findSegment(start);
  return itemOf(place);
}

function play() {
  const risk = queue[at];
  if (risk) playFrom(Math.max(0, risk.start - LEAD_S), risk.end + TAIL_S);
}

async function accept() {
  const risk = queue[at];
  if (!risk || $("reviewer").hidden) return;
  const { kind, place, text } = risk;
  const headers = { ...csrfHeader(), "Content-Type": "application/json" };
  const body = JSON.stringify({ kind, place, text });
  await attempt(async () => {
    try {
      await request(`${api}review/`, { method: "POST", headers, body });
    } catch (problem) {
      if (problem instanceof RequestError) throw showError(problem.message);
      throw problem;
    }
    drop(risk);
  });
}

/** @param {Risk} risk */
function drop(risk) {
  queue = queue.filter((each) => each !== risk);
  count -= 1;
  if (at >= queue.length) at = 0;
  show();
}

/** Put the caret on the words, which are selected: typing replaces them. */
function fix() {
  const risk = queue[at];
  const item = risk && itemFor(risk);
  if (!risk || !item) return;
  if (risk.kind === "gap") return enterLine(/** @type {HTMLElement} */ (item));
  enterLine(/** @type {HTMLElement} */ (item), risk.first, risk.last || textOf(item).length);
}
