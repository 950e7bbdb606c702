// What was changed, by whom, how it differs, and taking it back.
import { currentRevision, onRevision, read } from "./changes.js";
import { $, attempt, make, makeButton } from "../../pages/static/dom.js";
import { formatClock, formatDateTime, formatExactClock } from "../../pages/static/format.js";
import { change, itemOf, labelOf, nameOf, speakerOf } from "./lines.js";
import { fill, texts } from "../../pages/static/texts.js";

const MAX_SHOWN = 100; // segments of one comparison

/** @typedef {{
 *   number: number, action?: string, author?: string | null, created_at?: string, restored?: number,
 *   summary?: {before: string, after: string}[],
 * }} Revision `number` 0: the original */
/** @typedef {{start?: number, end?: number, speaker?: number | null}} Side */
/** @typedef {{display_name: string, label: string} | null} NamedSide */
/** @typedef {{
 *   id: string, before: Side | null, after: Side | null,
 *   words: {op: string, text: string}[], change: string,
 * }} SegmentDifference */
/** @typedef {{before: NamedSide, after: NamedSide}} SpeakerDifference */
/** @typedef {{before?: Record<string, unknown>, after?: Record<string, unknown>}} FieldDifference */
/** @typedef {(label: string, act: () => unknown) => HTMLButtonElement} MakeNamed */

export function startHistory() {
  onRevision(() => {
    if (!$("history").hidden) attempt(() => list(1));
  });
  document.addEventListener("stt:tab", (event) => {
    const { id } = /** @type {CustomEvent<HTMLElement>} */ (event).detail;
    if (id === "history") attempt(() => list(1));
  });
  attempt(() => list(1));
}

/**
 * @param {number} number
 * @param {string} [announcement]
 */
async function restore(number, announcement) {
  if (await change("POST", `revisions/${number}/restore/`, undefined, announcement))
    location.reload(); // also the title, and what else there is
}

/** @param {number} page */
async function list(page) {
  const { results, next } = await read(`revisions/?page_size=50&page=${page}`);
  const last = next ? makeMore(page + 1) : showRevision({ number: 0 });
  const rows = [...results.map(showRevision), last];
  if (page === 1) $("revisions").replaceChildren(...rows);
  else $("revisions").append(...rows);
}

/** @param {number} page */
function makeMore(page) {
  const item = make("li");
  const show = async () => {
    await list(page);
    item.remove();
  };
  item.append(makeButton(texts.show_more, () => attempt(show)));
  return item;
}

/** @param {Revision} revision */
function showRevision({ number, action = "", author, created_at: time, restored, summary = [] }) {
  const what = number
    ? fill(texts.actions[action] ?? action, { number: restored })
    : texts.original;
  const when = time ? formatDateTime(time) : "";
  const by = number && action !== "second_pass" ? [author ?? texts.deleted_account, when] : [when];
  const title = `${number}. ${what}`;
  const place = make("div", { className: "difference", hidden: true });
  /** @type {MakeNamed} */
  const named = (label, act) => {
    const button = makeButton(label, act);
    button.setAttribute("aria-label", `${label}: ${title}`);
    return button;
  };
  const buttons = make("span", { className: "actions" });
  if (number) buttons.append(makeToggle(named, texts.show_changes, place, number, number - 1));
  if (number < currentRevision()) {
    buttons.append(
      makeToggle(named, texts.compare_now, place, currentRevision(), number),
      named(texts.restore, () => restore(number)),
    );
  }
  const changed = summary.map(({ before, after }) =>
    make("span", { className: "changed", dir: "auto" }, ...showPair(before, after)),
  );
  return make(
    "li",
    {},
    make(
      "span",
      {},
      title,
      ...changed,
      make("small", { textContent: by.filter(Boolean).join(" · ") }),
    ),
    buttons,
    place,
  );
}

/**
 * A button that shows how two revisions differ, or hides it again.
 * @param {MakeNamed} named
 * @param {string} label
 * @param {HTMLElement} place
 * @param {number} newer
 * @param {number} older
 */
function makeToggle(named, label, place, newer, older) {
  const toggle = async () => {
    const isOpen = button.ariaExpanded === "true";
    for (const other of button.parentElement?.querySelectorAll("[aria-expanded]") ?? [])
      other.ariaExpanded = "false";
    place.hidden = true;
    if (isOpen) return;
    const difference = await read(`revisions/${newer}/diff/?against=${older}`);
    place.replaceChildren(...showDifference(difference));
    place.hidden = false;
    button.ariaExpanded = "true";
  };
  const button = named(label, () => attempt(toggle));
  button.ariaExpanded = "false";
  return button;
}

/** @param {{
 *   segments: SegmentDifference[], speakers: Record<string, SpeakerDifference>, fields?: FieldDifference,
 * }} difference
 */
function showDifference({ segments, speakers, fields }) {
  const parts = [
    ...showFields(fields),
    ...Object.values(speakers).map(showSpeaker),
    ...segments.slice(0, MAX_SHOWN).map(showSegment),
  ];
  const hidden = segments.length - MAX_SHOWN;
  if (hidden > 0) parts.push(paragraph(fill(texts.and_more, { count: hidden })));
  return parts.length ? parts : [paragraph(texts.no_difference)];
}

/** @param {SegmentDifference} difference */
function showSegment({ id, before, after, words, change: kind }) {
  const start = after?.start ?? before?.start ?? itemOf(id)?.dataset.start;
  /** @type {(Node | string)[]} */
  const parts = [];
  for (const { op, text } of words) parts.push(showRun(op, text), " ");
  if (kind === "changed" && before && after) {
    const isIn = (/** @type {string} */ name) => name in before && name in after;
    if (isIn("speaker"))
      parts.push(...showPair(nameNumber(before.speaker), nameNumber(after.speaker)));
    if (isIn("start") || isIn("end"))
      parts.push(...showPair(formatSpan(before), formatSpan(after)));
  }
  if (!parts.length) parts.push(texts.only_words);
  return make(
    "p",
    {},
    ...(start === undefined ? [] : [make("small", { textContent: formatClock(start) }), " "]),
    ...parts,
  );
}

/**
 * From when to when; what did not change is left out.
 * @param {Side} side
 */
function formatSpan({ start, end }) {
  const exact = (/** @type {number | undefined} */ seconds) =>
    seconds === undefined ? "" : formatExactClock(seconds);
  return `${exact(start)}–${exact(end)}`;
}

/** @param {number | null | undefined} number */
function nameNumber(number) {
  if (number === null || number === undefined) return texts.no_speaker;
  const known = speakerOf(number);
  return known ? nameOf(known) : fill(texts.speaker_number, { number });
}

/** @param {SpeakerDifference} difference */
function showSpeaker({ before, after }) {
  const name = (/** @type {NamedSide} */ side) =>
    side && (side.display_name || labelOf(side.label));
  const [old, now] = [name(before), name(after)];
  if (!old && !now) return paragraph(`${texts.speaker}: ${texts.label_again}`);
  return make(
    "p",
    {},
    `${texts.speaker}: `,
    ...showPair(old, now || (after ? texts.label_again : "")),
  );
}

/** @param {FieldDifference} [fields] */
function showFields({ before = {}, after = {} } = {}) {
  /** @type {Record<string, string>} */
  const labels = {
    title: texts.title,
    tags: texts.tags,
    language_note: texts.note,
    diarizer: texts.speakers_by,
  };
  return Object.keys(labels)
    .filter((name) => name in after)
    .map((name) =>
      make("p", {}, `${labels[name]}: `, ...showPair(String(before[name]), String(after[name]))),
    );
}

/**
 * @param {string | null} old
 * @param {string | null} now
 */
const showPair = (old, now) => [
  ...(old ? [showRun("delete", old), " "] : []),
  ...(now ? [showRun("insert", now)] : []),
  " ",
];

/**
 * A run of words; screen readers get "deleted" and "inserted" as words.
 * @param {string} op
 * @param {string} text
 */
function showRun(op, text) {
  if (op === "equal") return text;
  const isInserted = op === "insert";
  const textContent = `${isInserted ? texts.inserted : texts.deleted} `;
  const label = make("span", { className: "visually-hidden", textContent });
  return make(isInserted ? "ins" : "del", {}, label, text);
}

/** @param {string} textContent */
const paragraph = (textContent) => make("p", { textContent });
