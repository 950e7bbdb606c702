// Panels as tabs: arrows move between the tabs, and each press shows one panel or hides it again.
import { make } from "./dom.js";

/**
 * Make a tab of each section with `data-tab`; `stt:tab` on the document says which one is shown.
 * @param {HTMLElement} side
 * @param {HTMLElement} bar
 */
export function startTabs(side, bar) {
  const panels = /** @type {NodeListOf<HTMLElement>} */ (side.querySelectorAll("[data-tab]"));
  const tabs = [...panels].map((panel) => {
    const tab = make("button", { type: "button", id: `tab-${panel.id}` }, panel.dataset.tab ?? "");
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panel.id);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => select(tab, panel));
    return tab;
  });
  bar.replaceChildren(...tabs);
  bar.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const at = tabs.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
    if (!step || at < 0) return;
    event.preventDefault();
    tabs[(at + step + tabs.length) % tabs.length]?.focus();
  });

  /** @param {HTMLElement | null} shown */
  function mark(shown) {
    for (const [at, tab] of tabs.entries()) {
      const isShown = panels[at] === shown;
      tab.setAttribute("aria-selected", String(isShown));
      tab.tabIndex = isShown || (!shown && at === 0) ? 0 : -1;
      const panel = panels[at];
      if (panel) panel.hidden = !isShown;
    }
    side.classList.toggle("is-open", Boolean(shown));
  }

  /** @param {HTMLElement} tab @param {HTMLElement} panel */
  function select(tab, panel) {
    mark(panel);
    tab.focus();
    document.dispatchEvent(new CustomEvent("stt:tab", { detail: panel }));
  }

  // The first one needs no press where there is room for it.
  mark(null);
  const [first] = panels;
  if (first && matchMedia("(min-width: 1100px)").matches) {
    mark(first);
    document.dispatchEvent(new CustomEvent("stt:tab", { detail: first }));
  }
}

/** Show the panel with this id. @param {string} id */
export function openTab(id) {
  document.getElementById(`tab-${id}`)?.click();
}
