// The panels of a transcript's page: each reads what it shows when it is first opened.
import { $ } from "../../pages/static/dom.js";
import { startTabs } from "../../pages/static/tabs.js";
import { readConversation, startAsking } from "./chat.js";
import { startFinding } from "./personal-data.js";
import { startSuggesting } from "./speaker-suggestions.js";
import { readMade, startMaking } from "./summary.js";
import { readTranslations, startTranslating } from "./translation.js";

startMaking();
startTranslating();
startAsking();
startFinding();
startSuggesting();
openOnce($("making"), readMade);
openOnce($("translating"), readTranslations);
openOnce($("asking"), readConversation);
startTabs($("side"), $("side-tabs"));

/**
 * Call `read` when the panel is shown, until it has succeeded once.
 * @param {HTMLElement} panel
 * @param {() => Promise<boolean>} read
 */
function openOnce(panel, read) {
  let isRead = false;
  document.addEventListener("stt:tab", async (event) => {
    if (/** @type {CustomEvent} */ (event).detail !== panel || isRead) return;
    isRead = true; // not twice at once
    isRead = await read();
  });
}

// ---- menus of results

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
  return document.querySelectorAll("details.files[open]");
}
