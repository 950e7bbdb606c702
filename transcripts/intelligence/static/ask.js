// Questions about all of one's transcripts, or some; earlier conversations, to read or to delete.
import { $, make, makeButton } from "../../pages/static/dom.js";
import { formatClock, formatDateTime } from "../../pages/static/format.js";
import { csrfHeader, readJson, request } from "../../pages/static/requests.js";
import { fill, texts } from "../../pages/static/texts.js";
import {
  currentSession,
  deleteConversation,
  leaveConversation,
  openConversation,
  startConversation,
} from "./conversation.js";
import { within } from "./failures.js";

const MOST_LISTED = 20;

/**
 * @param {string} path
 * @param {{data?: unknown} & import("../../pages/static/requests.js").RequestOptions} [options]
 */
function call(path, { data, ...options } = {}) {
  const headers = { ...options.headers, ...csrfHeader() };
  if (data === undefined) return request(`/api/v1/${path}`, { ...options, headers });
  const body = JSON.stringify(data);
  const json = { ...headers, "Content-Type": "application/json" };
  return request(`/api/v1/${path}`, { ...options, headers: json, body });
}

/** What was chosen of the library; nothing: all of it. */
function readScope() {
  const chosen = {
    tag: $("scope-tag").value,
    speaker: $("scope-speaker").value,
    created_after: $("scope-from").value,
    created_before: dayAfter($("scope-to").value),
  };
  return Object.fromEntries(Object.entries(chosen).filter(([, value]) => value));
}

/** The last day counts, too: the API's end doesn't. @param {string} day */
function dayAfter(day) {
  if (!day) return "";
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

/** A link to the line of its transcript, which plays from there. @param {any} source */
function makePlaces({ transcript, segment, start, title }) {
  const time = formatClock(start);
  const query = segment ? `?segment=${segment}&at=${start}#s-${segment}` : "";
  const link = make("a", {
    className: "time",
    href: `/transcripts/${transcript}/${query}`,
    textContent: segment ? time : texts.open,
  });
  const name = title || texts.untitled;
  link.setAttribute("aria-label", segment ? fill(texts.open_at, { title: name, time }) : name);
  return [link];
}

/** @param {any} source */
function describe({ title, speaker, text }) {
  const said = speaker ? `${speaker}: ${text}` : text;
  return [title || texts.untitled, said].filter(Boolean).join(" · ");
}

/** @param {{id: string, title: string, updated_at: string}} chat */
function renderChat({ id, title, updated_at: updatedAt }) {
  const opening = makeButton(title, () =>
    within($("ask-problem"), async () => {
      await openConversation(id);
      $("leave-asked").hidden = false;
      $("library").scrollIntoView();
    }),
  );
  opening.className = "link";
  const deleting = makeButton(texts.delete, async () => {
    if (confirm(texts.delete_chat)) await deleteConversation(id);
  });
  deleting.classList.add("danger");
  deleting.setAttribute("aria-label", fill(texts.delete_named, { name: title }));
  const when = make("small", { textContent: formatDateTime(updatedAt) });
  return make("li", {}, make("span", { dir: "auto" }, opening, " ", when), deleting);
}

async function listChats() {
  await within($("ask-problem"), async () => {
    const { results } = await readJson(await call(`chat/?page_size=${MOST_LISTED}`));
    $("chats").replaceChildren(...results.map(renderChat));
    $("earlier").hidden = !results.length;
    $("leave-asked").hidden = !currentSession();
  });
}

if ($("ask")) {
  startConversation({
    call,
    lang: "",
    scope: readScope,
    makePlaces,
    describe,
    onChange: listChats,
  });
  $("leave-asked").addEventListener("click", () => {
    leaveConversation();
    $("leave-asked").hidden = true;
  });
  $("ask-scope").addEventListener("reset", () => $("question").focus());
  $("ask").hidden = false;
  listChats();
}
