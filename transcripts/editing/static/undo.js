// Undo and redo over the server's revisions: the last own one that isn't taken back is reverted, by
// itself, so that what others did since stays.
import { onRevision, read, send } from "./changes.js";
import { show } from "./lines.js";
import { flush, queue, rollBack } from "./sync.js";
import { commit } from "./document.js";
import { $, announce, attempt } from "../../pages/static/dom.js";
import { list } from "../../pages/static/segments.js";
import { onKey } from "../../pages/static/shortcuts.js";
import { texts } from "../../pages/static/texts.js";

/** @typedef {{
 *   number: number, action: string, author: string | null, restored: number | null,
 * }} Revision */

export function startUndo() {
  for (const [name, step] of /** @type {const} */ ([
    ["undo", -1],
    ["redo", 1],
  ])) {
    onKey(name, () => take(step));
    $(name).addEventListener("click", () => take(step));
  }
  let isChanged = false;
  onRevision(() => {
    isChanged = true;
    enable(true, $("redo").disabled);
  });
  const isRevised = Number(list.dataset.revision) > 0;
  enable(isRevised, true);
  if (!isRevised) return;
  attempt(async () => {
    const { results } = await read("revisions/?page_size=100");
    const { undo, redo } = findStacks(results, list.dataset.user ?? "");
    if (!isChanged) enable(undo.length > 0, redo.length === 0);
  });
}

/** @param {boolean} canUndo @param {boolean} isRedoOff */
function enable(canUndo, isRedoOff) {
  $("undo").disabled = !canUndo;
  $("redo").disabled = isRedoOff;
}

/** @type {Promise<unknown>} */
let running = Promise.resolve(); // pressed twice, one after the other

/** @param {-1 | 1} step */
function take(step) {
  running = running.then(() => takeNow(step));
}

/** @param {-1 | 1} step */
async function takeNow(step) {
  commit();
  if (step < 0 && queue.state === "offline") {
    const change = queue.pop();
    if (change) {
      rollBack(change);
      return announce(texts.undone);
    }
  }
  return attempt(async () => {
    await flush();
    const { results } = await read("revisions/?page_size=100");
    const stacks = findStacks(results, list.dataset.user ?? "");
    const number = (step < 0 ? stacks.undo : stacks.redo).at(-1);
    if (number === undefined) return announce(step < 0 ? texts.no_undo : texts.no_redo);
    const answer = await send("POST", `revisions/${number}/revert/`, undefined, {
      ifMatch: number,
    });
    if (answer.gaps_changed) return location.reload();
    show(answer);
    const now = findStacks(
      [{ number: answer.revision, action: "revert", author: null, restored: number }, ...results],
      list.dataset.user ?? "",
    );
    enable(now.undo.length > 0, now.redo.length === 0);
    announce(step < 0 ? texts.undone : texts.redone);
  });
}

/**
 * Which revisions an undo and a redo would revert, the next one last. A revert of the last one in a
 * stack moves it to the other; any other own change ends what could be redone.
 * @param {Revision[]} revisions the newest first
 * @param {string} user
 */
export function findStacks(revisions, user) {
  /** @type {{undo: number[], redo: number[]}} */
  const stacks = { undo: [], redo: [] };
  for (const { number, action, author, restored } of [...revisions].reverse()) {
    if (author !== null && author !== user) continue;
    const { undo, redo } = stacks;
    if (action === "revert" && restored === undo.at(-1)) {
      undo.pop();
      redo.push(number);
    } else if (action === "revert" && restored === redo.at(-1)) {
      redo.pop();
      undo.push(number);
    } else {
      undo.push(number);
      redo.length = 0;
    }
  }
  return stacks;
}
