// Languages by their names in the page's own language, as the browser knows them.

const language = document.documentElement.lang || "en";
const names = new Intl.DisplayNames([language], { type: "language" });

/** @param {string} code */
export const nameLanguage = (code) => names.of(code) || code;

/**
 * Name the options of a choice and put them in order; `auto` and `multi` stay first.
 * @param {HTMLSelectElement} select
 */
export function nameLanguages(select) {
  const named = [...select.options].filter(({ value }) => value !== "auto" && value !== "multi");
  for (const option of named) option.textContent = nameLanguage(option.value);
  named.sort((a, b) => a.text.localeCompare(b.text, language));
  select.append(...named);
}
