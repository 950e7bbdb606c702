// The samples of the operations in Python and JavaScript, beside cURL. Written from the cURL line that
// the page has, when an operation is opened: 200 operations in three languages would double the page.
import { make } from "../transcripts/pages/static/dom.js";
import { readCurl, writeJavaScript, writePython } from "./docs-calls.js";

const STORAGE_KEY = "stt-docs-language";
const LANGUAGES = /** @type {const} */ ([
  ["curl", "cURL"],
  ["python", "Python"],
  ["node", "JavaScript"],
]);
/** @type {((language: string) => void)[]} */
const followers = [];

/** Which language was chosen last, in this browser. */
export function chosenLanguage() {
  try {
    return localStorage.getItem(STORAGE_KEY) ?? "curl";
  } catch {
    return "curl";
  }
}

/** @param {string} language */
export function rememberLanguage(language) {
  try {
    localStorage.setItem(STORAGE_KEY, language);
  } catch {
    // chosen again on the next page
  }
  for (const follow of followers) follow(language);
}

/** @param {(language: string) => void} follow called whenever another one is chosen, anywhere */
export function onLanguage(follow) {
  followers.push(follow);
}

/**
 * Arrows move between the tabs and choose; one of them is a stop of the Tab key.
 * @param {HTMLElement[]} tabs
 * @param {(tab: HTMLElement) => void} choose
 */
export function startTabs(tabs, choose) {
  for (const [index, tab] of tabs.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = /** @type {HTMLElement} */ (tabs[(index + step + tabs.length) % tabs.length]);
      next.focus();
      choose(next);
    });
  }
}

/** @param {HTMLElement[]} tabs @param {HTMLElement} chosen */
export function markTab(tabs, chosen) {
  for (const tab of tabs) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
  }
}

/**
 * Give the sample of an operation its tabs, once.
 * @param {HTMLElement} operation
 * @param {string} label of the row of tabs
 */
export function addLanguages(operation, label) {
  const sample = /** @type {HTMLElement | null} */ (operation.querySelector(".sample"));
  const code = sample?.querySelector("pre code");
  if (!sample || !code || sample.id) return;
  const line = code.textContent ?? "";
  const call = readCurl(line);
  /** @type {Record<string, string>} */
  const written = { curl: line, python: writePython(call), node: writeJavaScript(call) };
  sample.id = `sample-${operation.id}`;
  const tabs = LANGUAGES.map(([language, name]) => {
    const tab = make("button", { type: "button", id: `${language}-${operation.id}` }, name);
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", sample.id);
    tab.dataset.language = language;
    return tab;
  });
  const bar = make("div", { className: "tabs" }, ...tabs);
  bar.setAttribute("role", "tablist");
  bar.setAttribute("aria-label", label);
  sample.setAttribute("role", "tabpanel");
  sample.before(bar);
  startTabs(tabs, (tab) => rememberLanguage(tab.dataset.language ?? "curl"));
  onLanguage(show);
  show(chosenLanguage());

  /** @param {string} language */
  function show(language) {
    const known = language === "browser" ? "node" : language;
    const tab = tabs.find(({ dataset }) => dataset.language === known) ?? tabs[0];
    if (!tab) return;
    markTab(tabs, tab);
    sample?.setAttribute("aria-labelledby", tab.id);
    if (code) code.textContent = written[tab.dataset.language ?? "curl"] ?? line;
  }
}
