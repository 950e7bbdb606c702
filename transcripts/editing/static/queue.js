// Edits on their way: shown at once, sent one after the other in the background, tried again until
// the server has them. Nothing of a page here, so that it can be tested by itself.
import { RequestError, pause } from "../../pages/static/requests.js";

/** @typedef {import("../../pages/static/types.js").Change} Change */
/** @typedef {"saved" | "saving" | "offline" | "logged_out"} State */

const WAITS_MS = [1000, 2000, 5000, 10_000, 30_000];
const LOGGED_OUT = [401, 403];

export class EditQueue {
  /**
   * @param {{
   *   send: (change: Change) => Promise<any>,
   *   onAnswer: (change: Change, answer: any) => void,
   *   onRefused: (change: Change, problem: RequestError) => Promise<"done" | "again">,
   *   onState: (state: State, count: number) => void,
   *   keep: (changes: Change[]) => void,
   *   waitsMs?: number[],
   * }} options
   */
  constructor(options) {
    this.options = options;
    /** @type {Change[]} */
    this.changes = [];
    /** @type {State} */
    this.state = "saved";
    this.isSending = false;
    this.wake = () => {};
    /** @type {(() => void)[]} */
    this.idle = [];
  }

  /**
   * Add an edit. A text of the same line that isn't under way yet is replaced by the newer one.
   * @param {Change} change
   */
  add(change) {
    const last = this.changes.at(-1);
    const isUnderWay = this.isSending && this.changes.length === 1;
    if (last && !isUnderWay && last.kind === "text" && change.kind === "text")
      if (last.lines[0] === change.lines[0]) {
        last.body = change.body;
        return this.note();
      }
    this.changes.push(change);
    this.note();
    this.start();
  }

  /** Take the last edit back that the server doesn't have; undefined where there is none. */
  pop() {
    const isUnderWay = this.changes.length === 1 && this.isSending && this.state === "saving";
    if (!this.changes.length || isUnderWay) return undefined;
    const last = this.changes.pop();
    this.note();
    return last;
  }

  /** @param {string} line */
  has(line) {
    return this.changes.some(({ lines }) => lines.includes(line));
  }

  /** Resolves once the server has everything. */
  whenSaved() {
    if (!this.changes.length) return Promise.resolve();
    return new Promise((/** @type {(value?: unknown) => void} */ resolve) =>
      this.idle.push(resolve),
    );
  }

  /** Try again now: the network came back, or someone logged in. */
  retry() {
    this.wake();
    this.start();
  }

  start() {
    if (this.isSending) return;
    this.isSending = true;
    this.run().finally(() => {
      this.isSending = false;
      if (this.changes.length && this.state === "saving") this.start();
    });
  }

  async run() {
    for (let tries = 0; this.changes.length;) {
      const change = /** @type {Change} */ (this.changes[0]);
      if (!tries) this.setState("saving");
      try {
        const answer = await this.options.send(change);
        this.done(change);
        this.options.onAnswer(change, answer);
        tries = 0;
      } catch (problem) {
        if (!(problem instanceof RequestError)) throw problem;
        if (LOGGED_OUT.includes(problem.status)) return this.setState("logged_out");
        if (problem.isPassing) {
          this.setState("offline");
          await this.wait(tries++);
        } else if ((await this.options.onRefused(change, problem)) === "done") {
          this.done(change);
          tries = 0;
        }
      }
    }
    this.setState("saved");
  }

  /** @param {Change} change */
  done(change) {
    this.changes = this.changes.filter((each) => each !== change);
    this.note();
  }

  /**
   * What others made of a line is known up to a revision: later edits of it build on that.
   * @param {string[]} lines
   * @param {number} revision
   */
  rebase(lines, revision) {
    for (const change of this.changes)
      if (change.lines.some((line) => lines.includes(line)))
        change.base = Math.max(change.base, revision);
    this.note();
  }

  /** @param {number} tries */
  async wait(tries) {
    const waits = this.options.waitsMs ?? WAITS_MS;
    const controller = new AbortController();
    this.wake = () => controller.abort();
    await pause(waits[Math.min(tries, waits.length - 1)] ?? 0, controller.signal).catch(() => {});
  }

  note() {
    this.options.keep(this.changes);
    this.options.onState(this.state, this.changes.length);
  }

  /** @param {State} state */
  setState(state) {
    this.state = state;
    this.options.onState(state, this.changes.length);
    if (state !== "saved") return;
    for (const resolve of this.idle.splice(0)) resolve();
  }
}
