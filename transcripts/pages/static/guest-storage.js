// A guest's recordings in this browser, so that a reload goes on with them: of this tab alone. Another
// tab has its own, and nothing stays longer than the server stores it.
import { makeId } from "../../uploads/static/queue-items.js";
import { QueueStorage } from "../../uploads/static/queue-storage.js";

const TAB_KEY = "stt-guest-tab";
const LIFETIME_MS = 3600_000;
const LOCK_MS = 3000; // a page that is loaded again waits for the one before to let go

/** @typedef {import("./guest-files.js").Item} Item */

export class GuestStorage {
  constructor() {
    this.storage = new QueueStorage("guest");
    this.tab = claimTab();
    /** @type {Set<string>} */
    this.safe = new Set(); // whose file is stored: leaving the page loses nothing
  }

  /** The items of this tab, as they go on. @returns {Promise<Item[]>} */
  async load() {
    const tab = await this.tab;
    const items = [];
    for (const { tab: of, changedAt, ...item } of await this.storage.all("items")) {
      const isOver = ["cancelled", "refused"].includes(item.state);
      if (Date.now() - changedAt > LIFETIME_MS || (of === tab && isOver)) this.remove(item);
      else if (of === tab) items.push(wakeUp(item, await this.storage.getFile(item.id)));
    }
    for (const { id, file } of items) if (file) this.safe.add(id);
    return items.sort((a, b) => a.addedAt - b.addedAt);
  }

  /** @param {Item} item */
  async save({ file: _, ...item }) {
    const stored = { ...item, tab: await this.tab, changedAt: Date.now() };
    await this.storage.put("items", item.id, stored);
    if (item.job) await this.storage.removeFile(item.id); // every byte is there
  }

  /** @param {Item} item */
  async saveFile({ id, file }) {
    if (file && !this.safe.has(id) && (await this.storage.putFile(id, file))) this.safe.add(id);
  }

  /** @param {{id: string}} item */
  async remove({ id }) {
    this.safe.delete(id);
    await this.storage.remove(id);
  }
}

/**
 * As an item is after its page was left: what was under way goes on, or wants its file.
 * @param {Item} item
 * @param {File} [file]
 * @returns {Item}
 */
export function wakeUp(item, file) {
  const woken = { ...item, file: file ?? null };
  if (item.state === "done") return woken;
  if (!item.job && !file) return { ...woken, state: "paused", problem: "" };
  return item.state === "failed" ? woken : { ...woken, state: "waiting" };
}

/** This tab's name, which a reload keeps; one that was duplicated gets another. */
async function claimTab() {
  const known = readTab();
  if (known && (await hold(known))) return known;
  const tab = makeId();
  try {
    sessionStorage.setItem(TAB_KEY, tab);
  } catch {
    // nothing is stored here: it lasts as long as the page
  }
  await hold(tab);
  return tab;
}

function readTab() {
  try {
    return sessionStorage.getItem(TAB_KEY) ?? "";
  } catch {
    return "";
  }
}

/**
 * Hold the tab's lock until the page is left; false where another page does.
 * @param {string} tab
 * @returns {Promise<boolean>}
 */
function hold(tab) {
  if (!navigator.locks) return Promise.resolve(true); // http, not localhost
  return new Promise((resolve) => {
    const options = { signal: AbortSignal.timeout(LOCK_MS) };
    const untilLeft = () => {
      resolve(true);
      return new Promise(() => {});
    };
    navigator.locks.request(`stt-guest-${tab}`, options, untilLeft).catch(() => resolve(false));
  });
}
