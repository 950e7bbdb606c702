// A page without a browser: the document that a script finds, and the network that it calls.
import { JSDOM } from "jsdom";

const GLOBALS = [
  "document",
  "HTMLElement",
  "HTMLAnchorElement",
  "localStorage",
  "navigator",
  "location",
  "FormData",
  "CustomEvent",
  "Event",
];
const TEXTS = {
  no_connection: "No connection.",
  no_answer: "No answer.",
  server_error: "Error {status}.",
  logged_out: "Logged out.",
  try_again: "Try again",
  reload: "Reload",
  cancel: "Cancel",
  export_too_slow: "Too slow.",
  saved: "Saved.",
  changed: "Changed elsewhere.",
  play_from: "Play from {time}",
  go_to: "Go to {time}",
  speaker_actions: "Rename or merge {name}",
  speaker_number: "Speaker {number}",
};

/**
 * Make the page's globals. Import the module under test after it: modules read the page at once.
 * @param {string} [body]
 */
export function openPage(body = "") {
  const common = `<div class="page-error" hidden></div><p class="announcement"></p>
    <input name="csrfmiddlewaretoken" value="csrf-1">
    <script id="texts" type="application/json">${JSON.stringify(TEXTS)}</script>`;
  const { window } = new JSDOM(
    `<!doctype html><html lang="en"><body>${common}${body}</body></html>`,
    {
      url: "http://localhost/page/",
    },
  );
  for (const name of GLOBALS)
    Object.defineProperty(globalThis, name, { value: window[name], configurable: true });
  globalThis.CSS = /** @type {any} */ ({ escape: (/** @type {string} */ text) => text });
  globalThis.addEventListener = window.addEventListener.bind(window);
  globalThis.removeEventListener = window.removeEventListener.bind(window);
  globalThis.getSelection = window.getSelection.bind(window);
  return window;
}

/** @typedef {{address: string, options: RequestInit}} Call */

/**
 * Answer `fetch` by a script, one answer a call, the last one again and again; return the calls.
 * @param {...(Response | Error | ((call: Call) => Response | Promise<Response>))} answers
 */
export function answerFetch(...answers) {
  /** @type {Call[]} */
  const calls = [];
  globalThis.fetch = async (address, options = {}) => {
    const call = { address: String(address), options };
    calls.push(call);
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    if (answer instanceof Error) throw answer;
    if (typeof answer === "function") return answer(call);
    if (!answer) throw new TypeError("Failed to fetch");
    return answer.clone();
  };
  return calls;
}

/**
 * @param {unknown} body
 * @param {ResponseInit} [init]
 */
export const json = (body, init) => Response.json(body, init);

/** What a browser's fetch throws without a network. */
export const offline = new TypeError("Failed to fetch");

/** An answer that never comes: it ends with the request's signal, as fetch does.
 * @param {Call} call
 * @returns {Promise<Response>} */
export const never = ({ options }) =>
  new Promise((_, reject) => {
    const end = () => reject(new DOMException("Aborted", "AbortError"));
    options.signal?.addEventListener("abort", end);
  });

/** The page's error box; "" while it is hidden. */
export function shownError() {
  const box = /** @type {HTMLElement} */ (document.querySelector(".page-error"));
  return box.hidden ? "" : (box.textContent ?? "");
}

/** Let what waits for answers go on. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
