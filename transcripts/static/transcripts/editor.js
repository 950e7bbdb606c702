// Correcting a transcript in its place: what each click on the page opens.
import { attempt, guard, send } from "./changes.js";
import { startDownloads } from "./downloads.js";
import { startHistory } from "./history.js";
import { openLine } from "./line-editor.js";
import { addEdit, showSpeakers } from "./lines.js";
import { $ } from "./page.js";
import { list } from "./reader.js";
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

// ---- menus

addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll(".menu[open]"))
    if (event.target.isConnected && !menu.contains(event.target)) menu.open = false;
});
addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (menu) { menu.open = false; menu.firstElementChild.focus(); }
});

for (const item of [...list.children]) addEdit(item);
$("describe").hidden = $("how").hidden = false;
startDownloads();
startHistory();
showSpeakers();
