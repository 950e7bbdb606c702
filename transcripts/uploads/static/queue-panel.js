// The queue as a panel at the foot of every page: a line an item, with its bar and what can be done.
import { make, makeButton } from "../../pages/static/dom.js";
import { formatBytes, formatClock } from "../../pages/static/format.js";
import { fill, queueTexts as texts } from "../../pages/static/texts.js";
import { isActive, partOf, sumUp } from "./queue-items.js";

/** @typedef {import("./queue-items.js").Item} Item */
/**
 * @typedef {{
 *   cancel: (id: string) => unknown,
 *   retry: (id: string) => unknown,
 *   clear: () => unknown,
 *   choose: (files: File[]) => unknown,
 * }} Actions
 */

const FOLDED_KEY = "stt-queue-folded";

export class QueuePanel {
  /**
   * @param {HTMLElement} root
   * @param {Actions} actions
   */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    /** @type {Map<string, HTMLLIElement>} */
    this.rows = new Map();
    this.list = /** @type {HTMLElement} */ (root.querySelector("ul"));
    this.summary = /** @type {HTMLElement} */ (root.querySelector(".queue-summary"));
    this.status = /** @type {HTMLElement} */ (root.querySelector("[role=status]"));
    this.line = /** @type {HTMLElement} */ (root.querySelector(".queue-lost"));
    this.fold = /** @type {HTMLButtonElement} */ (root.querySelector(".queue-fold"));
    this.bell = /** @type {HTMLButtonElement} */ (root.querySelector(".queue-bell"));
    this.picker = /** @type {HTMLInputElement} */ (root.querySelector("input[type=file]"));
    this.fold.addEventListener("click", () => this.setFolded(!this.isFolded));
    root.querySelector(".queue-clear")?.addEventListener("click", () => actions.clear());
    this.picker.addEventListener("change", () => {
      actions.choose([...(this.picker.files ?? [])]);
      this.picker.value = "";
    });
    this.bell.hidden = !("Notification" in window) || Notification.permission !== "default";
    this.bell.addEventListener("click", async () => {
      await Notification.requestPermission();
      this.bell.hidden = true;
    });
    this.setFolded(sessionStorage.getItem(FOLDED_KEY) === "yes");
  }

  get isFolded() {
    return this.root.classList.contains("folded");
  }

  /** @param {boolean} isFolded */
  setFolded(isFolded) {
    this.root.classList.toggle("folded", isFolded);
    this.fold.setAttribute("aria-expanded", String(!isFolded));
    sessionStorage.setItem(FOLDED_KEY, isFolded ? "yes" : "no");
  }

  open() {
    this.setFolded(false);
  }

  askForFile() {
    this.picker.click();
  }

  /** @param {string} message */
  say(message) {
    this.status.textContent = message;
  }

  /** @param {boolean} isUp */
  showLine(isUp) {
    this.line.hidden = isUp;
  }

  /** @param {Item[]} items */
  show(items) {
    this.root.hidden = !items.length;
    document.body.classList.toggle("has-queue", Boolean(items.length));
    const known = new Set(items.map(({ id }) => id));
    for (const [id, row] of this.rows)
      if (!known.has(id)) {
        row.remove();
        this.rows.delete(id);
      }
    for (const item of items) this.showItem(item);
    const { active, done, failed } = sumUp(items);
    const parts = [];
    if (active) parts.push(fill(texts.active, { count: active }));
    if (done) parts.push(fill(texts.done_count, { count: done }));
    if (failed) parts.push(fill(texts.failed_count, { count: failed }));
    this.summary.textContent = parts.join(" · ");
  }

  /** @param {Item} item */
  showItem(item) {
    let row = this.rows.get(item.id);
    if (!row) {
      row = make("li", { className: "queue-item" });
      this.rows.set(item.id, row);
      this.list.append(row);
    }
    // Buttons stay while only the bar moves: a press isn't lost, nor the focus.
    const shape = [item.state, item.code, item.problem, item.transcriptId].join("|");
    if (row.dataset.shape !== shape) {
      row.dataset.shape = shape;
      row.dataset.state = item.state;
      row.replaceChildren(...this.build(item));
    }
    const detail = row.querySelector(".queue-detail");
    if (detail) detail.textContent = describe(item);
    const bar = row.querySelector("progress");
    const part = partOf(item);
    if (bar && part !== null) bar.value = part;
  }

  /** @param {Item} item @returns {Node[]} */
  build(item) {
    const { id, name, state, transcriptId } = item;
    const address = `${this.root.dataset.transcripts}${transcriptId}/`;
    const shown = transcriptId
      ? make("a", { href: address, textContent: name, dir: "auto" })
      : make("span", { textContent: name, dir: "auto" });
    shown.classList.add("queue-name");
    const nodes = [shown, make("span", { className: "queue-detail" })];
    if (["uploading", "paused", "sent", "working"].includes(state))
      nodes.push(make("progress", { max: 1, ariaLabel: name }));
    const buttons = make("span", { className: "queue-buttons" });
    if (state === "paused")
      buttons.append(this.button(texts.choose_file, name, () => this.askForFile()));
    if (state === "failed" && canRetry(item))
      buttons.append(this.button(texts.retry, name, () => this.actions.retry(id)));
    if (item.code === "no_minutes" || item.code === "no_credits")
      buttons.append(
        make("a", {
          href: "/account/billing/",
          className: "button",
          textContent: texts.get_minutes,
        }),
      );
    const isOver = ["sent", "working", "done", "failed"].includes(state);
    buttons.append(
      this.button(isOver ? texts.dismiss : texts.cancel, name, () => this.actions.cancel(id)),
    );
    return [...nodes, buttons];
  }

  /**
   * @param {string} label
   * @param {string} name
   * @param {() => unknown} act
   */
  button(label, name, act) {
    const button = makeButton(label, act);
    button.ariaLabel = `${label}: ${name}`;
    return button;
  }

  /** @param {Item} item */
  notify(item) {
    const message = item.state === "done" ? texts.ready : texts.not_ready;
    this.say(`${item.name}: ${message}`);
    if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted")
      return;
    const shown = new Notification(message, { body: item.name, tag: item.id });
    shown.onclick = () => {
      window.focus();
      location.assign(`${this.root.dataset.transcripts}${item.transcriptId}/`);
    };
  }
}

/** @param {Item} item */
const canRetry = ({ code, transcriptId }) =>
  !transcriptId && !["empty", "foreign", "too_large", "not_audio"].includes(code);

/** @param {Item} item */
function describe(item) {
  const { state, sent, size, doneS, totalS, problem, isWarned } = item;
  if (state === "uploading" && size)
    return fill(texts.sending, { sent: formatBytes(sent), size: formatBytes(size) });
  if (state === "working" && totalS)
    return fill(texts.working_of, { done: formatClock(doneS), total: formatClock(totalS) });
  if (state === "failed") return problem || texts.failed;
  if (state === "done" && isWarned) return texts.done_warned;
  return texts[state] ?? "";
}

export { isActive };
