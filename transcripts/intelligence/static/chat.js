// Questions about a transcript, on its page.
import { $ } from "../../pages/static/dom.js";
import { list } from "../../pages/static/reader.js";
import { currentSession, openConversation, startConversation } from "./conversation.js";
import { call, callJson, within } from "./panel.js";
import { makePlace } from "./places.js";
import { placesOf } from "./result-sections.js";

export function startAsking() {
  startConversation({
    call,
    lang: list.lang,
    makePlaces: (source) => placesOf(source).map(makePlace),
    makeClock: (seconds) => makePlace({ start: seconds, order: null }),
    describe: ({ speaker, text }) => (speaker ? `${speaker}: ${text}` : text),
  });
}

/** Show the last conversation about this transcript; return whether it could be read. */
export function readConversation() {
  return within($("ask-problem"), async () => {
    const { results } = await callJson("chat/?page_size=1");
    if (results.length && !currentSession()) await openConversation(results[0].id);
  });
}
