// Keeping the page and the server the same: edits go out in the background, other windows' come in.
import {
  baseOf,
  connect,
  guard,
  isOwn,
  noteOwn,
  noteSeen,
  noteText,
  requestChange,
  seenRevision,
} from "./changes.js";
import { dropConflict, offerConflict, restoreConflicts } from "./conflicts.js";
import { itemOf, removeLine, show, showLine, showSpeakers, showTimes, stateOf } from "./lines.js";
import { EditQueue } from "./queue.js";
import { Store } from "./store.js";
import { $, announce, showError } from "../../pages/static/dom.js";
import { api } from "../../pages/static/reader.js";
import { RequestError, pause, requestJson } from "../../pages/static/requests.js";
import { list, textOf } from "../../pages/static/segments.js";
import { fillCount, texts } from "../../pages/static/texts.js";
import { followSince, onEvent } from "../../pages/static/transcript-stream.js";

/** @typedef {import("../../pages/static/types.js").Change} Change */
/** @typedef {import("../../pages/static/types.js").EditAnswer} EditAnswer */

const FLUSH_MS = 8000;
export const store = new Store(localStorage, `${list.dataset.user}:${list.dataset.transcript}`);
/** @type {Map<string, {text: string, base: number}>} */
const typing = new Map(); // lines with typed text that is no edit yet
let commitTyped = () => {};

export const queue = new EditQueue({
  send: ({ method, path, body, base }) => requestChange(method, path, body, { ifMatch: base }),
  onAnswer: (change, answer) => {
    const lines = [...change.lines, ...(change.added ?? [])];
    noteOwn(answer.revision, lines);
    queue.rebase(lines, answer.revision);
    for (const line of lines) {
      const draft = typing.get(line); // builds on this window's own change, too
      if (draft) draft.base = Math.max(draft.base, answer.revision);
    }
    // The page has it already; what the server made of it (times, words) is taken over.
    show(answer, (id) => isHeld(id));
  },
  onRefused: resolveRefusal,
  onState: (state, count) => showState(state, count),
  keep: (changes) => store.keepChanges(changes),
});

/** Whether a line has something of this window's that the server doesn't have. @param {string} id */
export const isHeld = (id) => typing.has(id) || queue.has(id);

/** @param {string} id @param {string} text */
export function noteTyping(id, text) {
  const draft = typing.get(id) ?? { text, base: baseOf([id]) };
  draft.text = text;
  typing.set(id, draft);
  store.keepDraft({ line: id, ...draft });
}

/** What was typed is an edit now, or was given up; returns on which revision it builds.
 * @param {string} id */
export function endTyping(id) {
  const base = typing.get(id)?.base ?? baseOf([id]);
  typing.delete(id);
  store.dropDraft(id);
  return base;
}

/** @param {Omit<Change, "id">} change */
export function addChange(change) {
  queue.add({ ...change, id: crypto.randomUUID?.() ?? String(Math.random()) });
}

/** Resolves once the server has everything, or soon where it can't be reached. */
export const flush = () => Promise.race([queue.whenSaved(), pause(FLUSH_MS)]);

/** A new line's id. */
export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Show how it was before. @param {Change} change */
export function rollBack({ added = [], before }) {
  for (const id of added) removeLine(id);
  for (const state of before) showLine(state);
  showSpeakers();
}

/**
 * What the server refuses is never dropped in silence: a text is offered beside the other one.
 * @param {Change} change
 * @param {RequestError} problem
 * @returns {Promise<"done" | "again">}
 */
async function resolveRefusal(change, problem) {
  const id = /** @type {string} */ (change.lines[0]);
  let theirs;
  try {
    theirs = await requestJson(`${api}changes/?since=${change.base}`);
  } catch (unreachable) {
    if (unreachable instanceof RequestError && unreachable.isPassing) return "again";
    theirs = null;
  }
  const found = theirs?.segments.find((/** @type {any} */ each) => each.id === id);
  const isThere = {
    text: found?.text === change.body?.text,
    split: theirs?.segments.some((/** @type {any} */ each) => each.id === change.body?.new_id),
    merge: theirs?.removed.includes(change.lines[1]),
    remove: theirs?.removed.includes(id),
  }[change.kind];
  if (theirs && isThere) {
    // An answer was lost, or both typed the same.
    queue.rebase(change.lines, theirs.revision);
    noteOwn(theirs.revision, change.lines);
    return "done";
  }
  if (change.kind === "text") {
    const text = found?.text ?? null;
    const isGone = !found && (problem.status === 404 || theirs?.removed.includes(id));
    const reason = problem.status === 412 || isGone ? "" : problem.message;
    if (found) noteOwn(theirs.revision, [id]);
    offerConflict({ line: id, mine: change.body.text, theirs: text, reason, isGone });
    return "done";
  }
  rollBack(change);
  showError(problem.status === 412 ? texts.changed : problem.message);
  if (theirs) applyRemote(theirs);
  return "done";
}

/** @param {EditAnswer} edited what others changed */
function applyRemote(edited) {
  if (edited.revision <= seenRevision()) return;
  const isForeign = !isOwn(edited.revision);
  noteText(edited.text_revision);
  noteSeen(edited.revision);
  if (!isForeign) return;
  if (!edited.complete || edited.gaps_changed) return reloadWhenFree();
  show(edited, (id) => isHeld(id));
  announce(texts.changed_elsewhere);
}

/** Too much changed to show piece by piece; nothing that was typed is lost by loading again. */
function reloadWhenFree() {
  commitTyped();
  if (document.activeElement?.closest("[contenteditable]"))
    showError(texts.changed_much, { canReload: true });
  else location.reload();
}

export async function catchUp() {
  applyRemote(await requestJson(`${api}changes/?since=${seenRevision()}`));
}

function follow() {
  followSince(seenRevision);
  onEvent("edited", applyRemote);
  onEvent("words", ({ segment }) => {
    if (!isHeld(segment.id)) showTimes(segment);
  });
}

// ---- what is shown of it

/** @param {import("./queue.js").State} state @param {number} count */
function showState(state, count) {
  const place = $("saving");
  const shown = {
    saved: texts.all_saved,
    saving: texts.saving,
    offline: fillCount(texts.kept_offline, count),
    logged_out: fillCount(texts.kept_logged_out, count),
  }[count ? state : "saved"];
  place.dataset.state = state;
  if (place.textContent !== shown) place.textContent = shown;
}

/**
 * @param {() => void} commit makes edits of what is being typed
 */
export async function startSync(commit) {
  commitTyped = commit;
  connect(async () => {
    commit();
    await flush();
  }, catchUp);
  guard(() => store.isBroken && queue.changes.length > 0);
  addEventListener("online", () => queue.retry());
  addEventListener("focus", () => queue.retry());
  addEventListener("pagehide", commit);
  follow();
  const { changes, drafts } = await store.adopt(navigator.locks);
  for (const change of changes) redo(change);
  for (const { line, text, base } of drafts) {
    const item = itemOf(line);
    if (!item) offerConflict({ line, mine: text, theirs: null, reason: "", isGone: true });
    else if (textOf(item) !== text) redo(makeText(item, text, base));
    store.dropDraft(line);
  }
  restoreConflicts();
}

/**
 * @param {HTMLElement} item
 * @param {string} text
 * @param {number} base
 * @returns {Change}
 */
export function makeText(item, text, base) {
  const before = stateOf(item);
  const path = `segments/${before.id}/`;
  const lines = [before.id];
  return {
    id: "",
    kind: "text",
    method: "PATCH",
    path,
    body: { text },
    lines,
    base,
    before: [before],
  };
}

/** Show an edit of an earlier visit again, and send it. @param {Change} change */
function redo(change) {
  const item = itemOf(change.lines[0] ?? "");
  if (change.kind === "text" && item) showLine({ ...stateOf(item), text: change.body.text });
  if (change.kind === "text") dropConflict(change.lines[0] ?? "");
  addChange(change);
}
