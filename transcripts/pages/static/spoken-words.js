// The words of the lines with their times, read by the hundred as they are needed.
import { hideError, showError } from "./dom.js";
import { RequestError, requestJson } from "./requests.js";
import { idOf, lines, list } from "./segments.js";

/** @typedef {import("./types.js").Word} Word */

const PAGE = 100; // segments whose words are read at once
const RETRY_MS = 5000; // playing asks once a frame

export class SpokenWords {
  /** @type {Map<string, Word[]>} */
  known = new Map(); // segment id → its words, as the API gives them
  /** @type {Map<number, Promise<void>>} */
  #pages = new Map(); // page → the promise of it
  /** @type {Map<number, number>} */
  #failedAt = new Map(); // page → when it could not be read
  #isFailureShown = false;

  /**
   * @param {(page: number) => string} addressOf of a page, from 0: PAGE segments of the transcript
   * @param {(ids: string[]) => void} [onRead] called with the segments whose words were read
   */
  constructor(addressOf, onRead = () => {}) {
    this.addressOf = addressOf;
    this.onRead = onRead;
  }

  /**
   * Return the words of a segment; reads the page that it is on. Where that fails, the failure is
   * shown, no words are returned, and a call after RETRY_MS tries again.
   * @param {HTMLElement} item
   * @returns {Promise<Word[]>}
   */
  async of(item) {
    const index = [...lines].indexOf(item);
    const before = Number(list.dataset.first ?? 0); // of a long text, the page shows a part
    const page = index < 0 ? -1 : Math.floor((before + index) / PAGE);
    if (!this.known.has(idOf(item)) && page >= 0 && this.#isDue(page)) {
      if (!this.#pages.has(page)) this.#pages.set(page, this.#read(page));
      await this.#pages.get(page);
    }
    return this.known.get(idOf(item)) ?? [];
  }

  /** Discard what was read of pages: segments have moved. */
  discardPages() {
    this.#pages.clear();
    this.#failedAt.clear();
  }

  /** What `startFollowing` lights. */
  get source() {
    return {
      wordsOf: (/** @type {HTMLElement} */ item) => this.known.get(idOf(item)),
      load: (/** @type {HTMLElement} */ item) => {
        if (!this.known.has(idOf(item))) this.of(item);
      },
    };
  }

  /** @param {number} page */
  #isDue(page) {
    return Date.now() - (this.#failedAt.get(page) ?? -Infinity) >= RETRY_MS;
  }

  /** @param {number} page */
  async #read(page) {
    try {
      const { results } = await requestJson(this.addressOf(page));
      const read = results.filter((/** @type {{id: string}} */ { id }) => !this.known.has(id));
      for (const segment of read) this.known.set(segment.id, segment.words);
      this.#failedAt.delete(page);
      if (this.#isFailureShown) hideError();
      this.#isFailureShown = false;
      this.onRead(read.map((/** @type {{id: string}} */ { id }) => id));
    } catch (problem) {
      if (!(problem instanceof RequestError)) throw problem;
      this.#pages.delete(page);
      this.#failedAt.set(page, Date.now());
      if (!this.#isFailureShown) showError(problem.message, { canReload: problem.status === 401 });
      this.#isFailureShown = true;
    }
  }
}
