// The upload queue of a logged-in account, on every page: sends, goes on after a reload, follows.
// queue-items.js decides, queue-storage.js stores, queue-panel.js shows.
import { followAccount } from "./account-events.js";
import { collectFiles, hasFiles } from "./dropped.js";
import { asFields, readOptions } from "./options.js";
import {
  applyEvent,
  byAge,
  findRefusal,
  findSame,
  isActive,
  isStale,
  listNext,
  makeItem,
  sumUp,
  wakeUp,
} from "./queue-items.js";
import { QueuePanel } from "./queue-panel.js";
import { QueueStorage } from "./queue-storage.js";
import { finishRecording } from "./recording-sender.js";
import { Tickets, deleteUpload, sendFile } from "./tus-upload.js";
import { RequestError, requestJson } from "../../pages/static/requests.js";
import { fill, queueTexts as texts } from "../../pages/static/texts.js";
import { formatBytes } from "../../pages/static/format.js";

/** @typedef {import("./queue-items.js").Item} Item */

const root = /** @type {HTMLElement} */ (document.getElementById("queue"));
const { account = "", ticket = "", since = "" } = root.dataset;
const storage = new QueueStorage(account);
const tickets = new Tickets(ticket);
const panel = new QueuePanel(root, {
  cancel: removeItem,
  retry: retryItem,
  clear: clearDone,
  choose: chooseFiles,
});
/** @type {Map<string, Item>} */
const items = new Map();
/** @type {Map<string, File>} */
const files = new Map();
/** @type {Map<string, AbortController>} */
const running = new Map();
/** @type {Set<string>} */
const safe = new Set(); // whose file is stored: leaving the page loses nothing
/** @type {Promise<import("./queue-items.js").Limits> | null} */
let limits = null;
const title = document.title;

// ---- adding

/**
 * Add files to the queue; those that can't be taken get a line that says why. Returns the items.
 * @param {File[]} chosen
 * @param {{options?: Record<string, string>, opens?: boolean}} [known] `opens`: go to the transcript
 */
export async function addFiles(chosen, { options = readOptions(), opens = false } = {}) {
  panel.open();
  const bounds = await (limits ??= readLimits());
  const added = [];
  for (const file of chosen) {
    const same = findSame([...items.values()], file);
    const item = same ?? makeItem(file, { options: asFields(options) });
    const refusal = findRefusal(file, bounds);
    files.set(item.id, file);
    if (refusal) await change(refuse(item, refusal, bounds));
    else {
      await change({ ...item, state: "waiting", problem: "", code: "" });
      storage.putFile(item.id, file).then((isStored) => isStored && safe.add(item.id));
    }
    added.push(item.id);
  }
  if (opens && added.length === 1 && items.get(added[0])?.state === "waiting") opening = added[0];
  start();
  return added;
}

/** The item whose transcript is opened as soon as there is one: one file, from the form. */
let opening = "";

/**
 * Have the server fetch a recording. Throws RequestError.
 * @param {string} address
 * @param {Record<string, string>} options
 */
export async function addAddress(address, options) {
  const body = new FormData();
  for (const [name, value] of Object.entries(asFields(options))) body.append(name, value);
  body.append("url", address);
  body.append("async", "true");
  const headers = { Authorization: `Bearer ${await tickets.get()}` };
  const accepted = await requestJson("/v1/transcribe", { method: "POST", headers, body });
  const name = decodeURIComponent(new URL(address).pathname.split("/").pop() || address);
  const item = makeItem({ name, size: 0 }, { kind: "url" });
  await change({ ...item, state: "sent", transcriptId: accepted.id });
  follow();
  return accepted.id;
}

/** @returns {Promise<import("./queue-items.js").Limits>} */
async function readLimits() {
  try {
    const { limits: found, minutes_left: minutes, credits } = await requestJson("/api/v1/account/");
    return {
      maxFileBytes: found?.max_file_bytes ?? 0,
      minutesLeft: minutes === null ? null : minutes + (credits ?? 0),
    };
  } catch {
    return { maxFileBytes: 0, minutesLeft: null }; // the server checks all of it
  }
}

/**
 * @param {Item} item
 * @param {string} code
 * @param {import("./queue-items.js").Limits} bounds
 * @returns {Item}
 */
function refuse(item, code, bounds) {
  const values = { size: formatBytes(item.size), limit: formatBytes(bounds.maxFileBytes) };
  return { ...item, state: "failed", code, problem: fill(texts[`refused_${code}`], values) };
}

// ---- sending

function start() {
  for (const item of listNext([...items.values()])) send(item);
}

/** @param {Item} item */
async function send(item) {
  if (running.has(item.id)) return;
  const controller = new AbortController();
  running.set(item.id, controller);
  // Of several pages that are open, one sends an item.
  const held = await hold(item.id, () => sendHeld(item, controller));
  running.delete(item.id);
  if (held) start();
}

/**
 * Run while no other page of this browser does; false where one does. Where there are no locks
 * (http, not localhost), each page sends what was added on it.
 * @param {string} id
 * @param {() => Promise<void>} act
 */
async function hold(id, act) {
  if (!navigator.locks) return act().then(() => true);
  return navigator.locks.request(`stt-upload-${id}`, { ifAvailable: true }, async (lock) => {
    if (lock) await act();
    return Boolean(lock);
  });
}

/**
 * @param {Item} item
 * @param {AbortController} controller
 */
async function sendHeld({ id }, { signal }) {
  const item = items.get(id);
  if (!item || item.state !== "waiting") return;
  await change({ ...item, state: "uploading" });
  try {
    const transcriptId =
      item.kind === "recording"
        ? await finishRecording(item, { storage, tickets, signal, onProgress })
        : await sendChosen(item);
    await storage.removeFile(id);
    await change({ ...current(), state: "sent", sent: item.size, transcriptId });
    follow();
    catchUp(id);
    if (opening === id) location.assign(`${root.dataset.transcripts}${transcriptId}/`);
  } catch (problem) {
    if (signal.aborted) return;
    const { code = "", message = String(problem) } = /** @type {RequestError} */ (problem);
    await change({ ...current(), state: "failed", code, problem: message });
  }

  function current() {
    return items.get(id) ?? /** @type {Item} */ (item);
  }

  /** @param {number} sent */
  function onProgress(sent) {
    items.set(id, { ...current(), sent });
    show();
  }

  /** @param {Item} chosen */
  async function sendChosen(chosen) {
    const file = files.get(id) ?? (await storage.getFile(id));
    if (!file) throw new RequestError(texts.choose_again, { code: "file_missing" });
    return sendFile(file, {
      tickets,
      uploadUrl: chosen.uploadUrl,
      metadata: { ...chosen.options, filename: chosen.name },
      onCreated: (uploadUrl) => change({ ...current(), uploadUrl }),
      onProgress,
      signal,
    });
  }
}

// ---- what a person does to an item

/** @param {string} id */
async function removeItem(id) {
  const item = items.get(id);
  if (!item) return;
  running.get(id)?.abort();
  running.delete(id);
  files.delete(id);
  items.delete(id);
  await storage.remove(id);
  show();
  start();
  if (item.uploadUrl && !item.transcriptId) deleteUpload(item.uploadUrl, tickets).catch(() => {}); // it expires
}

/** @param {string} id */
async function retryItem(id) {
  const item = items.get(id);
  if (!item) return;
  limits = null;
  const hasFile = files.has(id) || Boolean(await storage.getFile(id)) || item.kind !== "file";
  if (!hasFile) return panel.askForFile();
  const uploadUrl = ["not_found", "upload_expired"].includes(item.code) ? "" : item.uploadUrl;
  await change({ ...item, uploadUrl, state: "waiting", problem: "", code: "" });
  start();
}

async function clearDone() {
  for (const item of [...items.values()])
    if (!isActive(item)) {
      items.delete(item.id);
      await storage.remove(item.id);
    }
  show();
}

/** @param {File[]} chosen */
function chooseFiles(chosen) {
  addFiles(chosen);
}

// ---- following, showing

let isFollowed = false;

function follow() {
  if (isFollowed) return;
  isFollowed = true;
  followAccount(since, {
    onEvent: (event) => {
      for (const item of items.values()) {
        const next = applyEvent(item, event);
        if (next === item) continue;
        const isOver = next.state === "done" || next.state === "failed";
        change(next);
        if (isOver) panel.notify(next);
      }
    },
    onLine: (isUp) => panel.showLine(isUp),
  });
}

/**
 * Read where an item's transcript stands: it may have ended while no page followed it, or, of a
 * recording that was sent before, long ago.
 * @param {string} id
 */
async function catchUp(id) {
  const transcriptId = items.get(id)?.transcriptId ?? "";
  /** @type {import("./account-events.js").TranscriptEvent} */
  let event = { id: transcriptId, status: "deleted" };
  try {
    const [job] = await requestJson(`/api/v1/transcripts/${transcriptId}/jobs/`);
    event = { id: transcriptId, status: job.status, ...job.progress, error: job.error?.message };
  } catch (problem) {
    if (!(problem instanceof RequestError) || problem.status !== 404) return; // the stream goes on
  }
  const item = items.get(id);
  if (item) await change(applyEvent(item, event));
}

/** @param {Item} item */
async function change(item) {
  items.set(item.id, item);
  show();
  await storage.putItem(item);
}

function show() {
  const all = byAge([...items.values()]);
  panel.show(all);
  const { uploading, part } = sumUp(all);
  const share = part === null ? "" : `${Math.floor(part * 100)} % · `;
  if (uploading || document.title.includes(" % · "))
    document.title = uploading ? `${share}${title}` : title;
}

addEventListener("beforeunload", (event) => {
  const isLost = [...items.values()].some(
    ({ id, state, kind }) =>
      kind === "file" && (state === "uploading" || state === "waiting") && !safe.has(id),
  );
  if (isLost) event.preventDefault();
});

// ---- dropping, anywhere on the page

const veil = document.getElementById("drop-veil");
let depth = 0;
for (const type of ["dragenter", "dragover", "dragleave", "drop"])
  addEventListener(type, (event) => {
    const drag = /** @type {DragEvent} */ (event);
    if (!hasFiles(drag) || drag.defaultPrevented) return;
    drag.preventDefault();
    if (type === "dragenter") depth += 1;
    if (type === "dragleave") depth -= 1;
    if (type === "drop") depth = 0;
    if (veil) veil.hidden = depth <= 0;
    if (type === "drop" && drag.dataTransfer)
      collectFiles(drag.dataTransfer).then(({ files: dropped, left }) => {
        addFiles(dropped);
        if (left) panel.say(fill(texts.too_many, { count: left }));
      });
  });

// ---- after a reload

async function wake() {
  for (const stored of await storage.listItems()) {
    const hasFile = stored.kind === "recording" || Boolean(await storage.getFile(stored.id));
    const isRecorded = stored.kind === "recording" && (await isBeingRecorded(stored.id));
    if (isRecorded) continue; // by another page, which shows it
    if (isStale(stored, { now: Date.now(), path: location.pathname })) {
      await storage.remove(stored.id);
      continue;
    }
    if (hasFile) safe.add(stored.id);
    items.set(stored.id, wakeUp(stored, hasFile));
  }
  const sent = [...items.values()].filter(({ state }) => state === "sent" || state === "working");
  if (sent.length) follow();
  for (const { id } of sent) catchUp(id);
  // Nothing to follow, or the page itself shows it: make room.
  if (![...items.values()].some((item) => isActive(item) && !isShown(item))) panel.setFolded(true);
  show();
  start();
}

/** @param {Item} item */
const isShown = ({ transcriptId }) => transcriptId && location.pathname.includes(transcriptId);

/** @param {string} id */
async function isBeingRecorded(id) {
  const { held = [] } = (await navigator.locks?.query()) ?? {};
  return held.some(({ name }) => name === `stt-recording-${id}`);
}

/** What the page of recordings hands over. @param {Item} item */
export async function takeOver(item) {
  await change({ ...item, state: "waiting" });
  opening = item.id;
  start();
}

export { storage, tickets };
wake();
