// Comments and highlights: marked in the text, and listed in the side panel with their places.
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

/** @typedef {{
 *   id: string, segment: string, quote: string, offset: number, text: string,
 *   author: string | null, created_at: string,
 * }} Comment */

const marks = new LineMarks("commented");
/** @type {Comment[]} */
let comments = [];

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
read();

async function read() {
  await within(async () => {
    const { results } = await requestJson(`${api}comments/`);
    const known = new Set(results.map((/** @type {Comment} */ { id }) => id));
    comments = [...results, ...comments.filter(({ id }) => !known.has(id))]; // written since
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
    comments.push(await send("POST", "", body));
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
  $("comments").replaceChildren(...comments.map(renderComment));
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
  if (comment.text) row.append(make("p", { dir: "auto" }, comment.text));
  const facts = [comment.author, formatDateTime(comment.created_at)].filter(Boolean).join(" · ");
  const remove = makeButton(texts.delete, async () => {
    await within(async () => {
      await send("DELETE", `${comment.id}/`);
      comments = comments.filter((each) => each !== comment);
      markLine(comment.segment);
      render();
      announce(texts.comment_deleted);
    });
  });
  remove.setAttribute(
    "aria-label",
    fill(texts.delete_comment, { text: comment.text || comment.quote }),
  );
  row.append(make("p", { className: "hint" }, facts), remove);
  return row;
}
