// The page's own sentences, translated by the server and handed over as JSON.

/** @type {(id: string) => Record<string, any>} */
const readTexts = (id) => JSON.parse(document.getElementById(id)?.textContent || "{}");

/** Those of the upload queue, and of all scripts: on every page of an account. */
export const queueTexts = readTexts("queue-texts");
/** @type {Record<string, any>} */
export const texts = { ...queueTexts, ...readTexts("texts") };

const language = () => document.documentElement.lang || "en";

/**
 * Put values in the place of `{name}`; a name without a value stays as it is.
 * @param {string} text
 * @param {Record<string, unknown>} values
 */
export const fill = (text, values) =>
  text.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));

/**
 * Choose the form of a text for a number, and fill it in as `{count}`.
 * @param {Record<string, string>} forms by CLDR category: `one`, `few`, `other`
 * @param {number} count
 * @param {Record<string, unknown>} [values]
 */
export function fillCount(forms, count, values = {}) {
  const category = new Intl.PluralRules(language()).select(count);
  return fill(forms[category] ?? forms.other ?? "", { ...values, count });
}
