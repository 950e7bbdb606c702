// The front page's upload. Of an account: files and links go to the queue. Of a guest: guest-try.js.
import { $, hideError, showError } from "./dom.js";
import { formatBytes } from "./format.js";
import { nameLanguages } from "./languages.js";
import { listModels, offerEngines } from "./models.js";
import { texts } from "./texts.js";
import { collectFiles } from "../../uploads/static/dropped.js";
import { readForm, rememberOptions } from "../../uploads/static/options.js";

const form = $("try");
const fileInput = $("file");
const submit = form.querySelector("[type=submit]");
const initialPrompt = [...$("chosen").childNodes];
const isAccount = form.method === "post";
const guest = isAccount ? null : import("./guest-try.js");

nameLanguages(form.elements.language);
rememberOptions(
  form,
  form.elements.model && Promise.all([listModels(form.elements.model), offerEngines(form)]),
);

// ---- choosing files

function showChosen() {
  const [file, ...others] = fileInput.files;
  if (!file) $("chosen").replaceChildren(...initialPrompt);
  else if (others.length)
    $("chosen").textContent = [file, ...others].map(({ name }) => name).join(", ");
  else $("chosen").textContent = `${file.name} · ${formatBytes(file.size)}`;
  guest?.then(({ chooseFiles }) => chooseFiles([...fileInput.files]));
}

fileInput.addEventListener("change", showChosen);
const drop = $("drop");
for (const [type, isOver] of Object.entries({
  dragenter: true,
  dragover: true,
  dragleave: false,
  drop: false,
}))
  drop.addEventListener(type, (/** @type {DragEvent} */ event) => {
    if (!isAccount) event.preventDefault(); // of an account the whole page takes it (queue.js)
    drop.classList.toggle("over", isOver);
  });
if (!isAccount)
  drop.addEventListener("drop", async (/** @type {DragEvent} */ event) => {
    if (!event.dataTransfer) return;
    const { files } = await collectFiles(event.dataTransfer);
    if (!files.length) return;
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    fileInput.files = transfer.files;
    showChosen();
  });

// ---- sending it

form.addEventListener("submit", async (/** @type {Event} */ event) => {
  event.preventDefault();
  hideError();
  if (isAccount) return enqueue();
  const { hasFiles, transcribeFiles } = await import("./guest-try.js");
  if (hasFiles()) transcribeFiles();
  else fileInput.focus();
});

/** Of an account: to the queue, which goes on on every page. */
async function enqueue() {
  const { addAddress, addFiles } = await import("../../uploads/static/queue.js");
  const options = readForm(form);
  const isByAddress = !$("address-field").hidden;
  if (isByAddress && $("address").value.trim()) return fetchFrom($("address").value.trim());
  if (!fileInput.files.length)
    return isByAddress ? void showError(texts.address_missing) : fileInput.focus();
  const files = [...fileInput.files];
  form.querySelector("input[type=file]").value = "";
  showChosen();
  await addFiles(files, { options, opens: true });

  /** @param {string} address */
  async function fetchFrom(address) {
    submit.disabled = true;
    try {
      const id = await addAddress(address, options);
      location.assign(`/transcripts/${id}/`);
    } catch (problem) {
      showError(messageOf(problem));
    } finally {
      submit.disabled = false;
    }
  }
}

if ($("by-address")) {
  $("by-address").hidden = false;
  $("by-address").addEventListener("click", () => {
    const isShown = $("address-field").hidden;
    $("address-field").hidden = !isShown;
    $("by-address").setAttribute("aria-expanded", String(isShown));
    if (isShown) $("address").focus();
  });
  const asked = new URLSearchParams(location.search).get("url");
  if (asked) {
    $("by-address").click();
    $("address").value = asked;
  }
}

/** @param {unknown} problem */
const messageOf = (problem) => (problem instanceof Error ? problem.message : String(problem));
