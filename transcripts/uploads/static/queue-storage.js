// What the queue is made of, in IndexedDB, per account: items, their files, the sound of recordings.
// Where a browser stores nothing (private windows of some), it lasts as long as the page.

const STORES = ["items", "files", "chunks"];

/** @typedef {import("./queue-items.js").Item} Item */

/**
 * @template Result
 * @param {IDBRequest<Result>} request
 * @returns {Promise<Result>}
 */
const answerOf = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

export class QueueStorage {
  /** @param {string} account */
  constructor(account) {
    this.name = `stt-queue-${account}`;
    /** @type {Promise<IDBDatabase | null> | null} */
    this.opening = null;
    /** @type {Map<string, Map<string, any>>} */
    this.memory = new Map(STORES.map((store) => [store, new Map()]));
  }

  /** @returns {Promise<Item[]>} */
  listItems() {
    return this.all("items");
  }

  /** @param {Item} item */
  putItem(item) {
    return this.put("items", item.id, item);
  }

  /**
   * Store a file, so that its upload goes on after a reload; false where there is no room for it.
   * @param {string} id
   * @param {File} file
   */
  async putFile(id, file) {
    const estimate = await navigator.storage?.estimate?.().catch(() => null);
    const free = estimate ? (estimate.quota ?? 0) - (estimate.usage ?? 0) : Infinity;
    if (file.size > free / 2) return false;
    return this.put("files", id, file);
  }

  /**
   * @param {string} id
   * @returns {Promise<File | undefined>}
   */
  getFile(id) {
    return this.get("files", id);
  }

  /** @param {string} id */
  async remove(id) {
    await this.delete("items", id);
    await this.removeFile(id);
  }

  /** @param {string} id */
  async removeFile(id) {
    await this.delete("files", id);
    await this.delete("chunks", id);
  }

  /**
   * The sound of a recording that is not acknowledged yet: from which byte on.
   * @param {string} id
   * @returns {Promise<{start: number, blob: Blob} | undefined>}
   */
  getUnsent(id) {
    return this.get("chunks", id);
  }

  /**
   * @param {string} id
   * @param {{start: number, blob: Blob}} unsent
   */
  putUnsent(id, unsent) {
    return this.put("chunks", id, unsent);
  }

  /** @returns {Promise<IDBDatabase | null>} */
  open() {
    this.opening ??= new Promise((resolve) => {
      try {
        const request = indexedDB.open(this.name, 1);
        request.onupgradeneeded = () => {
          for (const store of STORES) request.result.createObjectStore(store);
        };
        request.onsuccess = () => resolve(request.result);
        request.onerror = request.onblocked = () => resolve(null);
      } catch {
        resolve(null);
      }
    });
    return this.opening;
  }

  /** @param {string} store @returns {Promise<any[]>} */
  async all(store) {
    const database = await this.open();
    if (!database) return [...(this.memory.get(store)?.values() ?? [])];
    return answerOf(database.transaction(store).objectStore(store).getAll());
  }

  /** @param {string} store @param {string} key @returns {Promise<any>} */
  async get(store, key) {
    const database = await this.open();
    if (!database) return this.memory.get(store)?.get(key);
    return answerOf(database.transaction(store).objectStore(store).get(key));
  }

  /** @param {string} store @param {string} key @param {any} value */
  async put(store, key, value) {
    const database = await this.open();
    try {
      if (!database) this.memory.get(store)?.set(key, value);
      else
        await answerOf(database.transaction(store, "readwrite").objectStore(store).put(value, key));
      return Boolean(database);
    } catch {
      return false; // no room
    }
  }

  /** @param {string} store @param {string} key */
  async delete(store, key) {
    const database = await this.open();
    if (!database) this.memory.get(store)?.delete(key);
    else await answerOf(database.transaction(store, "readwrite").objectStore(store).delete(key));
  }
}
