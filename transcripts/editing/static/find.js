// Find and replace, with a look at what would change; and correcting the same word everywhere.
import { change, itemOf } from "./lines.js";
import { commit, currentLine, enterLine } from "./document.js";
import { read } from "./changes.js";
import { $, announce, attempt, make, makeButton } from "../../pages/static/dom.js";
import { formatClock } from "../../pages/static/format.js";
import { rangeIn, setMarks } from "../../pages/static/marks.js";
import { idOf, lines, list, textIn, textOf } from "../../pages/static/segments.js";
import { onKey } from "../../pages/static/shortcuts.js";
import { fill, fillCount, texts } from "../../pages/static/texts.js";

const MAX_SHOWN = 200; // lines of a preview
/** @typedef {{id: string, start: number, text: string, places: [number, number][]}} Found */
/** @type {{item: HTMLElement, first: number, last: number}[]} */
let places = [];
let at = -1;

export function startFind() {
  const [form, opener] = [$("finder"), $("find-open")];
  opener.addEventListener("click", () => (form.hidden ? open() : close()));
  onKey("find", () => open());
  onKey("fixAll", () => openForWord());
  $("find-close").addEventListener("click", close);
  form.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Escape") close();
    const { id } = /** @type {Element} */ (event.target);
    if (event.key !== "Enter" || !["find", "replace"].includes(id)) return;
    event.preventDefault();
    if (id === "replace") preview();
    else go(event.shiftKey ? -1 : 1);
  });
  for (const id of ["find", "find-case", "find-words"])
    $(id).addEventListener("input", () => search());
  $("find-next").addEventListener("click", () => go(1));
  $("find-previous").addEventListener("click", () => go(-1));
  $("replace-preview").addEventListener("click", preview);
}

/** @param {string} [text] */
function open(text = String(getSelection() ?? "").trim()) {
  commit();
  $("finder").hidden = false;
  $("find-open").setAttribute("aria-expanded", "true");
  if (text && !text.includes("\n")) $("find").value = text;
  $("find").focus();
  $("find").select();
  search();
}

function close() {
  $("finder").hidden = true;
  $("find-open").setAttribute("aria-expanded", "false");
  $("replacements").hidden = true;
  setMarks("found", []);
  const line = currentLine();
  if (line) enterLine(line);
}

/** The word at the caret, to be corrected wherever it stands. */
function openForWord() {
  const line = currentLine();
  const chosen = String(getSelection() ?? "").trim() || wordAt(line);
  if (!chosen) return;
  $("find-words").checked = true;
  open(chosen);
  $("replace").value = chosen;
  $("replace").focus();
  $("replace").select();
}

/** @param {HTMLElement | null} line */
function wordAt(line) {
  const selection = getSelection();
  if (!line || !selection?.focusNode || !line.contains(selection.focusNode)) return "";
  const text = selection.focusNode.textContent ?? "";
  const before = /[\p{L}\p{N}'’-]*$/u.exec(text.slice(0, selection.focusOffset))?.[0] ?? "";
  const behind = /^[\p{L}\p{N}'’-]*/u.exec(text.slice(selection.focusOffset))?.[0] ?? "";
  return before + behind;
}

function options() {
  return {
    find: $("find").value,
    match_case: $("find-case").checked,
    whole_words: $("find-words").checked,
  };
}

/** Mark what is on the page; counted at once, while one types. */
function search() {
  $("replacements").hidden = true;
  at = -1;
  const { find, match_case: isCase, whole_words: isWhole } = options();
  places = [];
  if (find) {
    const pattern = makePattern(find, { isCase, isWhole });
    for (const item of [...lines])
      for (const match of textOf(item).matchAll(pattern))
        places.push({ item, first: match.index, last: match.index + match[0].length });
  }
  const ranges = places.map(({ item, first, last }) => {
    const text = textIn(item);
    return text && rangeIn(text, first, last);
  });
  setMarks(
    "found",
    ranges.filter((range) => range !== null),
  );
  $("found").textContent = find ? fillCount(texts.found, places.length) : "";
}

/**
 * As the server finds it (`editing/occurrences.py`).
 * @param {string} find
 * @param {{isCase: boolean, isWhole: boolean}} options
 */
export function makePattern(find, { isCase, isWhole }) {
  const escaped = find.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
  const letter = "[\\p{L}\\p{N}_]";
  const pattern = isWhole ? `(?<!${letter})${escaped}(?!${letter})` : escaped;
  return new RegExp(pattern, isCase ? "gu" : "giu");
}

/** @param {1 | -1} step */
function go(step) {
  if (!places.length) return;
  at = (at + step + places.length) % places.length;
  const { item, first, last } = /** @type {(typeof places)[number]} */ (places[at]);
  item.scrollIntoView({ block: "center" });
  const text = textIn(item);
  const range = text && rangeIn(text, first, last);
  setMarks("found-now", range ? [range] : []);
  $("found").textContent = fill(texts.found_at, { number: at + 1, count: places.length });
}

async function preview() {
  commit();
  const asked = options();
  if (!asked.find) return $("find").focus();
  await attempt(async () => {
    const query = new URLSearchParams(
      Object.entries(asked).map(
        ([name, value]) => /** @type {[string, string]} */ ([name, String(value)]),
      ),
    );
    const { count, segments } = await read(`occurrences/?${query}`);
    showPreview(count, segments);
  });
}

/** @param {number} count @param {Found[]} segments */
function showPreview(count, segments) {
  const replacement = $("replace").value;
  const place = $("replacements");
  const rows = segments.slice(0, MAX_SHOWN).map((found) => makeRow(found, replacement));
  const apply = makeButton(texts.replace_chosen, () => replace(segments));
  apply.className = "primary";
  apply.disabled = !count;
  place.replaceChildren(
    make("p", {}, fillCount(texts.found, count)),
    make("ul", { lang: list.lang }, ...rows),
    ...(segments.length > MAX_SHOWN
      ? [make("p", {}, fill(texts.and_more, { count: segments.length - MAX_SHOWN }))]
      : []),
    apply,
  );
  place.hidden = false;
  announce(fillCount(texts.found, count));
  if (count) apply.focus();
}

/** @param {Found} found @param {string} replacement */
function makeRow({ id, start, text, places: found }, replacement) {
  const box = make("input", { type: "checkbox", checked: true, value: id });
  const shown = make("span", { dir: "auto" });
  const points = [...text]; // the server counts code points
  let done = 0;
  for (const [first, last] of found) {
    shown.append(points.slice(done, first).join(""));
    shown.append(make("del", {}, points.slice(first, last).join("")));
    if (replacement) shown.append(make("ins", {}, replacement));
    done = last;
  }
  shown.append(points.slice(done).join(""));
  return make(
    "li",
    {},
    make("label", { className: "choice" }, box, `${formatClock(start)} `, shown),
  );
}

/** @param {Found[]} segments */
async function replace(segments) {
  const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (
    $("replacements").querySelectorAll("input")
  );
  const left = new Set([...boxes].filter(({ checked }) => !checked).map(({ value }) => value));
  const chosen = segments.map(({ id }) => id).filter((id) => !left.has(id));
  if (!chosen.length) return;
  const body = { ...options(), replace: $("replace").value, segments: chosen };
  if (!(await change("POST", "replace/", body, fillCount(texts.replaced, chosen.length)))) return;
  search();
  $("found").textContent = fillCount(texts.replaced, chosen.length);
  $("find").focus();
  const first = itemOf(chosen[0] ?? "");
  if (first && idOf(first)) first.scrollIntoView({ block: "center" });
}
