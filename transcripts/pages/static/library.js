// The list of transcripts works without this; it counts what is selected, and imports files, each by
// POST /api/v1/transcripts/import/, as a program would.
import { $, make, makeButton } from "./dom.js";
import { nameLanguages } from "./languages.js";
import { fetchTicket } from "./requests.js";
import { fill, texts } from "./texts.js";
import { upload } from "./upload.js";

// ---- selecting

const boxes = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[name=ids]")]);
const all = $("select-all")?.querySelector("input");

function showSelected() {
  const count = boxes.filter((box) => box.checked).length;
  const button = $("export-selected");
  button.disabled = !count;
  button.textContent = count ? fill(texts.selected, { count }) : texts.none_selected;
  all.checked = count === boxes.length;
  all.indeterminate = count > 0 && count < boxes.length;
}

if (boxes.length) {
  $("select-all").hidden = false;
  all.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    showSelected();
  });
  for (const box of boxes)
    box.addEventListener("change", () => {
      if (box.checked) $("export").parentElement.open = true;
      showSelected();
    });
  addEventListener("pageshow", showSelected);
}

// ---- importing: one file after the other, each with a line of its own about how it went

const form = $("import-form");
const files = $("import-files");
const submit = form.querySelector("[type=submit]");
$("import").hidden = false;
nameLanguages($("import-language"));

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
