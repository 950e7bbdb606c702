// Correcting a transcript in its place: what each click on the page opens.
import { attempt, guard, send, tell } from "./changes.js";
import { startDownloads } from "./downloads.js";
import { startGaps } from "./gaps.js";
import { startHistory } from "./history.js";
import { openLine } from "./line-editor.js";
import { addEdit, allSpeakers, change, showSpeakers } from "./lines.js";
import { $, fill, texts } from "./page.js";
import { onPart } from "./parts.js";
import { lines, list } from "./reader.js";
import { openSpeaker } from "./speakers.js";

list.addEventListener("click", (event) => {
  const item = event.target.closest("li");
  if (event.target.closest(".line > .edit")) openLine(item);
  else if (event.target.closest(".speaker > button")) openSpeaker(item);
});

// ---- title and tags

const describing = $("describing");
guard(() => !describing.hidden && [$("title"), $("tags")].some((field) => field.value !== field.defaultValue));

$("describe").addEventListener("click", () => {
  describing.hidden = false;
  $("title").focus();
});
describing.addEventListener("reset", () => {
  describing.hidden = true;
  $("describe").focus();
});
describing.addEventListener("submit", (event) => {
  event.preventDefault();
  const tags = $("tags").value.split(",").map((tag) => tag.trim()).filter(Boolean);
  attempt(async () => {
    await send("PATCH", "", { title: $("title").value, tags });
    describing.hidden = true; // saved: nothing to ask about
    location.reload();
  });
});

// ---- speakers

$("recount")?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const count = $("speaker-count").value;
  if (!await change("POST", "diarize/", { speakers: Number(count || 0) }, texts.recounted)) return;
  $("recounting").open = false;
  $("recounting").firstElementChild.focus();
  const found = allSpeakers().length;
  if (found < Number(count)) tell(fill(texts.fewer_speakers, { found, wanted: count }));
});

// ---- menus

addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]"))
    if (event.target.isConnected && !menu.contains(event.target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (menu) { menu.open = false; menu.firstElementChild.focus(); }
});

for (const item of [...lines]) addEdit(item);
onPart((added) => {
  for (const item of added.filter((each) => each.matches(".segment"))) addEdit(item);
  showSpeakers();
});
$("describe").hidden = $("how").hidden = false;
if ($("recounting")) $("recounting").hidden = false;
startDownloads();
startHistory();
startGaps();
showSpeakers();
