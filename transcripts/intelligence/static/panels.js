// The panels of a transcript's page: each loads its script, and reads what it shows, when it is first
// opened.
import { $, showError } from "../../pages/static/dom.js";
import { startTabs } from "../../pages/static/tabs.js";
import { texts } from "../../pages/static/texts.js";
import { startSuggesting } from "./speaker-suggestions.js";

startSuggesting();
openOnce($("making"), async () => {
  const { readMade, startMaking } = await import("./summary.js");
  startMaking();
  return readMade;
});
openOnce($("translating"), async () => {
  const { readTranslations, startTranslating } = await import("./translation.js");
  startTranslating();
  return readTranslations;
});
openOnce($("asking"), async () => {
  const { readConversation, startAsking } = await import("./chat.js");
  startAsking();
  return readConversation;
});
openOnce($("finding"), async () => {
  const { startFinding } = await import("./personal-data.js");
  startFinding();
  return async () => true;
});
openOnce($("history"), async () => {
  const { startHistory } = await import("../../editing/static/history.js");
  startHistory();
  return async () => true;
});
startTabs($("side"), $("side-tabs"));

/**
 * When the panel is shown, have it started once, and then read until that has succeeded once.
 * @param {HTMLElement} panel
 * @param {() => Promise<() => Promise<boolean>>} start returns what reads
 */
function openOnce(panel, start) {
  /** @type {(() => Promise<boolean>) | null} */
  let read = null;
  let isRead = false;
  panel.inert = true; // a form that no script serves yet would load the page again
  document.addEventListener("stt:tab", async (event) => {
    if (/** @type {CustomEvent} */ (event).detail !== panel || isRead) return;
    isRead = true; // not twice at once
    try {
      read ??= await start();
      panel.inert = false;
      isRead = await read();
    } catch (problem) {
      isRead = false;
      if (read) throw problem;
      showError(texts.no_connection);
    }
  });
}
