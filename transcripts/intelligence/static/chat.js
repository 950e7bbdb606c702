// Questions about a transcript: the last conversation, and answers as they are written.
import { $, make } from "../../pages/static/dom.js";
import { readEvents } from "../../pages/static/event-stream.js";
import { list } from "../../pages/static/reader.js";
import { RequestError } from "../../pages/static/requests.js";
import { texts } from "../../pages/static/texts.js";
import { renderMarkdown } from "./markdown.js";
import { call, callJson, within } from "./panel.js";
import { makePlace } from "./places.js";
import { placesOf } from "./result-sections.js";

/**
 * @typedef {{
 *   question: string,
 *   answer: string,
 *   found: boolean,
 *   sources: any[],
 *   is_stale?: boolean,
 * }} Turn as the API describes it
 */

let sessionId = ""; // of the conversation that is shown
/** @type {AbortController | null} */
let asking = null;

export function startAsking() {
  $("ask").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    ask($("question").value.trim());
  });
  $("stop-asking").addEventListener("click", () => asking?.abort());
  $("delete-asked").addEventListener("click", deleteConversation);
}

/** Show the last conversation about this transcript; return whether it could be read. */
export function readConversation() {
  return within($("ask-problem"), async () => {
    const { results } = await callJson("chat/?page_size=1");
    if (!results.length || sessionId) return;
    const { id, turns } = await callJson(`chat/${results[0].id}/`);
    sessionId = id;
    $("asked").append(...turns.map(renderTurn));
    $("delete-asked").hidden = false;
  });
}

/** @param {string} question */
async function ask(question) {
  if (!question || asking) return;
  asking = new AbortController();
  const { signal } = asking;
  const shown = make("li", {}, make("p", { className: "question", dir: "auto" }, question));
  const draft = make("p", { dir: "auto", lang: list.lang });
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
  if (!isAnswered || signal.aborted) shown.remove();
  else $("question").value = "";
  asking = null;
  showAsking(false, outcome);
}

/**
 * Ask, and write what comes into `draft`; return the whole answer.
 * @param {string} question
 * @param {HTMLElement} draft
 * @param {AbortSignal} signal
 * @returns {Promise<Turn>}
 */
async function readAnswer(question, draft, signal) {
  const data = sessionId ? { question, session_id: sessionId } : { question };
  const headers = { Accept: "text/event-stream" };
  const stream = await call("chat/", { method: "POST", headers, data, signal });
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
function renderTurn({ question, answer, found, sources, is_stale: isStale }) {
  const shown = make("li", {}, make("p", { className: "question", dir: "auto" }, question));
  const className = found ? "written" : "written absent";
  const written = make("div", { className, lang: list.lang, dir: "auto" });
  written.append(renderMarkdown(answer));
  shown.append(written);
  if (isStale) shown.append(make("p", { className: "hint", textContent: texts.stale_answer }));
  if (found && sources.length) shown.append(...renderSources(sources));
  return shown;
}

/** @param {any[]} sources */
function renderSources(sources) {
  const rows = sources.map((source) => {
    const said = source.speaker ? `${source.speaker}: ${source.text}` : source.text;
    return make("li", { dir: "auto" }, ...placesOf(source).map(makePlace), " ", said);
  });
  return [
    make("h3", { textContent: texts.sources }),
    make("ul", { className: "sources", lang: list.lang }, ...rows),
  ];
}

async function deleteConversation() {
  if (!confirm(texts.delete_chat)) return;
  await within($("ask-problem"), async () => {
    await callJson(`chat/${sessionId}/`, { method: "DELETE" });
    sessionId = "";
    $("asked").replaceChildren();
    showAsking(false, texts.made_deleted);
    $("question").focus();
  });
}
