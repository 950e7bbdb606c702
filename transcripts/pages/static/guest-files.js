// The list of a guest's files: of each what became of it, and the next step.
import { make, makeButton } from "./dom.js";
import { formatBytes } from "./format.js";
import { texts } from "./texts.js";
import { findSame, makeId } from "../../uploads/static/queue-items.js";

const STATES = /** @type {const} */ ({
  waiting: "queued",
  paused: "paused",
  working: "processing",
  done: "completed",
  failed: "failed",
  refused: "failed",
  cancelled: "cancelled",
});

/**
 * @typedef {"waiting" | "paused" | "working" | "done" | "failed" | "refused" | "cancelled"} State
 *   paused: its file isn't here any more (the page was loaded again), and is asked for
 * @typedef {{
 *   id: string,
 *   kind: "file",
 *   file: File | null,
 *   name: string,
 *   size: number,
 *   modified: number,
 *   state: State,
 *   problem: string,
 *   uploadUrl: string,
 *   token: string,
 *   options: Record<string, string> | null,
 *   job: {id: string, token: string} | null,
 *   addedAt: number,
 * }} Item `token`: of its upload. `options`: null until it is begun. `job`: as which it was taken
 */

export class GuestFiles {
  /** @type {Item[]} */
  items = [];

  /**
   * @param {HTMLElement} list
   * @param {{
   *   show: (item: Item) => unknown,
   *   retry: (item: Item) => unknown,
   *   changed: (item: Item) => unknown,
   *   dropped: (item: Item) => unknown,
   * }} acts
   */
  constructor(list, acts) {
    this.list = list;
    this.acts = acts;
    this.isRestored = false; // the page can't say of them by itself what they are
  }

  /** Those that wait give way to these; what was begun stays, and goes on with its file. */
  choose(/** @type {File[]} */ chosen) {
    const fresh = chosen.filter((file) => !this.goOnWith(file)).map(makeItem);
    const [begun, dropped] = [/** @type {Item[]} */ ([]), /** @type {Item[]} */ ([])];
    for (const item of this.items) (isBegun(item) ? begun : dropped).push(item);
    this.items = [...begun, ...fresh];
    dropped.forEach(this.acts.dropped);
    this.render();
  }

  /** Whether it is the file that an item waits for. @param {File} file */
  goOnWith(file) {
    const same = findSame(this.items, file);
    if (same) this.change(same, { file, state: "waiting" });
    return Boolean(same);
  }

  /** What was there before the page was loaded again. @param {Item[]} items */
  restore(items) {
    this.isRestored = items.length > 0;
    this.items = [...items, ...this.items];
    this.render();
  }

  waiting() {
    return this.items.filter(({ state }) => state === "waiting");
  }

  /** @param {Item} item @param {Partial<Item>} changes */
  change(item, changes) {
    Object.assign(item, changes);
    this.acts.changed(item);
    this.render();
  }

  /** Of one file the page itself says it all. */
  render() {
    const section = this.list.closest("section");
    if (section) section.hidden = this.items.length < (this.isRestored ? 1 : 2);
    const focused = this.list.contains(document.activeElement)
      ? document.activeElement?.getAttribute("data-of")
      : null;
    this.list.replaceChildren(...this.items.map((item, at) => this.row(item, at)));
    if (focused)
      /** @type {HTMLElement | null} */ (
        this.list.querySelector(`[data-of="${focused}"]`)
      )?.focus();
  }

  /** @param {Item} item @param {number} at */
  row(item, at) {
    const { name, size, state, problem } = item;
    const isBad = state === "failed" || state === "refused";
    const facts = make("p", { className: isBad ? "error" : "hint" });
    facts.textContent = `${formatBytes(size)} · ${problem || texts[STATES[state]]}`;
    const heading = make("strong", { dir: "auto", textContent: name });
    const row = make("li", {}, make("div", {}, heading, facts));
    const act = this.actOf(item);
    if (act) {
      const button = makeButton(act.label, () => act.run(item));
      button.classList.add("small");
      button.setAttribute("data-of", String(at));
      button.setAttribute("aria-label", `${act.label}: ${name}`);
      row.append(button);
    }
    return row;
  }

  /** @param {Item} item */
  actOf({ state, problem, job }) {
    const { show, retry } = this.acts;
    if (state === "done" && job && !problem) return { label: texts.show_transcript, run: show };
    if (["failed", "cancelled"].includes(state)) return { label: texts.try_again, run: retry };
    return null;
  }
}

/** @param {File} file @param {number} at @returns {Item} */
const makeItem = (file, at) => ({
  id: makeId(),
  kind: "file",
  file,
  name: file.name,
  size: file.size,
  modified: file.lastModified,
  state: "waiting",
  problem: "",
  uploadUrl: "",
  token: "",
  options: null,
  job: null,
  addedAt: Date.now() + at, // in the order in which they were chosen
});

/** @param {Item} item */
const isBegun = ({ state, uploadUrl }) =>
  ["working", "done", "paused"].includes(state) || (state === "waiting" && Boolean(uploadUrl));
