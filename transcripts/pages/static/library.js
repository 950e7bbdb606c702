// The list of transcripts works without this. It follows what changes, deletes and tags what is
// selected, and imports files: each by the API, as a program would.
import { $, announce, hideError, make, makeButton, showError } from "./dom.js";
import { formatClock } from "./format.js";
import { nameLanguage, nameLanguages } from "./languages.js";
import { callTranscript, fetchTicket, readJson, request } from "./requests.js";
import { fill, texts } from "./texts.js";
import { upload } from "./upload.js";
import { followAccount } from "../../uploads/static/account-events.js";

// ---- selecting, and what is done to the selected

/** @returns {HTMLInputElement[]} */
const listBoxes = () =>
  [...document.querySelectorAll("[name=ids]")].map((box) => /** @type {HTMLInputElement} */ (box));
const listSelected = () => listBoxes().filter((box) => box.checked);

function showSelected() {
  const boxes = listBoxes();
  const count = listSelected().length;
  const button = $("export-selected");
  if (!button) return;
  $("select-all").hidden = false;
  button.textContent = count ? fill(texts.selected, { count }) : texts.none_selected;
  for (const id of ["export", "tag", "repeat", "delete"]) $(`${id}-selected`).hidden = !count;
  const all = $("select-all").querySelector("input");
  all.checked = count === boxes.length;
  all.indeterminate = count > 0 && count < boxes.length;
}

// Of the whole document: the list is made again as its transcripts go on.
document.addEventListener("change", (event) => {
  const box = /** @type {HTMLInputElement} */ (event.target);
  if (box.closest("#select-all")) for (const each of listBoxes()) each.checked = box.checked;
  else if (box.name !== "ids") return;
  showSelected();
});
document.addEventListener("click", (event) => {
  const { id } = /** @type {HTMLElement} */ (event.target);
  if (id === "delete-selected") deleteSelected();
  if (id === "tag-selected") tagSelected();
  if (id === "repeat-selected") repeatSelected();
});
addEventListener("pageshow", showSelected);

async function deleteSelected() {
  const ids = listSelected().map(({ value }) => value);
  const question = ids.length > 1 ? texts.delete_many : texts.delete_one;
  if (!confirm(fill(question, { count: ids.length }))) return;
  await changeAll(ids, texts.deleted, (id) => callTranscript({ id }, "", { method: "DELETE" }));
}

/** Transcribe them again as before, with what is there now; what can't be is reported with its reason. */
async function repeatSelected() {
  const ids = listSelected().map(({ value }) => value);
  if (!confirm(fill(texts.repeat_asked, { count: ids.length }))) return;
  const headers = { "Content-Type": "application/json" };
  const options = { method: "POST", headers, body: "{}" };
  await changeAll(ids, texts.repeated, (id) => callTranscript({ id }, "jobs/", options));
}

async function tagSelected() {
  const name = prompt(texts.tag_asked)?.trim();
  if (!name) return;
  const ids = listSelected().map(({ value }) => value);
  await changeAll(ids, texts.tagged, async (id) => {
    const { tags } = await readJson(await callTranscript({ id }, ""));
    if (tags.includes(name)) return;
    const headers = { "Content-Type": "application/json" };
    const body = JSON.stringify({ tags: [...tags, name] });
    await callTranscript({ id }, "", { method: "PATCH", headers, body });
  });
}

/**
 * Change one after another; what can't be changed is counted, and the first reason shown.
 * @param {string[]} ids
 * @param {string} done
 * @param {(id: string) => Promise<unknown>} act
 */
async function changeAll(ids, done, act) {
  hideError();
  const problems = [];
  for (const id of ids)
    try {
      await act(id);
    } catch (problem) {
      problems.push(problem instanceof Error ? problem.message : String(problem));
    }
  await refreshList();
  announce(fill(done, { count: ids.length - problems.length }));
  if (problems.length)
    showError(fill(texts.not_all, { count: problems.length, problem: problems[0] }));
}

// ---- following: states and bars as they change, new rows as they come

let refreshTimer = 0;

followAccount($("queue").dataset.since, {
  onEvent: (event) => {
    const row = document.querySelector(`[data-id="${event.id}"]`);
    if (!(row instanceof HTMLElement) || row.dataset.status !== event.status) return orderRefresh();
    const bar = row.querySelector("progress");
    if (!bar || !event.total_s || event.status !== "processing") return;
    bar.value = Math.min(1, (event.done_s ?? 0) / event.total_s);
    const status = row.querySelector(".row-status");
    const times = { done: formatClock(event.done_s ?? 0), total: formatClock(event.total_s) };
    if (status) status.textContent = `${texts.status.processing} · ${fill(texts.of, times)}`;
  },
  onLine: (isUp) => ($("list-lost").hidden = isUp),
});

/** Several that change together are fetched together. */
function orderRefresh() {
  clearTimeout(refreshTimer);
  refreshTimer = Number(setTimeout(() => refreshList().catch(() => {}), 300)); // the next event tries again
}

/** Show the list as it is now; what is selected stays selected. */
async function refreshList() {
  const page = await (await request(location.href)).text();
  const fresh = new DOMParser().parseFromString(page, "text/html").getElementById("list");
  if (!fresh) return;
  const selected = new Set(listSelected().map(({ value }) => value));
  for (const box of fresh.querySelectorAll("[name=ids]"))
    box.toggleAttribute("checked", selected.has(/** @type {HTMLInputElement} */ (box).value));
  $("list").replaceChildren(...fresh.childNodes);
  nameListed();
  showSelected();
}

// ---- importing: one file after the other, each with a line of its own about how it went

const form = $("import-form");
const files = $("import-files");
const submit = form.querySelector("[type=submit]");
$("show-import").hidden = false;
$("show-import").addEventListener("click", () => {
  form.hidden = !form.hidden;
  $("show-import").setAttribute("aria-expanded", String(!form.hidden));
  if (!form.hidden) files.focus();
});
nameLanguages($("import-language"));
nameListed();

/** Languages of the rows: the server writes their codes. */
function nameListed() {
  for (const each of $("list").querySelectorAll("[data-language]"))
    each.textContent = nameLanguage(each.textContent);
}

form.addEventListener("submit", async (/** @type {Event} */ event) => {
  event.preventDefault();
  if (!files.files.length) return files.focus();
  $("imported").replaceChildren();
  submit.disabled = true;
  const chosen = [...files.files];
  const results = [];
  for (const file of chosen) results.push(await importFile(file, addRow()));
  submit.disabled = false;
  const done = results.filter(Boolean);
  if (done.length === chosen.length) files.value = "";
  const [first] = done;
  if (chosen.length === 1 && first && !first.warnings.length)
    location.assign(`/transcripts/${first.id}/`);
});

/** @returns {HTMLLIElement} */
const addRow = () => $("imported").appendChild(make("li"));

/**
 * Return the new transcript; null where it was refused: its row says why, and can try again.
 * @param {File} file
 * @param {HTMLLIElement} row
 */
async function importFile(file, row) {
  const { name } = file;
  row.className = "";
  try {
    const transcript = await send(file, (part) => showPart(row, { name, part }));
    const link = make("a", { href: `/transcripts/${transcript.id}/`, textContent: texts.open });
    row.replaceChildren(`${fill(texts.imported, { name })} `, link);
    for (const { message } of transcript.warnings)
      // what of the file was left out, or guessed
      row.append(make("p", { className: "hint", textContent: message }));
    return transcript;
  } catch (problem) {
    const message = problem instanceof Error ? problem.message : String(problem);
    row.className = "error";
    const again = makeButton(texts.try_again, () => importFile(file, row));
    row.replaceChildren(`${fill(texts.refused, { name, problem: message })} `, again);
    return null;
  }
}

/**
 * @param {HTMLLIElement} row
 * @param {{name: string, part: number}} progress
 */
function showPart(row, { name, part }) {
  const text = fill(part < 1 ? texts.sending : texts.reading, { name });
  let bar = row.querySelector("progress");
  if (!bar || row.firstChild?.textContent !== text) {
    // only then: each change is read out
    bar = make("progress", { ariaLabel: name });
    row.replaceChildren(text, bar);
  }
  if (part < 1) bar.value = part;
}

/**
 * @param {File} file
 * @param {(part: number) => void} onPart
 */
async function send(file, onPart) {
  onPart(0);
  const bearer = await fetchTicket(form.dataset.ticket);
  const body = new FormData();
  const language = $("import-language").value;
  if (language !== "auto") body.append("language", language);
  body.append("file", file);
  const onProgress = (/** @type {number} */ loaded, /** @type {number} */ total) =>
    onPart(loaded / total);
  return upload("/api/v1/transcripts/import/", body, { bearer, onProgress });
}
