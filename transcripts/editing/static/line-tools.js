// What can be done to a line: two buttons that stand beside the line of the caret or the pointer, and
// a menu with the rest.
import { currentLine, join, onCurrent, removeNow, splitAt, commit } from "./document.js";
import { allSpeakers, caretIn, change, nameOf, neighbourOf, stateOf } from "./lines.js";
import { make, makeButton, showError } from "../../pages/static/dom.js";
import { formatClock, formatExactClock, parseClock } from "../../pages/static/format.js";
import { recordingTime } from "../../pages/static/player-time.js";
import { playFrom, player } from "../../pages/static/reader.js";
import { idOf, list, textIn } from "../../pages/static/segments.js";
import { openSheet } from "../../pages/static/sheet.js";
import { onKey } from "../../pages/static/shortcuts.js";
import { fill, texts } from "../../pages/static/texts.js";

const NEW = "new"; // the choice of a speaker who isn't there yet
/** @type {((item: HTMLElement, first: number, last: number) => Node[])[]} */
const additions = [];

/** @param {(typeof additions)[number]} make_ further buttons of the menu: for the selected words */
export function addToMenu(make_) {
  additions.push(make_);
}

export function startLineTools() {
  const play = makeButton("▶", () => withLine((item) => playFrom(Number(item.dataset.start))));
  const more = makeButton("⋯", () => withLine((item) => openMenu(item, more)));
  const tools = make("span", { className: "line-tools" }, ...(player ? [play] : []), more);
  for (const button of [play, more]) button.classList.add("icon");
  play.classList.add("play");
  more.setAttribute("aria-haspopup", "dialog");

  /** @param {(item: HTMLElement) => void} act */
  function withLine(act) {
    const item = /** @type {HTMLElement | null} */ (tools.closest(".segment"));
    if (item) act(item);
  }

  /** @param {HTMLElement} item */
  function moveTo(item) {
    if (!item.classList.contains("segment") || tools.parentElement === item) return;
    const time = formatClock(Number(item.dataset.start));
    play.setAttribute("aria-label", fill(texts.play_from, { time }));
    more.setAttribute("aria-label", fill(texts.line_actions, { time }));
    item.append(tools);
  }
  onCurrent(moveTo);
  list.addEventListener("pointerover", (event) => {
    if (list.contains(document.activeElement)) return; // it stays with the caret
    const item = /** @type {Element} */ (event.target).closest(".segment");
    if (item instanceof HTMLElement) moveTo(item);
  });
  const first = currentLine();
  if (first) moveTo(first);
  onKey("playLine", () => {
    const item = currentLine();
    if (item) playFrom(Number(item.dataset.start));
  });
  onKey("lineMenu", () => {
    const item = currentLine();
    if (item) openMenu(item, tools.closest("li") === item ? more : item);
  });
}

/**
 * @param {HTMLElement} item
 * @param {Element} anchor
 */
function openMenu(item, anchor) {
  const text = textIn(item);
  const selection = getSelection();
  const isHere = text && selection?.focusNode && text.contains(selection.focusNode);
  const caret = isHere ? caretIn(text) : 0;
  const chosen = isHere ? String(selection) : "";
  const first =
    chosen && text
      ? (text.textContent ?? "").indexOf(chosen, Math.max(0, caret - chosen.length))
      : 0;
  commit();
  const id = idOf(item);
  const who = makeSpeakerChoice(item.dataset.speaker);
  const times = makeTimes(item);
  const previous = neighbourOf(item, { isNext: false });
  const next = neighbourOf(item, { isNext: true });
  const form = make(
    "form",
    { className: "line-form" },
    make("div", { className: "field" }, make("span", {}, texts.speaker), who.element),
    times.element,
    make("div", { className: "actions" }, makeButton(texts.save, null, { type: "submit" })),
  );
  const actions = make("div", { className: "menu-actions" });
  /** @param {string} label @param {() => unknown} act */
  const add = (label, act) =>
    actions.append(
      makeButton(label, () => {
        close();
        act();
      }),
    );
  if (caret) add(texts.split, () => splitAt(item, caret));
  if (next) add(texts.merge, () => join(item, next));
  if (previous) add(texts.word_back, () => moveWord("previous"));
  if (next) add(texts.word_on, () => moveWord("next"));
  for (const make_ of additions) {
    for (const button of make_(item, Math.max(0, first), Math.max(0, first) + chosen.length)) {
      button.addEventListener("click", () => close());
      actions.append(button);
    }
  }
  add(texts.remove, () => removeNow(item));
  const label = fill(texts.line_actions, { time: formatClock(Number(item.dataset.start)) });
  const close = openSheet(anchor, label, [actions, form]);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = times.read();
    if (Number.isNaN(body.start) || Number.isNaN(body.end)) {
      showError(texts.no_time);
      return;
    }
    if (who.isChanged(item.dataset.speaker)) {
      if (!(await who.add())) return;
      body.speaker = who.read();
    }
    if (!Object.keys(body).length) return close();
    if (await change("PATCH", `segments/${id}/`, body, texts.saved, { lines: [id] })) close();
  });

  /** @param {"previous" | "next"} to */
  function moveWord(to) {
    const other = to === "next" ? next : previous;
    const lines = [id, ...(other ? [idOf(other)] : [])];
    const body = { segment: id, to, words: 1 };
    return change("POST", "segments/move-words/", body, texts.word_moved, { lines });
  }
}

/** Who speaks: one of the known, no one, or a new speaker, who is added when the line is saved. */
function makeSpeakerChoice(chosen = "") {
  const option = (/** @type {string} */ value, /** @type {string} */ textContent) =>
    make("option", { value, textContent });
  const select = make(
    "select",
    {},
    option("", texts.no_speaker),
    ...allSpeakers().map((each) => option(String(each.number), nameOf(each))),
    option(NEW, texts.new_speaker),
  );
  select.setAttribute("aria-label", texts.speaker);
  select.value = chosen;
  const name = make("input", { maxLength: 100, placeholder: texts.new_name, hidden: true });
  name.setAttribute("aria-label", texts.new_name);
  select.addEventListener("change", () => {
    name.hidden = select.value !== NEW;
    if (!name.hidden) name.focus();
  });
  return {
    element: make("span", { className: "who" }, select, name),
    isChanged: (number = "") => select.value !== number,
    read: () => (select.value ? Number(select.value) : null),
    /** Add the new speaker, if one was chosen; return whether that went well. */
    async add() {
      if (select.value !== NEW) return true;
      if (!(await change("POST", "speakers/", { name: name.value.trim() }))) return false;
      const added = allSpeakers().at(-1);
      if (!added) return false;
      select.lastElementChild?.before(option(String(added.number), nameOf(added)));
      select.value = String(added.number);
      name.hidden = true;
      return true;
    },
  };
}

/**
 * When the line begins and ends: typed, or where the player is.
 * @param {HTMLElement} item
 */
function makeTimes(item) {
  const fields = { start: make("input"), end: make("input") };
  const before = stateOf(item);
  const row = make("div", { className: "times" });
  for (const [name, field] of Object.entries(fields)) {
    Object.assign(field, { inputMode: "decimal", autocomplete: "off" });
    field.value = formatExactClock(before[/** @type {"start" | "end"} */ (name)]);
    row.append(make("label", {}, texts[`line_${name}`], field));
    const audio = player;
    if (!audio) continue;
    const button = makeButton(texts.from_player, () => {
      field.value = formatExactClock(recordingTime(audio));
    });
    button.setAttribute("aria-label", texts[`${name}_from_player`]);
    row.append(button);
  }
  return {
    element: row,
    /**
     * What was changed, in seconds; NaN for what is no time.
     * @returns {Record<string, any>}
     */
    read() {
      const changed = Object.entries(fields).filter(
        ([name, field]) =>
          field.value.trim() !== formatExactClock(before[/** @type {"start" | "end"} */ (name)]),
      );
      return Object.fromEntries(
        changed.map(([name, field]) => [name, parseClock(field.value) ?? NaN]),
      );
    },
  };
}
