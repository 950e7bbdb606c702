// The panels of a transcript's page: each reads what it shows when it is first opened.
import { $ } from "../../pages/static/dom.js";
import { readConversation, startAsking } from "./chat.js";
import { startFinding } from "./personal-data.js";
import { readMade, startMaking } from "./summary.js";

startMaking();
startAsking();
startFinding();
openOnce($("making"), readMade);
openOnce($("asking"), readConversation);
$("finding").hidden = false;

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
