// The panels of a transcript's page: each reads what it shows when it is first opened.
import { $ } from "../../pages/static/dom.js";
import { readConversation, startAsking } from "./chat.js";
import { startSuggesting } from "./speaker-suggestions.js";
import { readMade, startMaking } from "./summary.js";
import { readTranslations, startTranslating } from "./translation.js";

startMaking();
startTranslating();
startAsking();
startSuggesting();
openOnce($("making"), readMade);
openOnce($("translating"), readTranslations);
openOnce($("asking"), readConversation);

/**
 * Show a panel, which works now, and call `read` until it has succeeded once.
 * @param {HTMLDetailsElement} panel
 * @param {() => Promise<boolean>} read
 */
function openOnce(panel, read) {
  let isRead = false;
  panel.addEventListener("toggle", async () => {
    if (!panel.open || isRead) return;
    isRead = true; // not twice at once
    isRead = await read();
  });
  panel.hidden = false;
}
