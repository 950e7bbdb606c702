// What was changed, by whom, how it differs, and taking it back.
import { attempt, currentRevision, make, makeButton, onRevision, read } from "./changes.js";
import { change, formatClock, formatExactly, itemOf, nameOf, speakerOf } from "./lines.js";
import { $, fill, texts } from "./page.js";

const SHOWN = 100; // segments of one comparison
const ACTIONS = { edit: "edit_action", split: "split_action", remove: "remove_action", restore: "restore_action" };

export function startHistory() {
  onRevision(showButtons);
  showButtons();
  $("undo").addEventListener("click", () => attempt(undo));
  $("history").addEventListener("toggle", () => { if ($("history").open) attempt(() => list(1)); });
}

function showButtons() { $("undo").hidden = $("history").hidden = currentRevision() === 0; }

async function undo() {
  const back = await findUndo();
  if (back !== null) await restore(back, texts.undone);
}

/** The revision before the last change: of several taken back in a row, before the ones undone. */
async function findUndo() {
  const { results } = await read("revisions/?page_size=100");
  const byNumber = new Map(results.map((row) => [row.number, row]));
  let at = currentRevision();
  while (byNumber.get(at)?.action === "restore") at = byNumber.get(at).restored;
  return at > 0 ? at - 1 : null;
}

async function restore(number, said) {
  if (await change("POST", `revisions/${number}/restore/`, undefined, said))
    location.reload(); // also the title, and what else there is
}

async function list(page) {
  const { results, next } = await read(`revisions/?page_size=50&page=${page}`);
  const last = next
    ? make("li", {}, makeButton(texts.show_more, (event) => attempt(async () => {
      await list(page + 1);
      event.target.closest("li")?.remove();
    })))
    : showRevision({ number: 0 });
  const rows = [...results.map(showRevision), last];
  if (page === 1) $("revisions").replaceChildren(...rows);
  else $("revisions").append(...rows);
}

function showRevision({ number, action, author, created_at: time, restored }) {
  const what = number
    ? fill(texts[ACTIONS[action] ?? action] ?? action, { number: restored }) : texts.original;
  const when = time ? new Date(time).toLocaleString(document.documentElement.lang) : "";
  const by = number && action !== "second_pass" ? [author ?? texts.deleted_account, when] : [when];
  const title = `${number}. ${what}`;
  const place = make("div", { className: "difference", hidden: true });
  const named = (label, act) => {
    const button = makeButton(label, act);
    button.setAttribute("aria-label", `${label}: ${title}`);
    return button;
  };
  const buttons = make("span", { className: "actions" });
  if (number) buttons.append(makeToggle(named, texts.show_changes, place, number, number - 1));
  if (number < currentRevision()) {
    buttons.append(makeToggle(named, texts.compare_now, place, currentRevision(), number),
      named(texts.restore, () => restore(number)));
  }
  return make("li", {},
    make("span", {}, title, make("small", { textContent: by.filter(Boolean).join(" · ") })), buttons, place);
}

/** A button that shows how two revisions differ, or hides it again. */
function makeToggle(named, label, place, newer, older) {
  const button = named(label, () => attempt(async () => {
    const isOpen = button.ariaExpanded === "true";
    for (const other of button.parentElement.querySelectorAll("[aria-expanded]")) other.ariaExpanded = "false";
    place.hidden = isOpen;
    if (isOpen) return;
    button.ariaExpanded = "true";
    place.replaceChildren(...showDifference(await read(`revisions/${newer}/diff/?against=${older}`)));
  }));
  button.ariaExpanded = "false";
  return button;
}

function showDifference({ segments, speakers, fields }) {
  const parts = [
    ...showFields(fields), ...Object.values(speakers).map(showSpeaker).filter(Boolean),
    ...segments.slice(0, SHOWN).map(showSegment),
  ];
  if (segments.length > SHOWN) parts.push(paragraph(fill(texts.and_more, { count: segments.length - SHOWN })));
  return parts.length ? parts : [paragraph(texts.no_difference)];
}

function showSegment({ id, before, after, words, change: kind }) {
  const start = after?.start ?? before?.start ?? itemOf(id)?.dataset.start;
  const parts = [];
  if (words.length) for (const { op, text } of words) parts.push(showRun(op, text), " ");
  if (kind === "changed") {
    if (hasBoth(before, after, "speaker"))
      parts.push(...showPair(nameNumber(before.speaker), nameNumber(after.speaker)));
    if (hasBoth(before, after, "start") || hasBoth(before, after, "end"))
      parts.push(...showPair(...[before, after].map(span)));
  }
  if (!parts.length) parts.push(texts.only_words);
  return make("p", {},
    ...(start === undefined ? [] : [make("small", { textContent: formatClock(start) }), " "]), ...parts);
}

const hasBoth = (before, after, name) => before && after && name in before && name in after;

/** From when to when; what did not change is left out. */
function span({ start, end }) {
  const exact = (seconds) => (seconds === undefined ? "" : formatExactly(seconds));
  return `${exact(start)}–${exact(end)}`;
}

function nameNumber(number) {
  if (number === null) return texts.nobody;
  const known = speakerOf(number);
  return known ? nameOf(known) : fill(texts.speaker_number, { number });
}

function showSpeaker({ before, after }) {
  const name = (side) => side && (side.display_name || side.label);
  const [old, now] = [name(before), name(after)];
  if (!old && !now) return paragraph(`${texts.speaker}: ${texts.label_again}`);
  return make("p", {}, `${texts.speaker}: `, ...showPair(old, now || (after ? texts.label_again : "")));
}

function showFields({ before, after } = {}) {
  const labels = { title: texts.title, tags: texts.tags, language_note: texts.note };
  return Object.keys(labels).filter((name) => name in (after ?? {})).map((name) =>
    make("p", {}, `${labels[name]}: `, ...showPair(String(before[name]), String(after[name]))));
}

const showPair = (old, now) => [...(old ? [showRun("delete", old), " "] : []), ...(now ? [showRun("insert", now)] : []), " "];

/** A run of words; who hears the page is told, too, what went and what came. */
function showRun(op, text) {
  if (op === "equal") return text;
  const said = make("span", { className: "visually-hidden", textContent: `${op === "insert" ? texts.inserted : texts.deleted} ` });
  return make(op === "insert" ? "ins" : "del", {}, said, text);
}

const paragraph = (textContent) => make("p", { textContent });
