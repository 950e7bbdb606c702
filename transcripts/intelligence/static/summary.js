// Summaries, notes and analyses of a transcript: made, shown, copied, edited and deleted.
import { guard, onRevision, textRevision } from "../../editing/static/changes.js";
import { fetchExport, saveFile } from "../../exports/static/exports.js";
import { copyText } from "../../pages/static/clipboard.js";
import { $, announce, make, makeButton } from "../../pages/static/dom.js";
import { formatDateTime, formatDay } from "../../pages/static/format.js";
import { api, list } from "../../pages/static/reader.js";
import { RequestError } from "../../pages/static/requests.js";
import { fill, texts } from "../../pages/static/texts.js";
import { renderMarkdown } from "./markdown.js";
import { callJson, within } from "./panel.js";
import { makePlace } from "./places.js";
import { followTextJobs, readProcessing } from "./text-jobs.js";
import { sectionsOf } from "./result-sections.js";

const MAKE_MS = 330_000; // the server gives up before
const PAGE = 100; // the API's largest
const FOLLOW_AFTER_MS = 1500;
/** The call that makes a kind, and the field that says which. */
const CALLS = /** @type {const} */ ({
  summary: ["summarize/", "style"],
  content: ["generate/", "type"],
  analysis: ["analyze/", "type"],
  template: ["generate/", "template"],
});

/**
 * @typedef {{
 *   id: string,
 *   kind: string,
 *   name: string,
 *   model: string,
 *   revision: number,
 *   is_stale: boolean,
 *   is_edited: boolean,
 *   formats: string[],
 *   text: string,
 *   result: any,
 *   updated_at: string,
 * }} Made as the API describes a result
 */

export function startMaking() {
  $("make").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    makeChosen();
  });
  onRevision(() => {
    for (const note of /** @type {NodeListOf<HTMLElement>} */ (
      document.querySelectorAll("#made .stale")
    ))
      note.hidden = Number(note.dataset.revision) >= textRevision();
  });
}

/** Show what was made before; return whether it could be read. */
export function readMade() {
  return within($("make-problem"), async () => {
    for (let page = 1, isMore = true; isMore; page++) {
      const answer = await callJson(`results/?page=${page}&page_size=${PAGE}`);
      const fresh = answer.results.filter(isOffered).filter(isNotShown);
      $("made").append(...fresh.map(renderMade));
      isMore = Boolean(answer.next);
    }
    await showProcessing();
  });
}

/** What is made of the transcript by itself: its progress, what failed, and then the results. */
async function showProcessing() {
  const job = await readProcessing();
  if (!job) return;
  if (["queued", "processing"].includes(job.status)) {
    const ended = await followTextJobs({ id: job.id, show: showProcessed });
    $("make-progress").textContent = "";
    for (const { result_id: id } of ended?.steps ?? [])
      if (id) showMade(await callJson(`results/${id}/`), { isOpen: false });
    showFailure(ended ?? job);
  } else showFailure(job);
}

/** @param {import("./text-jobs.js").TextJob} job */
function showProcessed({ progress: { done, of } }) {
  $("make-progress").textContent = fill(texts.processing, { done, total: of ?? "?" });
}

/** @param {import("./text-jobs.js").TextJob} job */
function showFailure({ error }) {
  if (!error) return;
  $("make-problem").textContent = fill(texts.processing_failed, { reason: error.message });
  $("make-problem").hidden = false;
}

/** Translations and masked texts are stored, too, and have no place here. @param {Made} made */
const isOffered = ({ kind, name }) =>
  kind === "template" || Boolean(texts.made_names[kind]?.[nameOf(name)]);

/** One that was made while the list was read is shown already. @param {Made} made */
const isNotShown = ({ id }) => !document.querySelector(`.made[data-id="${id}"]`);

async function makeChosen() {
  const [kind, name] = $("make-what").value.split("/");
  const [path, field] = CALLS[/** @type {keyof typeof CALLS} */ (kind)];
  const button = $("make").querySelector("button");
  button.disabled = true;
  $("make-progress").textContent = texts.making;
  let title = "";
  const isMade = await within($("make-problem"), async () => {
    const options = { method: "POST", data: { [field]: name }, timeoutMs: MAKE_MS };
    const id = await makeResult(path, options);
    title = titleOf(showMade(await callJson(`results/${id}/`)));
  });
  button.disabled = false;
  $("make-progress").textContent = isMade ? fill(texts.made, { name: title }) : "";
}

/**
 * Return the id of the result. A long transcript is read by a worker: its progress is shown, and
 * it is waited for beyond one request's time.
 * @param {string} path
 * @param {import("../../pages/static/requests.js").RequestOptions & {data: unknown}} options
 * @returns {Promise<string>}
 */
async function makeResult(path, options) {
  const following = new AbortController();
  const show = (/** @type {import("./text-jobs.js").TextJob} */ { progress: { done, of } }) => {
    if (of) $("make-progress").textContent = fill(texts.making_parts, { done, total: of });
  };
  const stop = startFollowing({ show, signal: following.signal });
  try {
    return (await callJson(path, options)).result_id;
  } catch (problem) {
    if (!(problem instanceof RequestError) || problem.code !== "still_processing") throw problem;
    return (await callJson(path, options)).result_id; // joins the same job
  } finally {
    stop();
    following.abort();
  }
}

/**
 * Follow what a worker does for the request, if it is still under way in a moment.
 * @param {{show: (job: import("./text-jobs.js").TextJob) => void, signal: AbortSignal}} options
 * @returns {() => void} what ends it
 */
function startFollowing(options) {
  const timer = setTimeout(() => followTextJobs(options), FOLLOW_AFTER_MS);
  return () => clearTimeout(timer);
}

/**
 * Put a new result first; it has taken the place of the last of its kind.
 * @param {Made} made
 * @param {{isOpen?: boolean}} [options]
 */
function showMade(made, { isOpen = true } = {}) {
  const key = `${made.kind}/${made.name}`;
  for (const old of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".made")))
    if (old.dataset.key === key && !old.dataset.edited) old.remove();
  const shown = renderMade(made);
  $("made").prepend(shown);
  shown.open = isOpen;
  return made;
}

/** @param {string} name */
const nameOf = (name) => name.replace(/ \(part\)$/, "");

/** @param {Made} made */
function titleOf({ kind, name, result }) {
  if (kind === "template") return texts.built_in_templates[name] ?? result.template.name;
  const title = texts.made_names[kind][nameOf(name)];
  return name.endsWith(" (part)") ? fill(texts.made_part, { name: title }) : title;
}

/**
 * Return the result, closed; what it says is put together when it is opened.
 * @param {Made} made
 */
function renderMade(made) {
  const body = make("div");
  const item = make("details", { className: "made unfold" }, renderSummary(made), body);
  item.dataset.id = made.id;
  item.dataset.key = `${made.kind}/${made.name}`;
  if (made.is_edited) item.dataset.edited = "yes";
  item.addEventListener("toggle", () => {
    if (item.open && !body.hasChildNodes()) showBody(item, body, made);
  });
  return item;
}

/** @param {Made} made */
function renderSummary(made) {
  const facts = [made.model, formatDateTime(made.updated_at)];
  if (made.is_edited) facts.push(texts.edited_by_you);
  else if (made.result.approximate) facts.push(texts.quoted);
  const hint = make("p", { className: "hint", textContent: facts.join(" · ") });
  const heading = make("h3", { textContent: titleOf(made) });
  return make("summary", {}, make("div", {}, heading, hint));
}

/**
 * @param {HTMLDetailsElement} item
 * @param {HTMLElement} body
 * @param {Made} made
 */
function showBody(item, body, made) {
  const stale = make("p", { className: "stale", textContent: texts.stale });
  stale.dataset.revision = String(made.revision);
  stale.hidden = !made.is_stale && made.revision >= textRevision();
  const problem = make("p", { className: "problem", hidden: true });
  problem.setAttribute("role", "alert");
  const written = make("div", { className: "written", lang: list.lang }, renderContent(made));
  const actions = make("div", { className: "actions" });
  actions.append(makeCopyButton(problem, () => made.text || written.innerText));
  if (made.text) actions.append(makeButton(texts.edit, () => edit(item, body, made)));
  actions.append(...makeFileMenu(made, problem));
  const deleting = makeButton(texts.delete, () => remove(item, problem, made));
  deleting.classList.add("danger");
  actions.append(deleting);
  body.replaceChildren(stale, written, problem, actions);
}

/** What a person or a model wrote as Markdown; what is known by its evidence with its times.
 * @param {Made} made */
function renderContent(made) {
  const sections = made.is_edited ? [] : sectionsOf(made);
  const parts = document.createDocumentFragment();
  if (made.name === "sentiment") parts.append(renderOverall(made.result.result.label));
  for (const section of sections.filter(({ items }) => items.length))
    parts.append(...renderSection(section));
  if (parts.hasChildNodes()) return parts;
  return made.text.trim()
    ? renderMarkdown(made.text)
    : make("p", { textContent: texts.nothing_made });
}

/** @param {string} label */
const renderOverall = (label) =>
  make("p", { textContent: fill(texts.overall, { label: texts.sections[label] }) });

/** @param {import("./result-sections.js").Section} section */
function renderSection({ name, title, items }) {
  const rows = make("ul", {}, ...items.map(renderItem));
  if (!name) return [rows];
  return [make("h4", { textContent: title ?? texts.sections[name] ?? name }), rows];
}

/** @param {import("./result-sections.js").Item} item */
function renderItem({ text, places, speaker, owner, due, dueDate, choices, answer }) {
  const row = make("li", { dir: "auto" }, text);
  const notes = [
    speaker,
    owner && fill(texts.owner, { name: owner }),
    due && fill(texts.due, { due: dueDate ? `${due} (${formatDay(dueDate)})` : due }),
  ];
  const known = notes.filter(Boolean).join(" · ");
  if (known) row.append(" ", make("small", { textContent: known }));
  for (const place of places) row.append(" ", makePlace(place));
  if (choices)
    row.append(make("ul", {}, ...choices.map((choice) => make("li", { textContent: choice }))));
  if (answer) row.append(renderAnswer(answer));
  return row;
}

/** @param {import("./result-sections.js").Item} answer */
function renderAnswer({ text, places }) {
  const line = make("p", { dir: "auto", textContent: text });
  for (const place of places) line.append(" ", makePlace(place));
  const summary = make("summary", { textContent: texts.answer });
  return make("details", { className: "unfold" }, summary, line);
}

/**
 * The files that there are of a result, each a download.
 * @param {Made} made
 * @param {HTMLElement} problem
 */
function makeFileMenu(made, problem) {
  const links = made.formats.map((format) => {
    const link = make("a", { href: `${api}results/${made.id}/export/${format}/` });
    link.textContent = format.toUpperCase();
    link.addEventListener("click", (event) => {
      event.preventDefault();
      menu.hidePopover();
      within(problem, async () => {
        saveFile(await fetchExport(link.href), `${titleOf(made)}.${format}`);
      });
    });
    return link;
  });
  const id = `files-of-${made.id}`;
  const menu = make("div", { className: "menu start", id, popover: "auto" }, ...links);
  const button = makeButton(texts.result_files, null);
  button.setAttribute("popovertarget", id);
  return [button, menu];
}

/**
 * @param {HTMLElement} problem
 * @param {() => string} textOf
 */
function makeCopyButton(problem, textOf) {
  const button = makeButton(texts.copy, async () => {
    const isCopied = await copyText(textOf());
    button.textContent = isCopied ? texts.copied : texts.copy;
    problem.hidden = isCopied;
    problem.textContent = isCopied ? "" : texts.not_copied;
    if (isCopied) announce(texts.copied);
  });
  return button;
}

/**
 * @param {HTMLDetailsElement} item
 * @param {HTMLElement} body
 * @param {Made} made
 */
function edit(item, body, made) {
  const area = make("textarea", { value: made.text });
  area.lang = list.lang;
  area.setAttribute("aria-label", texts.text);
  const problem = make("p", { className: "problem", hidden: true });
  problem.setAttribute("role", "alert");
  const release = guard(() => area.isConnected && area.value !== made.text);
  const save = makeButton(texts.save, null, { type: "submit" });
  const cancel = makeButton(texts.cancel, () => {
    release();
    showBody(item, body, made);
  });
  const form = make("form", {}, area, problem, make("div", { className: "actions" }, save, cancel));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    save.disabled = true;
    await within(problem, async () => {
      const options = { method: "PATCH", data: { text: area.value } };
      const saved = renderMade(await callJson(`results/${made.id}/`, options));
      release();
      item.replaceWith(saved);
      saved.open = true;
      saved.querySelector("summary")?.focus();
      announce(texts.saved);
    });
    save.disabled = false;
  });
  body.replaceChildren(form);
  area.focus();
}

/**
 * @param {HTMLDetailsElement} item
 * @param {HTMLElement} problem
 * @param {Made} made
 */
async function remove(item, problem, made) {
  if (!confirm(fill(texts.delete_made, { name: titleOf(made) }))) return;
  await within(problem, async () => {
    await callJson(`results/${made.id}/`, { method: "DELETE" });
    item.remove();
    $("make-progress").textContent = texts.made_deleted;
    $("make-what").focus();
  });
}
