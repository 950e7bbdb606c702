// One line changed in two windows: both texts are shown, and a person chooses. Kept until then.
import { baseOf } from "./changes.js";
import { itemOf, showLine, stateOf } from "./lines.js";
import { $, announce, make, makeButton } from "../../pages/static/dom.js";
import { list } from "../../pages/static/segments.js";
import { texts } from "../../pages/static/texts.js";

/** @typedef {{
 *   line: string, mine: string, theirs: string | null, reason: string, isGone?: boolean,
 * }} Conflict `theirs` null: the line is gone, or the server refused the text for `reason` */

const KEY = `conflicts:${list.dataset.user}:${list.dataset.transcript}`;
/** @type {(line: string, text: string, base: number) => void} */
let resend = () => {};

/** @param {typeof resend} send */
export function onKeepMine(send) {
  resend = send;
}

/** @returns {Conflict[]} */
const kept = () => JSON.parse(localStorage.getItem(KEY) ?? "[]");

/** @param {Conflict[]} conflicts */
function keep(conflicts) {
  if (conflicts.length) localStorage.setItem(KEY, JSON.stringify(conflicts));
  else localStorage.removeItem(KEY);
}

/** @param {string} line */
export function dropConflict(line) {
  keep(kept().filter((each) => each.line !== line));
  document.getElementById(`conflict-${line}`)?.remove();
}

export function restoreConflicts() {
  for (const conflict of kept()) showConflict(conflict);
}

/** @param {Conflict} conflict */
export function offerConflict(conflict) {
  keep([...kept().filter(({ line }) => line !== conflict.line), conflict]);
  showConflict(conflict);
  announce(conflict.reason || texts.conflict);
}

/** @param {Conflict} conflict */
function showConflict({ line, mine, theirs, reason, isGone }) {
  document.getElementById(`conflict-${line}`)?.remove();
  const item = itemOf(line);
  if (item && theirs !== null) showLine({ ...stateOf(item), text: theirs });
  const message = reason || (isGone || !item ? texts.conflict_gone : texts.conflict);
  const box = make("div", { id: `conflict-${line}`, className: "conflict problem" });
  box.setAttribute("role", "group");
  box.setAttribute("aria-label", message);
  box.append(make("p", {}, message), makeVersion(texts.your_version, mine));
  if (item) {
    if (theirs !== null) box.append(makeVersion(texts.their_version, theirs));
    box.append(
      makeButton(texts.keep_mine, () => {
        dropConflict(line);
        resend(line, mine, baseOf([line]));
      }),
      " ",
    );
  } else
    box.append(
      makeButton(texts.copy, () => navigator.clipboard?.writeText(mine)),
      " ",
    );
  const drop = theirs === null || !item ? texts.discard_mine : texts.keep_theirs;
  box.append(makeButton(drop, () => dropConflict(line)));
  if (item) item.append(box);
  else $("conflicts").append(box);
}

/** @param {string} label @param {string} text */
function makeVersion(label, text) {
  const quote = make("q", { dir: "auto", lang: list.lang, textContent: text });
  return make("p", {}, make("strong", { textContent: `${label}: ` }), quote);
}
