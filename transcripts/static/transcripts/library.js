// The list of transcripts works without this; it counts what is ticked, and imports files, each by
// POST /api/v1/transcripts/import/, as a program would.
import { $, fetchTicket, fill, nameLanguages, texts } from "./page.js";

// ---- ticking

const ticks = [...document.querySelectorAll("[name=ids]")];
const all = $("tick-all")?.querySelector("input");

function showTicked() {
  const count = ticks.filter((tick) => tick.checked).length;
  const button = $("export-ticked");
  button.disabled = !count;
  button.textContent = count ? fill(texts.ticked, { count }) : texts.ticked_none;
  all.checked = count === ticks.length;
  all.indeterminate = count > 0 && count < ticks.length;
}

if (ticks.length) {
  $("tick-all").hidden = false;
  all.addEventListener("change", () => {
    for (const tick of ticks) tick.checked = all.checked;
    showTicked();
  });
  for (const tick of ticks)
    tick.addEventListener("change", () => {
      if (tick.checked) $("export").parentElement.open = true;
      showTicked();
    });
  addEventListener("pageshow", showTicked);
}

// ---- importing: one file after the other, so that each says for itself how it went

const form = $("import-form");
const files = $("import-files");
const submit = form.querySelector("[type=submit]");
$("import").hidden = false;
nameLanguages($("import-language"));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  if (!files.files.length) return files.focus();
  $("imported").replaceChildren();
  submit.disabled = true;
  const chosen = [...files.files];
  let done = [];
  for (const file of chosen) done.push(await importFile(file));
  submit.disabled = false;
  done = done.filter(Boolean);
  const isWhole = done.every(({ warnings }) => !warnings.length);
  if (chosen.length === 1 && done.length && isWhole) location.assign(`/transcripts/${done[0].id}/`);
  else if (done.length) files.value = "";
});

/** Return the new transcript; null where it was refused, which then stands in the list. */
async function importFile(file) {
  const row = $("imported").appendChild(document.createElement("li"));
  const { name } = file;
  try {
    const transcript = await send(file, (part) => showPart(row, { name, part }));
    const link = Object.assign(document.createElement("a"), {
      href: `/transcripts/${transcript.id}/`, textContent: texts.open,
    });
    row.replaceChildren(`${fill(texts.imported, { name })} `, link);
    for (const { message } of transcript.warnings) { // what of the file was left out, or guessed
      row.append(Object.assign(document.createElement("p"), { className: "hint", textContent: message }));
    }
    return transcript;
  } catch (problem) {
    row.className = "error";
    row.textContent = fill(texts.refused, { name, problem: problem.message });
    return null;
  }
}

function showPart(row, { name, part }) {
  const text = fill(part < 1 ? texts.sending : texts.reading, { name });
  let bar = row.querySelector("progress");
  if (!bar || row.firstChild.data !== text) { // only then: each change is read out
    bar = Object.assign(document.createElement("progress"), { ariaLabel: name });
    row.replaceChildren(text, bar);
  }
  if (part < 1) bar.value = part;
}

async function send(file, onPart) {
  onPart(0);
  const bearer = await fetchTicket(form.dataset.ticket);
  const body = new FormData();
  const language = $("import-language").value;
  if (language !== "auto") body.append("language", language);
  body.append("file", file);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch() can't tell how much of a body was sent
    request.open("POST", "/api/v1/transcripts/import/");
    request.setRequestHeader("Authorization", `Bearer ${bearer}`);
    request.responseType = "json";
    request.upload.onprogress = ({ loaded, total }) => onPart(loaded / total);
    request.onload = () => request.status < 300
      ? resolve(request.response)
      : reject(new Error(request.response?.error ?? texts.no_connection));
    request.onerror = () => reject(new Error(texts.no_connection));
    request.send(body);
  });
}
