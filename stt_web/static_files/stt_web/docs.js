// The API's documentation: the reader's key in the samples, what is copied, and the search.
import { copyText } from "../transcripts/pages/static/clipboard.js";
import { $, make, makeButton, showError } from "../transcripts/pages/static/dom.js";
import {
  addLanguages,
  chosenLanguage,
  markTab,
  onLanguage,
  rememberLanguage,
  startTabs,
} from "./docs-samples.js";
import { csrfHeader, RequestError, requestJson } from "../transcripts/pages/static/requests.js";
import { fillCount, texts } from "../transcripts/pages/static/texts.js";

/** @type {HTMLInputElement} */
const keyInput = $("docs-key");
const places = [...document.querySelectorAll("[data-key]")];

function showKey() {
  const key = keyInput.value.trim() || (keyInput.dataset.placeholder ?? "");
  for (const place of places) place.textContent = key;
}
keyInput.addEventListener("input", showKey);

$("make-key")?.addEventListener("click", async (/** @type {Event} */ event) => {
  const button = /** @type {HTMLButtonElement} */ (event.currentTarget);
  button.disabled = true;
  try {
    const made = await requestJson("/api/v1/keys/", {
      method: "POST",
      headers: { "Content-Type": "application/json", ...csrfHeader() },
      body: JSON.stringify({ name: texts.key_name }),
    });
    keyInput.value = made.key;
    showKey();
    $("made-key").hidden = false;
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
    showError(problem.message);
    button.disabled = false;
  }
});

// ---- copying

for (const sample of document.querySelectorAll(".sample")) {
  const pre = sample.querySelector("pre");
  if (!pre) continue;
  const button = makeButton(texts.copy, async () => {
    const isCopied = await copyText(pre.textContent ?? "");
    button.textContent = isCopied ? texts.copied : texts.not_copied;
    setTimeout(() => (button.textContent = texts.copy), 2000);
  });
  button.classList.add("small", "copy");
  const name = sample.getAttribute("data-name");
  if (name) button.append(make("span", { className: "visually-hidden", textContent: ` ${name}` }));
  sample.append(button);
}

// ---- tabs: without script, the panels stand below each other

const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#languages [role=tab]")]);
const languageOf = (/** @type {HTMLElement} */ { id }) => id.replace(/^tab-/, "");

/** @param {string} language */
function showLanguage(language) {
  const chosen = tabs.find((tab) => languageOf(tab) === language) ?? tabs[0];
  if (!chosen) return;
  markTab(tabs, chosen);
  for (const tab of tabs) $(tab.getAttribute("aria-controls") ?? "").hidden = tab !== chosen;
}
startTabs(tabs, (tab) => rememberLanguage(languageOf(tab)));
onLanguage(showLanguage);
$("languages").hidden = false;
showLanguage(chosenLanguage());

// Of the operations they are made when one is opened: most never are.
for (const operation of document.querySelectorAll(".group details.operation"))
  operation.addEventListener(
    "toggle",
    () => addLanguages(/** @type {HTMLElement} */ (operation), texts.languages),
    { once: true },
  );

// ---- search: every word must occur in an operation's names

const operations = [...document.querySelectorAll("details.operation")].map((element) => ({
  element: /** @type {HTMLDetailsElement} */ (element),
  text: (element.getAttribute("data-search") ?? "").toLowerCase(),
}));
const groups = [...document.querySelectorAll(".group")];
/** @type {HTMLInputElement} */
const searchInput = $("docs-search");

searchInput.addEventListener("input", () => {
  const words = searchInput.value.toLowerCase().split(/\s+/).filter(Boolean);
  let count = 0;
  for (const { element, text } of operations) {
    element.hidden = !words.every((word) => text.includes(word));
    count += Number(!element.hidden);
  }
  for (const group of groups)
    /** @type {HTMLElement} */ (group).hidden = !group.querySelector(".operation:not([hidden])");
  $("found").textContent = words.length ? fillCount(texts.found, count) : "";
});

function openNamed() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!(named instanceof HTMLDetailsElement)) return;
  named.open = true;
  named.scrollIntoView();
}
addEventListener("hashchange", openNamed);
openNamed();
$("finding").hidden = false;
