// The lines of a transcript as the page has them: blocks of a hundred, segments and gaps by time.

export const list = /** @type {HTMLElement} */ (document.getElementById("segments"));
/** The segments alone, without the gaps between them; the collection follows what is done to them. */
export const lines = /** @type {HTMLCollectionOf<HTMLElement>} */ (
  list.getElementsByClassName("segment")
);

/** The id by which the API knows a segment. @param {HTMLElement} item */
export const idOf = (item) => item.id.slice(2);

/**
 * @param {string} id
 * @returns {HTMLElement | null}
 */
export const itemOf = (id) => document.getElementById(`s-${id}`);

/** @param {Element} item @returns {HTMLElement | null} */
export const textIn = (item) => item.querySelector(".text");

/** @param {Element} item */
export const textOf = (item) => textIn(item)?.textContent ?? "";

/**
 * The list item before or behind one, across blocks; gaps are items, too.
 * @param {Element} item
 * @param {{isNext: boolean}} direction
 * @returns {HTMLElement | null}
 */
export function stepFrom(item, { isNext }) {
  const beside = isNext ? item.nextElementSibling : item.previousElementSibling;
  if (beside) return /** @type {HTMLElement} */ (beside);
  let block = isNext
    ? item.parentElement?.nextElementSibling
    : item.parentElement?.previousElementSibling;
  while (block && !block.children.length)
    block = isNext ? block.nextElementSibling : block.previousElementSibling;
  const found = isNext ? block?.firstElementChild : block?.lastElementChild;
  return /** @type {HTMLElement | null} */ (found ?? null);
}

/**
 * The segment before or behind one; gaps are passed over.
 * @param {Element} item
 * @param {{isNext: boolean}} direction
 */
export function neighbourOf(item, { isNext }) {
  let other = stepFrom(item, { isNext });
  while (other && !other.classList.contains("segment")) other = stepFrom(other, { isNext });
  return other;
}

/**
 * The last segment that begins at this time or before.
 * @param {number} seconds
 */
export function findSegment(seconds) {
  let low = 0;
  let high = lines.length - 1;
  let found = null;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const item = /** @type {HTMLElement} */ (lines[middle]);
    if (Number(item.dataset.start) <= seconds) {
      found = item;
      low = middle + 1;
    } else high = middle - 1;
  }
  return found;
}
