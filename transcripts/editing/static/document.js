// The text is edited where it stands: the line that has the caret is editable, and nothing moves when
// the caret comes in. What is typed becomes an edit after a moment, or when the caret leaves.
import {
  caretIn,
  itemOf,
  onLines,
  placeCaret,
  removeLine,
  showLine,
  showSpeakers,
  stateOf,
} from "./lines.js";
import { onKeepMine } from "./conflicts.js";
import { addChange, endTyping, makeId, makeText, noteTyping, queue, startSync } from "./sync.js";
import { baseOf } from "./changes.js";
import { clearUnsure } from "./unsure.js";
import { announce } from "../../pages/static/dom.js";
import { formatClock } from "../../pages/static/format.js";
import { locateWords } from "../../pages/static/marks.js";
import { hearFrom, player, words } from "../../pages/static/reader.js";
import {
  idOf,
  lines,
  list,
  neighbourOf,
  stepFrom,
  textIn,
  textOf,
} from "../../pages/static/segments.js";
import { fill, texts } from "../../pages/static/texts.js";

const PAUSE_MS = 900; // after the last key; then what was typed is saved
const plain = (/** @type {string} */ text) => text.replace(/\s+/g, " ").trim();

/** @type {HTMLElement | null} the line that can be reached by Tab */
let current = null;
/** @type {Map<string, string>} */
const saved = new Map(); // of lines with typed text: what it was before
/** The text of a line when the caret came in, or when it was last saved. */
const lastText = new WeakMap();
let timer = 0;
/** @type {((item: HTMLElement) => void)[]} */
const listeners = [];

export const currentLine = () => (current?.isConnected ? current : null);

/** @param {(item: HTMLElement) => void} listener called when the caret comes into another line */
export function onCurrent(listener) {
  listeners.push(listener);
}

export function startDocument() {
  onKeepMine((line, text, base) => {
    const item = itemOf(line);
    if (!item) return;
    const change = makeText(item, text, base);
    showLine({ ...stateOf(item), text });
    addChange(change);
  });
  onLines((ids) => {
    for (const id of ids) if (!queue.has(id)) saved.delete(id);
    if (current && !saved.has(idOf(current))) lastText.set(current, textOf(current));
    if (!currentLine() && lines[0]) makeCurrent(/** @type {HTMLElement} */ (lines[0]));
  });
  list.addEventListener("pointerdown", (event) => {
    const text = textAt(event.target);
    if (text) makeCurrent(/** @type {HTMLElement} */ (text.closest("li"))); // before the caret is set
  });
  list.addEventListener("click", playClicked);
  list.addEventListener("focusin", (event) => {
    const item = /** @type {HTMLElement | null} */ (
      /** @type {Element} */ (event.target).closest("li")
    );
    if (item && item !== current) makeCurrent(item);
    else if (item) for (const listener of listeners) listener(item);
  });
  list.addEventListener("focusout", (event) => {
    if (textAt(event.target)) commit();
  });
  list.addEventListener("input", noteInput);
  list.addEventListener("keydown", (event) => {
    const text = textAt(event.target);
    if (text && !event.isComposing) handleKey(event, text);
    else if (!text) handleGapKey(event);
  });
  list.addEventListener("paste", (event) => {
    const text = textAt(event.target);
    if (!text) return;
    event.preventDefault();
    const pasted = (event.clipboardData?.getData("text/plain") ?? "").replace(/\s+/g, " ");
    document.execCommand("insertText", false, pasted);
  });
  list.addEventListener("drop", (event) => event.preventDefault());
  if (lines[0]) makeCurrent(/** @type {HTMLElement} */ (lines[0]));
  return startSync(commit);
}

/** @param {EventTarget | null} target */
const textAt = (target) =>
  target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest(".text")) : null;

/**
 * Only one line is a stop of Tab; arrows lead on from there.
 * @param {HTMLElement} item
 */
export function makeCurrent(item) {
  if (item === current) return;
  if (current) setReachable(current, false);
  current = item;
  lastText.set(item, textOf(item));
  setReachable(item, true);
  for (const listener of listeners) listener(item);
}

/** @param {HTMLElement} item @param {boolean} isReachable */
function setReachable(item, isReachable) {
  const text = textIn(item);
  if (!text) {
    item.tabIndex = isReachable ? 0 : -1;
    for (const control of item.querySelectorAll("button, select"))
      /** @type {HTMLElement} */ (control).tabIndex = isReachable ? 0 : -1;
    return;
  }
  if (!isReachable) {
    for (const name of ["contenteditable", "role", "aria-label", "spellcheck"])
      text.removeAttribute(name);
    return;
  }
  text.setAttribute("contenteditable", "plaintext-only");
  if (!text.isContentEditable) text.setAttribute("contenteditable", "true"); // Firefox before 136
  text.setAttribute("role", "textbox");
  text.setAttribute("spellcheck", "false");
  const time = formatClock(Number(item.dataset.start));
  text.setAttribute("aria-label", fill(texts.line_at, { time }));
}

/**
 * Put the caret into a line, or focus a gap.
 * @param {HTMLElement} item
 * @param {number} [offset] Infinity: the end
 * @param {number} [last] select up to here
 */
export function enterLine(item, offset = 0, last = offset) {
  makeCurrent(item);
  const text = textIn(item);
  if (!text) return item.focus();
  text.focus({ preventScroll: true });
  placeCaret(text, Math.min(offset, textOf(item).length), Math.min(last, textOf(item).length));
  item.scrollIntoView({ block: "nearest" });
}

/** @param {MouseEvent} event */
function playClicked(event) {
  const text = textAt(event.target);
  const item = /** @type {HTMLElement | null} */ (text?.closest("li"));
  if (!text || !item || !player || !getSelection()?.isCollapsed) return;
  const known = words.get(idOf(item));
  const at = caretIn(text);
  const places = known ? locateWords(textOf(item), known) : [];
  const word = known?.[places.findLastIndex((place) => place && place[0] <= at)];
  hearFrom(word?.start ?? Number(item.dataset.start));
}

// ---- typing

/** @param {Event} event */
function noteInput(event) {
  const text = textAt(event.target);
  const item = /** @type {HTMLElement | null} */ (text?.closest("li"));
  if (!text || !item) return;
  const id = idOf(item);
  if (!saved.has(id)) saved.set(id, lastText.get(item) ?? textOf(item));
  clearUnsure(item);
  noteTyping(id, textOf(item));
  clearTimeout(timer);
  timer = Number(setTimeout(commit, PAUSE_MS));
}

// What a script puts in (a paste, here) comes without `beforeinput`: the text is known before.
list.addEventListener("beforeinput", (event) => {
  const item = textAt(event.target)?.closest("li");
  const text = item && textOf(item);
  if (item && !saved.has(idOf(item))) lastText.set(item, text);
});

/** Make edits of what was typed. */
export function commit() {
  clearTimeout(timer);
  for (const [id, before] of [...saved]) {
    saved.delete(id);
    const item = itemOf(id);
    const base = endTyping(id);
    if (!item) continue;
    const text = plain(textOf(item));
    lastText.set(item, textOf(item));
    if (text === plain(before)) continue;
    if (!text) {
      removeNow(item, { ...stateOf(item), text: before }, base);
      continue;
    }
    const change = makeText(item, text, base);
    change.before = [{ ...stateOf(item), text: before }];
    addChange(change);
  }
}

/**
 * @param {HTMLElement} item
 * @param {import("../../pages/static/types.js").LineState} [before]
 * @param {number} [base]
 */
export function removeNow(item, before = stateOf(item), base = baseOf([idOf(item)])) {
  const id = idOf(item);
  const next = stepFrom(item, { isNext: true }) ?? stepFrom(item, { isNext: false });
  const hadFocus = item.contains(document.activeElement);
  removeLine(id);
  showSpeakers();
  const path = `segments/${id}/`;
  addChange({ kind: "remove", method: "DELETE", path, lines: [id], base, before: [before] });
  announce(texts.removed);
  if (next && hadFocus) enterLine(next);
  else if (next) makeCurrent(next);
}

// ---- keys

/** @param {KeyboardEvent} event @param {HTMLElement} text */
function handleKey(event, text) {
  const item = /** @type {HTMLElement} */ (text.closest("li"));
  const { key } = event;
  if (event.altKey || event.ctrlKey || event.metaKey) {
    if (key === "s" && !event.altKey) {
      event.preventDefault();
      commit();
    }
    return;
  }
  const isCollapsed = getSelection()?.isCollapsed ?? true;
  const caret = caretIn(text);
  const length = textOf(item).length;
  /** @type {Record<string, () => boolean>} */
  const actions = {
    Enter: () => {
      splitAt(item, caret);
      return true;
    },
    Backspace: () => isCollapsed && caret === 0 && join(neighbourOf(item, { isNext: false }), item),
    Delete: () =>
      isCollapsed && caret === length && join(item, neighbourOf(item, { isNext: true })),
    ArrowUp: () => !event.shiftKey && isAtEdge(text, "top") && step(item, { isNext: false }, caret),
    ArrowDown: () =>
      !event.shiftKey && isAtEdge(text, "bottom") && step(item, { isNext: true }, caret),
    ArrowLeft: () => !event.shiftKey && caret === 0 && step(item, { isNext: false }, Infinity),
    ArrowRight: () => !event.shiftKey && caret === length && step(item, { isNext: true }, 0),
    Escape: () => {
      text.blur();
      return true;
    },
  };
  if (actions[key]?.()) event.preventDefault();
}

/** @param {KeyboardEvent} event */
function handleGapKey(event) {
  const item = /** @type {HTMLElement} */ (event.target);
  if (!item.classList?.contains("gap")) return;
  if (event.key === "ArrowDown" && step(item, { isNext: true }, 0)) event.preventDefault();
  if (event.key === "ArrowUp" && step(item, { isNext: false }, 0)) event.preventDefault();
}

/**
 * @param {HTMLElement} item
 * @param {{isNext: boolean}} direction
 * @param {number} offset
 */
function step(item, direction, offset) {
  const other = stepFrom(item, direction);
  if (other) enterLine(other, offset);
  return Boolean(other);
}

/** @param {HTMLElement} text @param {"top" | "bottom"} edge */
function isAtEdge(text, edge) {
  const selection = getSelection();
  if (!selection?.rangeCount) return true;
  const caret = selection.getRangeAt(0).getBoundingClientRect();
  if (!caret.height) return true; // an empty line
  const box = text.getBoundingClientRect();
  const distance = edge === "top" ? caret.top - box.top : box.bottom - caret.bottom;
  return distance < caret.height;
}

/**
 * Cut a line where the caret is, behind the word that it is in.
 * @param {HTMLElement} item
 * @param {number} caret
 */
export function splitAt(item, caret) {
  commit();
  const state = stateOf(item);
  const [first, second] = cutText(state.text, caret);
  if (!first || !second) {
    if (!second) step(item, { isNext: true }, 0);
    else announce(texts.cannot_split);
    return;
  }
  const id = state.id;
  const added = makeId();
  const at = state.start + ((state.end - state.start) * first.length) / state.text.length;
  const middle = Math.round(at * 1000) / 1000;
  const base = baseOf([id]);
  showLine({ ...state, text: first, end: middle });
  showLine({ ...state, id: added, text: second, start: middle });
  showSpeakers();
  addChange({
    kind: "split",
    method: "POST",
    path: `segments/${id}/split/`,
    body: { at_character: first.length, new_id: added },
    lines: [id],
    added: [added],
    base,
    before: [state],
  });
  const made = itemOf(added);
  if (made) enterLine(made, 0);
}

/**
 * @param {string} text
 * @param {number} caret
 * @returns {[string, string]}
 */
export function cutText(text, caret) {
  const isBetween = /\s/.test(text[caret] ?? " ") || /\s/.test(text[caret - 1] ?? " ");
  const rest = isBetween ? caret : caret + (/^\S*/.exec(text.slice(caret))?.[0].length ?? 0);
  return [text.slice(0, rest).trim(), text.slice(rest).trim()];
}

/**
 * @param {HTMLElement | null} first
 * @param {HTMLElement | null} second
 */
export function join(first, second) {
  if (!first || !second) return false;
  commit();
  const [one, other] = [stateOf(first), stateOf(second)];
  const base = baseOf([one.id, other.id]);
  const isSpaced =
    /\s/.test(one.text + other.text) || !/[\u0e00-\u0eff\u3040-\u9fff]/.test(one.text);
  const space = isSpaced ? " " : "";
  const end = Math.max(one.end, other.end);
  showLine({ ...one, text: one.text + space + other.text, end });
  removeLine(other.id);
  showSpeakers();
  addChange({
    kind: "merge",
    method: "POST",
    path: "segments/merge/",
    body: { segments: [one.id, other.id] },
    lines: [one.id, other.id],
    base,
    before: [one, other],
  });
  enterLine(first, one.text.length + space.length);
  return true;
}
