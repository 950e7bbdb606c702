// The lines as the page shows them, and what a change makes of them.
import { send } from "./changes.js";
import { $, announce, attempt, make } from "../../pages/static/dom.js";
import { formatClock } from "../../pages/static/format.js";
import { discardPages, lines, list, player, words } from "../../pages/static/reader.js";
import { fill, texts } from "../../pages/static/texts.js";
import { followWordTimes } from "../../pages/static/word-times.js";

/** @typedef {import("../../pages/static/types.js").Segment} Segment */
/** @typedef {import("../../pages/static/types.js").Speaker} Speaker */
/** @typedef {import("../../pages/static/types.js").EditAnswer} EditAnswer */

/** @type {Speaker[]} */
let speakers = JSON.parse($("speakers").textContent);

export const allSpeakers = () => speakers;
/** @param {Speaker} speaker */
export const nameOf = ({ name, label }) => name || label;
/** @param {string | number | undefined} number */
export const speakerOf = (number) =>
  speakers.find((each) => String(each.number) === String(number));
/** @param {Element} item */
export const textOf = (item) => item.querySelector(".text")?.textContent ?? "";

/**
 * Run a change that answers with segments, and show what it made of them; return whether it did.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 */
export function change(method, path, body, announcement = texts.saved) {
  return attempt(async () => {
    show(await send(method, path, body));
    announce(announcement);
  });
}

/**
 * Put what an edit left into the page.
 * @param {EditAnswer} edited
 */
export function show(edited) {
  if (!edited.complete) return location.reload();
  for (const id of edited.removed) {
    itemOf(id)?.remove();
    words.delete(id);
  }
  speakers = edited.speakers;
  for (const segment of edited.segments) showSegment(segment);
  discardPages();
  showSpeakers();
  if (edited.segments.some(isEstimated)) followWordTimes(edited.revision - 1, showTimes);
}

/** @param {Segment} segment */
const isEstimated = (segment) => segment.words.some(({ timing }) => timing === "interpolated");

/**
 * The words of a segment were found in the recording; its text is as it was.
 * @param {Segment} segment
 */
function showTimes(segment) {
  const text = /** @type {HTMLElement | null | undefined} */ (
    itemOf(segment.id)?.querySelector(".text")
  );
  if (text?.textContent !== segment.text) return; // edited again in the meantime
  words.set(segment.id, segment.words);
  if (!text.dataset.rendered) return;
  text.replaceChildren(segment.text); // rendered again when it is played
  delete text.dataset.rendered;
}

/**
 * The segment before or behind one; gaps are passed over.
 * @param {HTMLElement} item
 * @param {{isNext: boolean}} direction
 */
export function neighbourOf(item, { isNext }) {
  const step = isNext ? "nextElementSibling" : "previousElementSibling";
  let other = /** @type {HTMLElement | null} */ (item[step]);
  while (other && !other.dataset.id) other = /** @type {HTMLElement | null} */ (other[step]);
  return other;
}

/**
 * @param {string} id
 * @returns {HTMLElement | null}
 */
export const itemOf = (id) => list.querySelector(`[data-id="${CSS.escape(id)}"]`);

/**
 * Whether a segment belongs to a part of the text that the page doesn't show.
 * @param {Segment} segment
 */
function isElsewhere({ start }) {
  if (!lines.length) return false;
  const isBefore = Number(list.dataset.first ?? 0) > 0 && start < Number(lines[0].dataset.start);
  const hasMore = document.getElementById("more") !== null;
  return isBefore || (hasMore && start > Number(lines[lines.length - 1].dataset.start));
}

/** @param {Segment} segment */
function showSegment(segment) {
  words.set(segment.id, segment.words);
  if (!itemOf(segment.id) && isElsewhere(segment)) return;
  const item = itemOf(segment.id) ?? insert(segment);
  item.dataset.start = String(segment.start);
  item.dataset.end = String(segment.end);
  item.dataset.speaker = String(segment.speaker_number ?? "");
  const text = /** @type {HTMLElement} */ (item.querySelector(".text"));
  text.textContent = segment.text;
  delete text.dataset.rendered;
  /** @type {HTMLElement} */ (item.querySelector(".time")).textContent = formatClock(segment.start);
}

/** @param {Segment} segment */
function insert(segment) {
  const time = player
    ? make("button", { type: "button", className: "time" })
    : make("span", { className: "time" });
  const item = make(
    "li",
    { className: "segment" },
    make("p", { className: "speaker", dir: "auto" }),
    make("div", { className: "line" }, time, make("p", { className: "text", dir: "auto" })),
  );
  item.dataset.id = segment.id;
  const items = /** @type {HTMLElement[]} */ ([...list.children]);
  const next = items.find(({ dataset }) => Number(dataset.start) > segment.start);
  list.insertBefore(item, next ?? null);
  addEditButton(item);
  return item;
}

/** @param {HTMLElement} item */
export function addEditButton(item) {
  const button = make("button", { type: "button", className: "edit", textContent: texts.edit });
  item.querySelector(".line")?.append(button);
}

export function showSpeakers() {
  const names = new Map(speakers.map((each) => [String(each.number), nameOf(each)]));
  let before = null;
  for (const item of [...lines]) {
    // a copy: each change makes the live list count again
    const number = item.dataset.speaker ?? "";
    const isShown = number !== before;
    before = number;
    const place = /** @type {HTMLElement | null} */ (item.querySelector(".speaker"));
    if (place) showSpeaker(place, isShown ? (names.get(number) ?? null) : null);
  }
}

/**
 * Touches nothing that is as it should be: there may be thousands.
 * @param {HTMLElement} place
 * @param {string | null} name
 */
function showSpeaker(place, name) {
  if (name === null && place.hidden) return;
  place.hidden = name === null;
  if (name === null) return place.replaceChildren();
  if (place.querySelector(":scope > button")?.textContent === name) return;
  const title = fill(texts.speaker_actions, { name });
  place.replaceChildren(make("button", { type: "button", textContent: name, title }));
}
