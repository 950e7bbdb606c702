// Edits that the server doesn't have yet, and what is being typed: kept in this browser, so that neither
// a reload nor a lost connection nor a crash drops them. Each window has its own; a window takes over
// what a closed one left.

/** @typedef {import("../../pages/static/types.js").Change} Change */
/** @typedef {{line: string, text: string, base: number}} Draft */
/** @typedef {{changes: Change[], drafts: Draft[]}} Kept */

export class Store {
  /**
   * @param {Storage} storage
   * @param {string} owner whose edits, of which transcript
   */
  constructor(storage, owner) {
    this.storage = storage;
    this.prefix = `edits:${owner}:`;
    this.key = this.prefix + Math.random().toString(36).slice(2);
    /** @type {Kept} */
    this.kept = { changes: [], drafts: [] };
    this.isBroken = false;
  }

  /**
   * Take over what closed windows left. Where a browser can't tell which are closed, all of it.
   * @param {{query: () => Promise<{held?: {name?: string}[]}>, request: Function} | undefined} locks
   * @returns {Promise<Kept>}
   */
  async adopt(locks) {
    const open = new Set();
    if (locks) {
      for (const { name } of (await locks.query()).held ?? []) open.add(name);
      locks.request(this.key, () => new Promise(() => {})); // for as long as the window is there
    }
    const keys = Array.from({ length: this.storage.length }, (_, at) => this.storage.key(at));
    for (const key of keys) {
      if (!key?.startsWith(this.prefix) || key === this.key || open.has(key)) continue;
      try {
        const left = JSON.parse(this.storage.getItem(key) ?? "{}");
        this.kept.changes.push(...(left.changes ?? []));
        this.kept.drafts.push(...(left.drafts ?? []));
      } catch {
        // not ours
      }
      this.storage.removeItem(key);
    }
    this.write();
    return this.kept;
  }

  /** @param {Change[]} changes */
  keepChanges(changes) {
    this.kept.changes = changes;
    this.write();
  }

  /** @param {Draft} draft */
  keepDraft(draft) {
    this.kept.drafts = [...this.kept.drafts.filter(({ line }) => line !== draft.line), draft];
    this.write();
  }

  /** @param {string} line */
  dropDraft(line) {
    if (!this.kept.drafts.some((draft) => draft.line === line)) return;
    this.kept.drafts = this.kept.drafts.filter((draft) => draft.line !== line);
    this.write();
  }

  write() {
    const isEmpty = !this.kept.changes.length && !this.kept.drafts.length;
    try {
      if (isEmpty) this.storage.removeItem(this.key);
      else this.storage.setItem(this.key, JSON.stringify(this.kept));
    } catch {
      this.isBroken = true; // full, or forbidden: the page asks before it is left
    }
  }
}
