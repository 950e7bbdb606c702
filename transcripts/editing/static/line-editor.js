// One line that is being corrected: its text, its speaker, its times, and where it begins and ends.
import { guard } from "./changes.js";
import { make, makeButton, showError } from "../../pages/static/dom.js";
import { formatExactClock, parseClock } from "../../pages/static/format.js";
import { allSpeakers, change, nameOf, neighbourOf, textOf } from "./lines.js";
import { recordingTime } from "../../pages/static/player-time.js";
import { list, player, words, wordsOf } from "../../pages/static/reader.js";
import { texts } from "../../pages/static/texts.js";

const NEW = "new"; // the choice of a speaker who isn't there yet

/** @param {HTMLElement} item */
export function openLine(item) {
  if (item.querySelector(".editing")) return;
  const line = /** @type {HTMLElement} */ (item.querySelector(".line"));
  const parts = /** @type {HTMLElement[]} */ ([...line.children]);
  const area = make("textarea", { maxLength: 5000, dir: "auto", lang: list.lang });
  area.setAttribute("aria-label", texts.text);
  const who = makeSpeakerChoice(item.dataset.speaker);
  const times = makeTimes(item);
  const form = make("form", { className: "editing" }, area);
  form.append(
    make(
      "div",
      { className: "actions" },
      makeButton(texts.save, null, { type: "submit" }),
      makeButton(texts.cancel, close),
      who.element,
      makeButton(texts.split, split),
      ...(neighbourOf(item, { isNext: true }) ? [makeButton(texts.merge, merge)] : []),
      makeButton(texts.remove, remove),
    ),
    make(
      "details",
      { className: "more" },
      make("summary", { textContent: texts.times_and_words }),
      times.element,
      makeMoves(),
    ),
  );
  const release = guard(isChanged);
  fill();
  for (const part of parts) part.hidden = true;
  line.append(form);
  area.focus();
  area.setSelectionRange(area.value.length, area.value.length);
  form.scrollIntoView({ block: "nearest" });
  if (!words.has(item.dataset.id)) wordsOf(item); // to cut a line; meanwhile one can type

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (await save()) close();
  });
  area.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });

  function fill() {
    area.value = textOf(item);
    times.fill();
  }

  function close() {
    release();
    form.remove();
    for (const part of parts) part.hidden = false;
    if (item.isConnected) focusEdit(item);
  }

  /**
   * The fields that differ from what is saved; without the speaker.
   * @returns {Record<string, unknown>}
   */
  function readChanges() {
    const typed = area.value.replace(/\s+/g, " ").trim();
    return { ...(typed === textOf(item) ? {} : { text: typed }), ...times.read() };
  }

  function isChanged() {
    return (
      form.isConnected &&
      (Object.keys(readChanges()).length > 0 || who.isChanged(item.dataset.speaker))
    );
  }

  async function save() {
    const body = readChanges();
    if (Number.isNaN(body.start) || Number.isNaN(body.end)) {
      showError(texts.no_time);
      return false;
    }
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    form.inert = true;
    try {
      return await saveNow(body);
    } finally {
      form.inert = false;
      focused?.focus();
    }
  }

  /** @param {Record<string, unknown>} body */
  async function saveNow(body) {
    if (who.isChanged(item.dataset.speaker)) {
      if (!(await who.add())) return false;
      body.speaker = who.read();
    }
    if (!Object.keys(body).length) return true;
    return change("PATCH", `segments/${item.dataset.id}/`, body);
  }

  async function split() {
    const caret = area.selectionStart;
    if (!(await save())) return;
    const at = countWords(await wordsOf(item), textOf(item), caret);
    if (!at) return showError(texts.cannot_split);
    if (await change("POST", `segments/${item.dataset.id}/split/`, { at_word: at })) close();
  }

  async function merge() {
    const next = neighbourOf(item, { isNext: true })?.dataset.id;
    if (!(await save()) || !next) return;
    if (await change("POST", "segments/merge/", { segments: [item.dataset.id, next] })) close();
  }

  async function remove() {
    const neighbour = neighbourOf(item, { isNext: true }) ?? neighbourOf(item, { isNext: false });
    if (!(await change("DELETE", `segments/${item.dataset.id}/`))) return;
    release();
    if (neighbour) focusEdit(neighbour);
  }

  function makeMoves() {
    const moves = make("div", { className: "actions" });
    if (neighbourOf(item, { isNext: false }))
      moves.append(makeButton(texts.word_back, () => move("previous")));
    if (neighbourOf(item, { isNext: true }))
      moves.append(makeButton(texts.word_on, () => move("next")));
    return moves;
  }

  /**
   * The editor stays open: often it is more than one word.
   * @param {"previous" | "next"} to
   */
  async function move(to) {
    if (!(await save())) return;
    const body = { segment: item.dataset.id, to, words: 1 };
    if (await change("POST", "segments/move-words/", body, texts.word_moved)) fill();
  }
}

/** @param {HTMLElement} item */
function focusEdit(item) {
  /** @type {HTMLElement | null} */ (item.querySelector(".edit"))?.focus();
}

/**
 * Return how many words begin before a place in the text; 0 where that cuts nothing.
 * @param {import("../../pages/static/types.js").Word[]} known
 * @param {string} text
 * @param {number} caret
 */
function countWords(known, text, caret) {
  let at = 0,
    count = 0;
  for (const { word } of known) {
    at = text.indexOf(word, at);
    if (at < 0 || at >= caret) break;
    at += word.length;
    count += 1;
  }
  return count < known.length ? count : 0;
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
  const row = make("div", { className: "times" });
  for (const [name, field] of Object.entries(fields)) {
    Object.assign(field, { inputMode: "decimal", autocomplete: "off" });
    const label = make("label", {}, texts[`line_${name}`], field);
    row.append(label);
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
    fill() {
      for (const [name, field] of Object.entries(fields))
        field.value = formatExactClock(item.dataset[name] ?? "0");
    },
    /** What was changed, in seconds; NaN for what is no time. */
    read() {
      const changed = Object.entries(fields).filter(
        ([name, field]) => field.value.trim() !== formatExactClock(item.dataset[name] ?? "0"),
      );
      return Object.fromEntries(
        changed.map(([name, field]) => [name, parseClock(field.value) ?? NaN]),
      );
    },
  };
}
