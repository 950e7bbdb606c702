// The lines as the page shows them, and what a change makes of them.
import { attempt, make, say, send } from "./changes.js";
import { $, texts } from "./page.js";
import { hasMore } from "./parts.js";
import { forgetPages, lines, list, player, words } from "./reader.js";
import { followWordTimes } from "./word-times.js";

let speakers = JSON.parse($("speakers").textContent);

export const allSpeakers = () => speakers;
export const nameOf = ({ name, label }) => name || label;
export const speakerOf = (number) => speakers.find((each) => String(each.number) === String(number));
export const textOf = (item) => item.querySelector(".text").textContent;

/** Runs a change that answers with segments, and shows what it made of them; whether it did. */
export function change(method, path, body, said = texts.saved) {
  return attempt(async () => {
    show(await send(method, path, body));
    say(said);
  });
}

/** Puts what an edit left into the page. */
export function show(edited) {
  if (!edited.complete) return location.reload();
  for (const id of edited.removed) { itemOf(id)?.remove(); words.delete(id); }
  speakers = edited.speakers;
  for (const segment of edited.segments) showSegment(segment);
  forgetPages();
  showSpeakers();
  const waits = edited.segments.some((segment) => segment.words.some((word) => word.timing === "interpolated"));
  if (waits) followWordTimes(edited.revision - 1, showTimes);
}

/** The words of a segment were found in the recording; its text is as it was. */
function showTimes(segment) {
  const text = itemOf(segment.id)?.querySelector(".text");
  if (text?.textContent !== segment.text) return; // edited again meanwhile
  words.set(segment.id, segment.words);
  if (!text.dataset.spelled) return;
  text.replaceChildren(segment.text); // spelled again when it is played
  delete text.dataset.spelled;
}

/** The segment before or behind one; gaps are passed over. */
export function neighbourOf(item, { isNext }) {
  const step = isNext ? "nextElementSibling" : "previousElementSibling";
  let other = item[step];
  while (other && !other.dataset.id) other = other[step];
  return other;
}

export const itemOf = (id) => list.querySelector(`[data-id="${CSS.escape(id)}"]`);

/** Whether a segment belongs to a part of the text that the page doesn't show. */
function isElsewhere({ start }) {
  if (!lines.length) return false;
  const isBefore = Number(list.dataset.first) > 0 && start < Number(lines[0].dataset.start);
  return isBefore || (hasMore() && start > Number(lines[lines.length - 1].dataset.start));
}

function showSegment(segment) {
  words.set(segment.id, segment.words);
  if (!itemOf(segment.id) && isElsewhere(segment)) return;
  const item = itemOf(segment.id) ?? insert(segment);
  Object.assign(item.dataset, {
    start: segment.start, end: segment.end, speaker: segment.speaker_number ?? "",
  });
  const text = item.querySelector(".text");
  text.textContent = segment.text;
  delete text.dataset.spelled;
  item.querySelector(".time").textContent = formatClock(segment.start);
}

function insert(segment) {
  const time = player
    ? make("button", { type: "button", className: "time" })
    : make("span", { className: "time" });
  const item = make("li", { className: "segment" },
    make("p", { className: "speaker", dir: "auto" }),
    make("div", { className: "line" }, time, make("p", { className: "text", dir: "auto" })));
  item.dataset.id = segment.id;
  const behind = [...list.children].find((other) => Number(other.dataset.start) > segment.start);
  list.insertBefore(item, behind ?? null);
  addEdit(item);
  return item;
}

export function addEdit(item) {
  const line = item.querySelector(".line");
  if (line) line.append(make("button", { type: "button", className: "edit", textContent: texts.edit }));
}

export function showSpeakers() {
  const names = new Map(speakers.map((each) => [String(each.number), nameOf(each)]));
  let before = null;
  for (const item of [...lines]) { // a copy: each change makes the live list count anew
    const number = item.dataset.speaker ?? "";
    const isShown = names.has(number) && number !== before;
    before = number;
    showSpeaker(item.querySelector(".speaker"), isShown ? names.get(number) : null);
  }
}

/** Touches nothing that is as it should be: there may be thousands. */
function showSpeaker(place, name) {
  if (!place || (name === null && place.hidden)) return;
  place.hidden = name === null;
  if (name === null) return place.replaceChildren();
  const known = place.querySelector(":scope > button");
  if (known?.textContent === name) return;
  const button = make("button", { type: "button", textContent: name });
  button.title = texts.speaker_actions.replace("{name}", name);
  place.replaceChildren(button);
}

export function formatClock(seconds) {
  const whole = Math.floor(seconds);
  const pad = (number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/** The clock with its milliseconds: what one can type. */
export function formatExactly(seconds) {
  const ms = Math.round(Number(seconds) * 1000);
  return `${formatClock(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}`;
}

/** Seconds of what was typed (12.5, 1:02.5, 1:00:02,5); null where it is no time. */
export function parseClock(typed) {
  const match = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)$/.exec(typed.trim());
  if (!match) return null;
  const [hours, minutes, seconds] = match.slice(1).map((part) => Number((part ?? "0").replace(",", ".")));
  return Math.round((hours * 3600 + minutes * 60 + seconds) * 1000) / 1000;
}
