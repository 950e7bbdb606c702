// Marks on words without an element for each: CSS custom highlights. Where a browser has none
// (before 2023; Firefox before 140), the line that is played is marked, and no word.

const registry = globalThis.CSS?.highlights;

/**
 * Mark these ranges, and nothing else, under a name of transcript.css.
 * @param {string} name
 * @param {AbstractRange[]} ranges
 */
export function setMarks(name, ranges) {
  if (!registry) return;
  if (ranges.length) registry.set(name, new Highlight(...ranges));
  else registry.delete(name);
}

/** Marks of many lines under one name, each line's set by itself. */
export class LineMarks {
  /** @param {string} name */
  constructor(name) {
    this.name = name;
    /** @type {Map<string, AbstractRange[]>} */
    this.ranges = new Map();
    this.highlight = registry ? new Highlight() : null;
    if (registry && this.highlight) registry.set(name, this.highlight);
  }

  /**
   * @param {string} id
   * @param {AbstractRange[]} ranges
   */
  set(id, ranges) {
    for (const range of this.ranges.get(id) ?? []) this.highlight?.delete(range);
    for (const range of ranges) this.highlight?.add(range);
    if (ranges.length) this.ranges.set(id, ranges);
    else this.ranges.delete(id);
  }
}

/**
 * The range of some characters of an element's text; null where it has fewer.
 * @param {Node} element
 * @param {number} first
 * @param {number} last behind the last one
 * @returns {StaticRange | null}
 */
export function rangeIn(element, first, last) {
  const start = placeIn(element, first);
  const end = placeIn(element, last);
  if (!start || !end) return null;
  return new StaticRange({
    startContainer: start.node,
    startOffset: start.offset,
    endContainer: end.node,
    endOffset: end.offset,
  });
}

/**
 * @param {Node} element
 * @param {number} offset in characters of its text
 * @returns {{node: Node, offset: number} | null}
 */
export function placeIn(element, offset) {
  let left = offset;
  for (const node of element.childNodes) {
    const length = node.textContent?.length ?? 0;
    if (left <= length) return node.nodeType === 3 ? { node, offset: left } : placeIn(node, left);
    left -= length;
  }
  return null;
}

/**
 * Where each word of a line stands in its text; null for words that aren't there (any more).
 * @param {string} text
 * @param {{word: string}[]} words
 * @returns {([first: number, last: number] | null)[]}
 */
export function locateWords(text, words) {
  let at = 0;
  return words.map(({ word }) => {
    const found = text.indexOf(word, at);
    if (found < 0) return null;
    at = found + word.length;
    return [found, at];
  });
}
