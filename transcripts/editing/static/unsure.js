// Words that the recogniser was not sure of: marked where they stand, and walked from one to the next.
import { onLines } from "./lines.js";
import { LineMarks, locateWords, rangeIn } from "../../pages/static/marks.js";
import { onPart } from "../../pages/static/parts.js";
import { onWords, words, wordsOf } from "../../pages/static/reader.js";
import {
  idOf,
  itemOf,
  lines,
  list,
  neighbourOf,
  textIn,
  textOf,
} from "../../pages/static/segments.js";

export const UNSURE = 0.5; // as `review/risks.py`
const marks = new LineMarks("unsure");

/** @param {HTMLElement} item */
export function clearUnsure(item) {
  marks.set(idOf(item), []);
}

export function startUnsure() {
  onWords((ids) => ids.forEach(markLine));
  onLines((ids) => ids.forEach(markLine));
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) if (isIntersecting) readBlock(target);
    },
    { rootMargin: "50% 0px" },
  );
  const observe = () => {
    for (const block of list.querySelectorAll(".block")) seen.observe(block);
  };
  observe();
  onPart(observe);
}

/** @param {Element} block */
function readBlock(block) {
  const items = /** @type {NodeListOf<HTMLElement>} */ (block.querySelectorAll(".segment"));
  for (const item of [items[0], items[items.length - 1]])
    if (item && !words.has(idOf(item))) wordsOf(item);
}

/** @param {string} id */
function markLine(id) {
  const item = itemOf(id);
  const text = item && textIn(item);
  if (!item || !text) return marks.set(id, []);
  const ranges = unsureIn(item).map(([first, last]) => rangeIn(text, first, last));
  marks.set(
    id,
    ranges.filter((range) => range !== null),
  );
}

/**
 * Where the unsure words of a line stand.
 * @param {HTMLElement} item
 * @returns {[first: number, last: number][]}
 */
export function unsureIn(item) {
  const known = words.get(idOf(item)) ?? [];
  const places = locateWords(textOf(item), known);
  return places
    .filter((place, at) => {
      const confidence = known[at]?.confidence;
      return place && confidence !== null && confidence !== undefined && confidence < UNSURE;
    })
    .filter((place) => place !== null);
}

/**
 * The unsure word behind a place, or before it; reads words as it goes.
 * @param {HTMLElement | null} from
 * @param {number} caret
 * @param {{isNext: boolean}} direction
 * @returns {Promise<{item: HTMLElement, first: number, last: number} | null>}
 */
export async function findUnsure(from, caret, { isNext }) {
  let item = from ?? /** @type {HTMLElement | undefined} */ (lines[0]) ?? null;
  let limit = caret;
  while (item) {
    if (!words.has(idOf(item))) await wordsOf(item);
    const places = unsureIn(item);
    const here = limit;
    const place = isNext
      ? places.find(([first]) => first >= here)
      : places.findLast(([, last]) => last <= here);
    if (place) return { item, first: place[0], last: place[1] };
    item = neighbourOf(item, { isNext });
    limit = isNext ? 0 : Infinity;
  }
  return null;
}
