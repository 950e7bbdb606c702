// The lines as the page shows them, and what a change makes of them.
import { baseOf, send } from "./changes.js";
import { $, announce, attempt, make } from "../../pages/static/dom.js";
import { formatClock } from "../../pages/static/format.js";
import { discardPages, words } from "../../pages/static/reader.js";
import {
  idOf,
  itemOf,
  lines,
  list,
  neighbourOf,
  textIn,
  textOf,
} from "../../pages/static/segments.js";
import { fill, texts } from "../../pages/static/texts.js";

export { itemOf, neighbourOf, textOf };

/** @typedef {import("../../pages/static/types.js").Segment} Segment */
/** @typedef {import("../../pages/static/types.js").Speaker} Speaker */
/** @typedef {import("../../pages/static/types.js").EditAnswer} EditAnswer */
/** @typedef {import("../../pages/static/types.js").LineState} LineState */

const COLOURS = 8; // as `line_markup.COLOURS`
/** @type {Speaker[]} */
let speakers = JSON.parse($("speakers").textContent);
/** @type {((ids: string[]) => void)[]} */
const listeners = [];

export const allSpeakers = () => speakers;
/** @param {Speaker} speaker */
export const nameOf = ({ name, label }) => name || labelOf(label);
/**
 * As `pages/speaker_labels.py` does: labels are stored in English.
 * @param {string} label
 */
export function labelOf(label) {
  const number = /^Speaker ([0-9]+)$/.exec(label)?.[1];
  return number ? fill(texts.speaker_number, { number }) : label;
}
/** @param {string | number | undefined} number */
export const speakerOf = (number) =>
  speakers.find((each) => String(each.number) === String(number));
/** @param {number} number */
export const colourOf = (number) => `c${((number - 1) % COLOURS) + 1}`;

/** @param {(ids: string[]) => void} listener called with the lines whose text or words changed */
export function onLines(listener) {
  listeners.push(listener);
}

/**
 * Run a change that answers with segments, and show what it made of them; return whether it did.
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {string} [announcement]
 * @param {{lines?: string[], timeoutMs?: number}} [options] `lines`: on which it builds
 */
export function change(method, path, body, announcement = texts.saved, options = {}) {
  return attempt(async () => {
    const { lines: own, ...rest } = options;
    const ifMatch = own ? baseOf(own) : undefined;
    show(await send(method, path, body, ifMatch === undefined ? rest : { ...rest, ifMatch }));
    announce(announcement);
  });
}

/**
 * Put what an edit left into the page; lines for which `isHeld` are left alone.
 * @param {EditAnswer} edited
 * @param {(id: string) => boolean} [isHeld]
 */
export function show(edited, isHeld = () => false) {
  if (!edited.complete) return location.reload();
  for (const id of edited.removed) if (!isHeld(id)) removeLine(id);
  speakers = edited.speakers;
  const free = edited.segments.filter(({ id }) => !isHeld(id));
  for (const segment of free) showSegment(segment);
  discardPages();
  showSpeakers();
  showTalk();
  tell(free.map(({ id }) => id));
}

/** @param {string[]} ids */
function tell(ids) {
  for (const listener of listeners) listener(ids);
}

/**
 * The words of a segment were found in the recording; its text is as it was.
 * @param {Segment} segment
 */
export function showTimes(segment) {
  const item = itemOf(segment.id);
  if (!item || textOf(item) !== segment.text) return; // edited again in the meantime
  words.set(segment.id, segment.words);
  tell([segment.id]);
}

/**
 * Whether a segment belongs to a part of the text that the page doesn't show.
 * @param {{start: number}} segment
 */
function isElsewhere({ start }) {
  if (!lines.length) return false;
  const first = /** @type {HTMLElement} */ (lines[0]);
  const last = /** @type {HTMLElement} */ (lines[lines.length - 1]);
  const isBefore = Number(list.dataset.first ?? 0) > 0 && start < Number(first.dataset.start);
  const hasMore = document.getElementById("more-lines") !== null;
  return isBefore || (hasMore && start > Number(last.dataset.start));
}

/** @param {Segment} segment */
function showSegment(segment) {
  words.set(segment.id, segment.words);
  const speaker = String(segment.speaker_number ?? "");
  showLine({ ...segment, speaker });
}

/** @param {LineState} state */
export function showLine(state) {
  if (!itemOf(state.id) && isElsewhere(state)) return;
  const item = itemOf(state.id) ?? insert(state);
  item.dataset.start = String(state.start);
  item.dataset.end = String(state.end);
  item.dataset.speaker = state.speaker;
  const text = /** @type {HTMLElement} */ (textIn(item));
  if (text.textContent !== state.text) setText(text, state.text);
  const time = /** @type {HTMLElement} */ (item.querySelector(".time"));
  const clock = formatClock(state.start);
  if (time.textContent !== clock) time.textContent = clock;
}

/**
 * The caret stays at its place, as far as there still is one.
 * @param {HTMLElement} text
 * @param {string} content
 */
function setText(text, content) {
  const selection = document.activeElement === text ? getSelection() : null;
  const offset = selection?.rangeCount ? caretIn(text) : null;
  text.textContent = content;
  if (offset !== null) placeCaret(text, Math.min(offset, content.length));
}

/** How many characters are before the caret. @param {HTMLElement} text */
export function caretIn(text) {
  const selection = getSelection();
  if (!selection?.focusNode || !text.contains(selection.focusNode)) return 0;
  const range = document.createRange();
  range.selectNodeContents(text);
  range.setEnd(selection.focusNode, selection.focusOffset);
  return range.toString().length;
}

/**
 * @param {HTMLElement} text
 * @param {number} offset
 * @param {number} [last] select up to here
 */
export function placeCaret(text, offset, last = offset) {
  const node = text.firstChild;
  const selection = getSelection();
  if (!node) return selection?.collapse(text, 0);
  const length = node.textContent?.length ?? 0;
  selection?.setBaseAndExtent(node, Math.min(offset, length), node, Math.min(last, length));
}

/** @param {HTMLElement} item @returns {LineState} */
export function stateOf(item) {
  const { start, end, speaker } = item.dataset;
  return {
    id: idOf(item),
    text: textOf(item),
    start: Number(start),
    end: Number(end),
    speaker: speaker ?? "",
  };
}

/** @param {string} id */
export function removeLine(id) {
  itemOf(id)?.remove();
  words.delete(id);
}

/** @param {LineState} state */
function insert(state) {
  const item = make(
    "li",
    { id: `s-${state.id}`, className: "segment" },
    make("span", { className: "time" }),
    make("p", { className: "text", dir: "auto" }),
  );
  const items = /** @type {HTMLElement[]} */ ([...list.querySelectorAll(".block > li")]);
  const next = items.find(({ dataset }) => Number(dataset.start) > state.start);
  const last = items.at(-1);
  if (next) next.before(item);
  else if (last) last.after(item);
  else list.append(make("ol", { className: "block" }, item));
  return item;
}

/** Names stand where the speaker changes. Touches nothing that is as it should be. */
export function showSpeakers() {
  let before = null;
  for (const item of [...lines]) {
    // a copy: each change makes the live list count again
    const number = item.dataset.speaker ?? "";
    const known = number !== before ? speakerOf(number) : undefined;
    before = number;
    const place = item.querySelector(".speaker");
    if (!known) place?.remove();
    else if (place) showName(/** @type {HTMLElement} */ (place), known);
    else {
      const made = make("p", { dir: "auto" });
      showName(made, known);
      item.prepend(made);
    }
  }
}

/**
 * @param {HTMLElement} place
 * @param {Speaker} speaker
 */
function showName(place, speaker) {
  const className = `speaker ${colourOf(speaker.number)}`;
  if (place.className !== className) place.className = className;
  if (place.textContent !== nameOf(speaker)) place.textContent = nameOf(speaker);
}

/** The strip of speakers: names, and how much each of them speaks on this page. */
function showTalk() {
  const strip = document.getElementById("talk");
  if (!strip) return;
  /** @type {Map<string, number>} */
  const spoken = new Map();
  let total = 0;
  for (const { dataset } of [...lines]) {
    const seconds = Number(dataset.end) - Number(dataset.start);
    spoken.set(dataset.speaker ?? "", (spoken.get(dataset.speaker ?? "") ?? 0) + seconds);
    total += seconds;
  }
  strip.replaceChildren(
    ...speakers.map((speaker) => {
      const share = Math.round((100 * (spoken.get(String(speaker.number)) ?? 0)) / (total || 1));
      const name = make("span", { dir: "auto", textContent: nameOf(speaker) });
      const small = make("small", { textContent: `${share}\u00a0%` });
      const className = colourOf(speaker.number);
      const button = make("button", { type: "button", className }, name, " ", small);
      button.dataset.number = String(speaker.number);
      return make("li", {}, button);
    }),
  );
}
