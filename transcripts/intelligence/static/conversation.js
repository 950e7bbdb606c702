// A conversation: questions, answers as they are written, and where they come from. For a
// transcript's page and for the library's; what a place in a recording is, the page knows.
import { $, make } from "../../pages/static/dom.js";
import { readEvents } from "../../pages/static/event-stream.js";
import { RequestError, readJson } from "../../pages/static/requests.js";
import { fill, texts } from "../../pages/static/texts.js";
import { within } from "./failures.js";
import { renderMarkdown } from "./markdown.js";
import { bareText, splitClock } from "./quotes.js";

/**
 * @typedef {{
 *   question: string,
 *   answer: string,
 *   found: boolean,
 *   sources: any[],
 *   is_stale?: boolean,
 *   coverage?: {transcripts: number, searched: number, complete: boolean},
 * }} Turn as the API describes it
 *
 * `scope`: what is sent with a question. `makePlaces`: what leads to a source; `describe`: what it
 * is called; `makeClock`: what leads to a time of what is read, where there is but one recording.
 * @typedef {{
 *   call: (path: string, options?: any) => Promise<Response>,
 *   lang: string,
 *   scope?: () => Record<string, unknown>,
 *   makePlaces: (source: any) => Node[],
 *   describe: (source: any) => string,
 *   makeClock?: (seconds: number) => Node,
 *   onChange?: () => unknown,
 * }} Page
 */

let sessionId = ""; // of the conversation that is shown
/** @type {AbortController | null} */
let asking = null;
/** @type {Page} */
let page;

export const currentSession = () => sessionId;

/** @param {Page} shown */
export function startConversation(shown) {
  page = shown;
  $("ask").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    ask($("question").value.trim());
  });
  $("stop-asking").addEventListener("click", () => asking?.abort());
  $("delete-asked").addEventListener("click", async () => {
    if (confirm(texts.delete_chat)) await deleteConversation(sessionId);
  });
}

/** Show a stored conversation. Throws RequestError. @param {string} id */
export async function openConversation(id) {
  const { turns } = await readJson(await page.call(`chat/${id}/`));
  sessionId = id;
  $("asked").replaceChildren(...turns.map(renderTurn));
  $("delete-asked").hidden = false;
}

/** Begin another conversation: what was asked stays stored. */
export function leaveConversation() {
  asking?.abort();
  sessionId = "";
  $("asked").replaceChildren();
  showAsking(false);
  $("question").focus();
}

/** @param {string} id */
export async function deleteConversation(id) {
  await within($("ask-problem"), async () => {
    await page.call(`chat/${id}/`, { method: "DELETE" });
    if (id === sessionId) leaveConversation();
    $("ask-progress").textContent = texts.made_deleted;
    page.onChange?.();
  });
}

/** @param {string} question */
async function ask(question) {
  if (!question || asking) return;
  asking = new AbortController();
  const { signal } = asking;
  const shown = make("li", {}, make("p", { className: "question", dir: "auto" }, question));
  const draft = make("p", { dir: "auto", lang: page.lang });
  shown.append(draft);
  $("asked").append(shown);
  showAsking(true);
  let outcome = "";
  const isAnswered = await within($("ask-problem"), async () => {
    try {
      const turn = await readAnswer(question, draft, signal);
      shown.replaceWith(renderTurn({ ...turn, question }));
      outcome = turn.found ? texts.answered : texts.not_here;
    } catch (problem) {
      if (!signal.aborted) throw problem;
      outcome = texts.stopped;
    }
  });
  const isShown = isAnswered && !signal.aborted;
  if (isShown) $("question").value = "";
  else shown.remove();
  asking = null;
  showAsking(false, outcome);
  if (isShown) page.onChange?.();
}

/**
 * Ask, and write what comes into `draft`; return the whole answer.
 * @param {string} question
 * @param {HTMLElement} draft
 * @param {AbortSignal} signal
 * @returns {Promise<Turn>}
 */
async function readAnswer(question, draft, signal) {
  const data = { ...page.scope?.(), question };
  if (sessionId) Object.assign(data, { session_id: sessionId });
  const headers = { Accept: "text/event-stream" };
  const stream = await page.call("chat/", { method: "POST", headers, data, signal });
  for await (const event of readEvents(stream)) {
    if (event.name === "delta") draft.append(event.data.text);
    if (event.name === "error") throw new RequestError(event.data.error, { code: event.data.code });
    if (event.name === "done") {
      sessionId = event.data.session_id;
      return event.data;
    }
  }
  throw new RequestError(texts.no_connection); // it ended before the answer did
}

/**
 * @param {boolean} isAsking
 * @param {string} [outcome]
 */
function showAsking(isAsking, outcome = "") {
  $("ask").querySelector("[type=submit]").disabled = isAsking;
  $("stop-asking").hidden = !isAsking;
  $("delete-asked").hidden = isAsking || !sessionId;
  $("ask-progress").textContent = isAsking ? texts.asking : outcome;
}

/** @param {Turn} turn */
function renderTurn({ question, answer, found, sources, is_stale: isStale, coverage }) {
  const shown = make("li", {}, make("p", { className: "question", dir: "auto" }, question));
  const className = found ? "written" : "written absent";
  const written = make("div", { className, lang: page.lang, dir: "auto" });
  written.append(renderMarkdown(answer));
  const others = linkQuotes(written, sources);
  shown.append(written);
  if (isStale) shown.append(make("p", { className: "hint", textContent: texts.stale_answer }));
  if (coverage && !coverage.complete)
    shown.append(make("p", { className: "hint", textContent: fill(texts.searched, coverage) }));
  if (found && others.length) shown.append(...renderSources(others, answer));
  return shown;
}

/**
 * Make the times of quoted lines lead to them; return the sources that the answer doesn't quote.
 * @param {HTMLElement} written
 * @param {any[]} sources
 */
function linkQuotes(written, sources) {
  const quoted = new Set();
  for (const line of /** @type {NodeListOf<HTMLElement>} */ (
    written.querySelectorAll("blockquote p")
  )) {
    const clock = splitClock(line.textContent ?? "");
    if (!clock) continue;
    const source = sources.find((each) => !quoted.has(each) && clock.rest.endsWith(bareText(each)));
    const places = source ? page.makePlaces(source) : [];
    if (!places.length && page.makeClock) places.push(page.makeClock(clock.seconds));
    if (places.length) line.replaceChildren(...places, " ", clock.rest);
    if (source) quoted.add(source);
  }
  return sources.filter((each) => !quoted.has(each));
}

/**
 * @param {any[]} sources
 * @param {string} answer its marks, such as [17], stand before the sources that they mean
 */
function renderSources(sources, answer) {
  const rows = sources.map((source) => {
    const mark = `[${source.number ?? source.segment_order}]`;
    const said = [answer.includes(mark) ? mark : "", page.describe(source)].join(" ");
    return make("li", { dir: "auto" }, ...page.makePlaces(source), " ", said.trim());
  });
  return [
    make("h3", { textContent: texts.sources }),
    make("ul", { className: "sources", lang: page.lang }, ...rows),
  ];
}
