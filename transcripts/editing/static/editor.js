// Correcting a transcript in its place: what each click on the page opens.
import { guard, send } from "./changes.js";
import { $, attempt, showError } from "../../pages/static/dom.js";
import { startDownloads } from "../../exports/static/downloads.js";
import { startGaps } from "../../gaps/static/gaps.js";
import { startHistory } from "./history.js";
import { openLine } from "./line-editor.js";
import { addEditButton, allSpeakers, change, showSpeakers } from "./lines.js";
import { lines, list } from "../../pages/static/reader.js";
import { openSpeaker } from "./speakers.js";
import { fill, texts } from "../../pages/static/texts.js";

list.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const item = target.closest("li");
  if (!item) return;
  if (target.closest(".line > .edit")) openLine(item);
  else if (target.closest(".speaker > button")) openSpeaker(item);
});

// ---- title and tags

const details = $("describing");
guard(() => !details.hidden && [$("title"), $("tags")].some(isFieldChanged));

/** @param {HTMLInputElement} field */
const isFieldChanged = (field) => field.value !== field.defaultValue;

$("describe").addEventListener("click", () => {
  details.hidden = false;
  $("title").focus();
});
details.addEventListener("reset", () => {
  details.hidden = true;
  $("describe").focus();
});
details.addEventListener("submit", (/** @type {Event} */ event) => {
  event.preventDefault();
  const named = /** @type {string[]} */ ($("tags").value.split(","));
  const tags = named.map((tag) => tag.trim()).filter(Boolean);
  attempt(async () => {
    await send("PATCH", "", { title: $("title").value, tags });
    details.hidden = true; // saved: nothing to ask about
    location.reload();
  });
});

// ---- speakers

$("recount")?.addEventListener("submit", async (/** @type {Event} */ event) => {
  event.preventDefault();
  const count = $("speaker-count").value;
  const body = { speakers: Number(count || 0) };
  if (!(await change("POST", "diarize/", body, texts.recounted))) return;
  $("recounting").open = false;
  $("recounting").firstElementChild.focus();
  const found = allSpeakers().length;
  if (found < Number(count)) showError(fill(texts.fewer_speakers, { found, wanted: count }));
});

// ---- menus

addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  if (!target.isConnected) return;
  for (const menu of openMenus()) if (!menu.contains(target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  const [menu] = event.key === "Escape" ? openMenus() : [];
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary")?.focus();
});

/** @returns {NodeListOf<HTMLDetailsElement>} */
function openMenus() {
  return document.querySelectorAll("details.menu[open]");
}

for (const item of [...lines]) addEditButton(item);
$("describe").hidden = $("how").hidden = false;
if ($("recounting")) $("recounting").hidden = false;
startDownloads();
startHistory();
startGaps();
showSpeakers();
