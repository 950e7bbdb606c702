// Comments and highlights: marked in the text, and listed in the side panel with their places.
import { guard } from "../../editing/static/changes.js";
import { currentLine, commit } from "../../editing/static/document.js";
import { caretIn, onLines } from "../../editing/static/lines.js";
import { addToMenu } from "../../editing/static/line-tools.js";
import { flush } from "../../editing/static/sync.js";
import { $, announce, make, makeButton } from "../../pages/static/dom.js";
import { formatClock, formatDateTime } from "../../pages/static/format.js";
import { LineMarks, rangeIn } from "../../pages/static/marks.js";
import { onPart } from "../../pages/static/parts.js";
import { api, goTo } from "../../pages/static/reader.js";
import {
  RequestError,
  csrfHeader,
  request,
  requestJson,
  readJson,
} from "../../pages/static/requests.js";
import { idOf, itemOf, textIn, textOf } from "../../pages/static/segments.js";
import { openSheet } from "../../pages/static/sheet.js";
import { onKey } from "../../pages/static/shortcuts.js";
import { openTab } from "../../pages/static/tabs.js";
import { fill, texts } from "../../pages/static/texts.js";
import { onEvent } from "../../pages/static/transcript-stream.js";

const EDITED_MS = 1000; // both are set as it is written

/** @typedef {{
 *   id: string, segment: string, quote: string, offset: number, text: string,
 *   author: string | null, created_at: string, updated_at: string,
 * }} Comment */

const marks = new LineMarks("commented");
/** @type {Comment[]} */
let comments = [];
/** @type {Map<string, HTMLElement>} */
const forms = new Map(); // comment → what its text is edited in: a new list keeps what is typed there

addToMenu((item, first, last) => [
  makeButton(texts.comment, () => write(item, first, last)),
  makeButton(texts.highlight, () => highlight(item, first, last)),
]);
onKey("comment", () => withSelection(write));
onKey("highlight", () => withSelection(highlight));
onLines((ids) => {
  for (const id of ids) markLine(id);
});
onPart(markAll);
read().then(() =>
  onEvent("comments", ({ count, changed_at: changedAt }) => {
    const last = Math.max(...comments.map((each) => Date.parse(each.updated_at)));
    const isKnown = count === comments.length && (!count || Date.parse(changedAt) === last);
    if (!isKnown) read(); // another window's
  }),
);

async function read() {
  await within(async () => {
    const before = new Set(comments.map(({ segment }) => segment));
    comments = (await requestJson(`${api}comments/`)).results;
    for (const id of before) markLine(id);
    markAll();
    render();
  });
}

/** @param {() => Promise<void>} act */
async function within(act) {
  const place = $("comments-problem");
  place.hidden = true;
  try {
    await act();
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
    place.textContent = problem.message;
    place.hidden = false;
  }
}

/** @param {(item: HTMLElement, first: number, last: number) => unknown} act */
function withSelection(act) {
  const item = currentLine();
  const text = item && textIn(item);
  if (!item || !text) return;
  const chosen = String(getSelection() ?? "");
  const last = caretIn(text);
  const at = chosen ? textOf(item).indexOf(chosen, Math.max(0, last - chosen.length)) : 0;
  act(item, Math.max(0, at), Math.max(0, at) + chosen.length);
}

/** @param {HTMLElement} item @param {number} first @param {number} last */
async function highlight(item, first, last) {
  await save(item, first, last, "");
  announce(texts.highlighted);
}

/** @param {HTMLElement} item @param {number} first @param {number} last */
function write(item, first, last) {
  const area = make("textarea", { maxLength: 2000, dir: "auto", rows: 3 });
  area.setAttribute("aria-label", texts.comment);
  const form = make("form", {}, area, makeButton(texts.save, null, { type: "submit" }));
  const close = openSheet(item, texts.comment, [form], { focus: area });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!area.value.trim()) return;
    await save(item, first, last, area.value.trim());
    close();
    openTab("commenting");
  });
}

/** @param {HTMLElement} item @param {number} first @param {number} last @param {string} text */
async function save(item, first, last, text) {
  commit();
  await flush(); // the server compares the quote with its text
  const quote = textOf(item).slice(first, last);
  const body = { segment: idOf(item), quote, offset: first, text };
  await within(async () => {
    const made = await send("POST", "", body);
    comments = [...comments.filter(({ id }) => id !== made.id), made]; // the stream may be first
    markLine(idOf(item));
    render();
  });
}

/** @param {string} method @param {string} path @param {unknown} [body] */
async function send(method, path, body) {
  const headers = { ...csrfHeader(), "Content-Type": "application/json" };
  const sent = body === undefined ? undefined : JSON.stringify(body);
  return readJson(await request(`${api}comments/${path}`, { method, headers, body: sent }));
}

function markAll() {
  for (const id of new Set(comments.map(({ segment }) => segment))) markLine(id);
}

/** @param {string} id */
function markLine(id) {
  const item = itemOf(id);
  const text = item && textIn(item);
  const own = comments.filter(({ segment }) => segment === id);
  const ranges =
    text && item ? own.map((comment) => rangeIn(text, ...placeOf(textOf(item), comment))) : [];
  marks.set(
    id,
    ranges.filter((range) => range !== null),
  );
}

/**
 * Where the words of a comment stand now: where they stood, or the nearest after or before it.
 * @param {string} text
 * @param {{quote: string, offset: number}} comment
 * @returns {[number, number]}
 */
export function placeOf(text, { quote, offset }) {
  if (!quote) return [0, text.length];
  const behind = text.indexOf(quote, offset);
  const found = behind >= 0 ? behind : text.lastIndexOf(quote, offset);
  return found < 0 ? [0, 0] : [found, found + quote.length];
}

function render() {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  $("comments").replaceChildren(...comments.map(renderComment));
  if (focused?.isConnected && focused.closest("#comments")) focused.focus();
}

/** @param {Comment} comment */
function renderComment(comment) {
  const item = itemOf(comment.segment);
  const start = item ? Number(item.dataset.start) : null;
  const row = make("li", {});
  if (start !== null) {
    const time = formatClock(start);
    const button = make("button", { type: "button", className: "time", textContent: time });
    button.setAttribute("aria-label", fill(texts.go_to, { time }));
    button.addEventListener("click", () => goTo(start));
    row.append(button, " ");
  }
  if (comment.quote) row.append(make("q", { dir: "auto" }, comment.quote));
  const form = forms.get(comment.id);
  if (form) {
    row.append(form);
    return row;
  }
  if (comment.text) row.append(make("p", { dir: "auto" }, comment.text));
  const isChanged = Date.parse(comment.updated_at) - Date.parse(comment.created_at) > EDITED_MS;
  const facts = [
    comment.author,
    formatDateTime(comment.created_at),
    isChanged && comment.text && texts.edited,
  ];
  row.append(
    make("p", { className: "hint" }, facts.filter(Boolean).join(" · ")),
    make("div", { className: "actions" }, makeEditButton(comment), makeDeleteButton(comment)),
  );
  return row;
}

/** @param {Comment} comment */
const nameOf = (comment) => comment.text || comment.quote;

/** @param {Comment} comment */
function makeDeleteButton(comment) {
  const button = makeButton(texts.delete, () =>
    within(async () => {
      await send("DELETE", `${comment.id}/`);
      comments = comments.filter(({ id }) => id !== comment.id);
      markLine(comment.segment);
      render();
      announce(texts.comment_deleted);
    }),
  );
  button.classList.add("small");
  button.setAttribute("aria-label", fill(texts.delete_comment, { text: nameOf(comment) }));
  return button;
}

/** A highlight becomes a comment by it. @param {Comment} comment */
function makeEditButton(comment) {
  const label = comment.text ? texts.edit : texts.comment;
  const button = makeButton(label, () => edit(comment));
  button.classList.add("small");
  button.dataset.edits = comment.id;
  const name = fill(comment.text ? texts.edit_comment : texts.comment_on, {
    text: nameOf(comment),
  });
  button.setAttribute("aria-label", name);
  return button;
}

/** @param {Comment} comment */
function edit(comment) {
  const area = make("textarea", { maxLength: 2000, dir: "auto", rows: 3, value: comment.text });
  area.setAttribute("aria-label", texts.comment);
  const saving = makeButton(texts.save, null, { type: "submit" });
  const cancel = makeButton(texts.cancel, close);
  const actions = make("div", { className: "actions" }, saving, cancel);
  const form = make("form", {}, area, actions);
  const release = guard(() => forms.get(comment.id) === form && area.value !== comment.text);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = area.value.trim();
    if (!text) return area.focus();
    saving.disabled = true;
    await within(async () => {
      const changed = await send("PATCH", `${comment.id}/`, { text });
      comments = comments.map((each) => (each.id === changed.id ? changed : each));
      close();
      announce(texts.saved);
    });
    saving.disabled = false;
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    close();
  });
  forms.set(comment.id, form);
  render();
  area.focus();

  function close() {
    release();
    forms.delete(comment.id);
    render();
    /** @type {HTMLElement | null} */
    const opener = document.querySelector(`[data-edits="${comment.id}"]`);
    opener?.focus();
  }
}
