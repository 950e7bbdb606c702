// The list of a guest's files: of each what became of it, and the next step.
import { make, makeButton } from "./dom.js";
import { formatBytes } from "./format.js";
import { texts } from "./texts.js";

const STATES = /** @type {const} */ ({
  waiting: "queued",
  working: "processing",
  done: "completed",
  failed: "failed",
  refused: "failed",
  cancelled: "cancelled",
});

/**
 * @typedef {"waiting" | "working" | "done" | "failed" | "refused" | "cancelled"} State
 * @typedef {{
 *   file: File,
 *   state: State,
 *   problem: string,
 *   job: {id: string, token: string} | null,
 * }} Item `job`: as which it was taken
 */

export class GuestFiles {
  /** @type {Item[]} */
  items = [];

  /**
   * @param {HTMLElement} list
   * @param {{show: (item: Item) => unknown, retry: (item: Item) => unknown}} acts
   */
  constructor(list, acts) {
    this.list = list;
    this.acts = acts;
  }

  /** Those that wait give way to these; what was begun stays. @param {File[]} chosen */
  choose(chosen) {
    const begun = this.items.filter(({ state }) => state === "working" || state === "done");
    const fresh = chosen.map((file) => ({
      file,
      state: /** @type {State} */ ("waiting"),
      problem: "",
      job: null,
    }));
    this.items = [...begun, ...fresh];
    this.render();
  }

  waiting() {
    return this.items.filter(({ state }) => state === "waiting");
  }

  /** @param {Item} item @param {Partial<Item>} changes */
  change(item, changes) {
    Object.assign(item, changes);
    this.render();
  }

  /** Of one file the page itself says it all. */
  render() {
    const section = this.list.closest("section");
    if (section) section.hidden = this.items.length < 2;
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
    const { file, state, problem } = item;
    const isBad = state === "failed" || state === "refused";
    const facts = make("p", { className: isBad ? "error" : "hint" });
    facts.textContent = `${formatBytes(file.size)} · ${problem || texts[STATES[state]]}`;
    const name = make("strong", { dir: "auto", textContent: file.name });
    const row = make("li", {}, make("div", {}, name, facts));
    const act = this.actOf(item);
    if (act) {
      const button = makeButton(act.label, () => act.run(item));
      button.classList.add("small");
      button.setAttribute("data-of", String(at));
      button.setAttribute("aria-label", `${act.label}: ${file.name}`);
      row.append(button);
    }
    return row;
  }

  /** @param {Item} item */
  actOf({ state, job }) {
    const { show, retry } = this.acts;
    if (state === "done" && job) return { label: texts.show_transcript, run: show };
    if (["failed", "refused", "cancelled"].includes(state))
      return { label: texts.try_again, run: retry };
    return null;
  }
}
