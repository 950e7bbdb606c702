// The upload queue without a page: what an item is, what is refused before it is sent, what is next.
// Nothing here touches the DOM, the network or the storage.

/**
 * @typedef {"waiting" | "uploading" | "paused" | "sent" | "working" | "done" | "failed"} State
 *   paused: its file isn't here any more (the page was loaded again), and is asked for
 *   sent: every byte is there, and its transcript is being made
 *   working: it is being transcribed
 */

/**
 * @typedef {{
 *   id: string,
 *   name: string,
 *   size: number,
 *   modified: number,
 *   kind: "file" | "recording" | "url",
 *   state: State,
 *   sent: number,
 *   uploadUrl: string,
 *   transcriptId: string,
 *   doneS: number,
 *   totalS: number | null,
 *   problem: string,
 *   code: string,
 *   isWarned: boolean,
 *   options: Record<string, string>,
 *   addedAt: number,
 * }} Item `size` 0 of a recording that still goes on; `sent` in bytes
 */

/** @typedef {{maxFileBytes: number, minutesLeft: number | null}} Limits 0, null: none */

export const AT_ONCE = 2;
const STALE_MS = 12 * 3600_000;
const FOREIGN = /^(image|text|font)\/|^application\/(pdf|zip|json|xml|msword|gzip|x-7z|vnd\.)/;
const FOREIGN_ENDINGS =
  /\.(pdf|docx?|xlsx?|pptx?|odt|txt|md|html?|json|xml|csv|srt|vtt|zip|rar|7z|gz|jpe?g|png|gif|webp|svg|exe)$/i;
const MEDIA_ENDINGS =
  /\.(mp3|m4a|m4b|aac|wav|flac|ogg|oga|opus|wma|amr|aiff?|caf|mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|3gp|wmv|flv)$/i;

/**
 * @param {{name: string, size: number, lastModified?: number}} file
 * @param {{options?: Record<string, string>, kind?: Item["kind"], id?: string, now?: number}} [known]
 * @returns {Item}
 */
export function makeItem(file, known = {}) {
  const { options = {}, kind = "file", now = Date.now() } = known;
  return {
    id: known.id ?? makeId(),
    name: file.name,
    size: file.size,
    modified: file.lastModified ?? 0,
    kind,
    state: "waiting",
    sent: 0,
    uploadUrl: "",
    transcriptId: "",
    doneS: 0,
    totalS: null,
    problem: "",
    code: "",
    isWarned: false,
    options,
    addedAt: now,
  };
}

/** Random, also where there is no `crypto.randomUUID` (http, not localhost). */
export function makeId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Why a file is not even begun; "" where nothing speaks against it. The server checks all of it.
 * @param {{name: string, size: number, type?: string}} file
 * @param {Limits} limits
 * @returns {"" | "empty" | "too_large" | "foreign" | "no_minutes"}
 */
export function findRefusal(file, limits) {
  if (!file.size) return "empty";
  if (isForeign(file)) return "foreign";
  if (limits.maxFileBytes && file.size > limits.maxFileBytes) return "too_large";
  if (limits.minutesLeft !== null && limits.minutesLeft < 1) return "no_minutes";
  return "";
}

/**
 * Whether it surely is no recording, by its kind or its name. What isn't known is left to the server.
 * @param {{name: string, type?: string}} file
 */
export function isForeign({ name, type = "" }) {
  if (/^(audio|video)\//.test(type) || MEDIA_ENDINGS.test(name)) return false;
  return FOREIGN.test(type) || FOREIGN_ENDINGS.test(name);
}

/**
 * The items to send now, the oldest first.
 * @param {Item[]} items
 * @param {number} [atOnce]
 */
export function listNext(items, atOnce = AT_ONCE) {
  const free = atOnce - items.filter(({ state }) => state === "uploading").length;
  return byAge(items.filter(({ state }) => state === "waiting")).slice(0, Math.max(0, free));
}

/** @param {Item[]} items */
export const byAge = (items) => [...items].sort((a, b) => a.addedAt - b.addedAt);

/**
 * The item that a file goes on with: the same file, chosen again after a reload.
 * @template {{state: string, kind: string, name: string, size: number, modified: number}} Known
 * @param {Known[]} items
 * @param {{name: string, size: number, lastModified?: number}} file
 */
export function findSame(items, file) {
  return items.find(
    ({ state, kind, name, size, modified }) =>
      state === "paused" &&
      kind === "file" &&
      name === file.name &&
      size === file.size &&
      (!modified || !file.lastModified || modified === file.lastModified),
  );
}

/**
 * As an item is after its page was left: what was being sent waits, or wants its file.
 * @param {Item} item
 * @param {boolean} hasFile
 * @returns {Item}
 */
export function wakeUp(item, hasFile) {
  if (!["waiting", "uploading", "paused"].includes(item.state)) return item;
  if (item.kind === "url") return { ...item, state: "waiting" };
  return { ...item, state: hasFile ? "waiting" : "paused" };
}

/**
 * What an event of the account's stream changes of an item.
 * @param {Item} item
 * @param {{id: string, status: string, done_s?: number, total_s?: number | null, error?: string | null}} event
 * @returns {Item}
 */
export function applyEvent(item, event) {
  if (!item.transcriptId || item.transcriptId !== event.id) return item;
  const progress = { doneS: event.done_s ?? item.doneS, totalS: event.total_s ?? item.totalS };
  if (event.status === "completed" || event.status === "completed_with_warnings")
    return {
      ...item,
      ...progress,
      state: "done",
      isWarned: event.status === "completed_with_warnings",
    };
  if (["failed", "cancelled", "deleted"].includes(event.status))
    return { ...item, state: "failed", code: event.status, problem: event.error ?? "" };
  return { ...item, ...progress, state: event.status === "processing" ? "working" : "sent" };
}

/**
 * Whether an item has nothing more to say: its transcript is what the page shows, or it ended long
 * ago.
 * @param {Item} item
 * @param {{now: number, path: string}} page
 */
export function isStale(item, { now, path }) {
  if (isActive(item)) return false;
  return (
    now - item.addedAt > STALE_MS || Boolean(item.transcriptId && path.includes(item.transcriptId))
  );
}

/** @param {Item} item */
export const isActive = ({ state }) =>
  ["waiting", "uploading", "paused", "sent", "working"].includes(state);

/**
 * How far an item is, 0 to 1; null where that isn't known.
 * @param {Item} item
 */
export function partOf({ state, sent, size, doneS, totalS }) {
  if (state === "uploading" || state === "paused") return size ? Math.min(1, sent / size) : null;
  if (state === "working") return totalS ? Math.min(1, doneS / totalS) : null;
  return null;
}

/**
 * Of all items, for the page's title: how many are under way, and how far what is sent is.
 * @param {Item[]} items
 */
export function sumUp(items) {
  const uploading = items.filter(({ state }) => state === "uploading" || state === "waiting");
  const total = uploading.reduce((sum, { size }) => sum + size, 0);
  const sent = uploading.reduce((sum, item) => sum + item.sent, 0);
  return {
    active: items.filter(isActive).length,
    uploading: uploading.length,
    done: items.filter(({ state }) => state === "done").length,
    failed: items.filter(({ state }) => state === "failed").length,
    part: total ? sent / total : null,
  };
}
