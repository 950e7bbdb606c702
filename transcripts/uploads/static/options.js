// The options of a transcription, remembered in this browser: of a form, and for files that are
// dropped where there is no form.

const STORAGE_KEY = "stt-options";
export const NAMES = [
  "model", "language", "speakers", "prompt", "hot_words", "template", "track", "channels",
  "diarizer", "aligner",
]; // prettier-ignore
// What is offered once the server's models and engines are known.
const LISTED = ["model", "diarizer", "aligner"];

/** @returns {Record<string, string>} */
export function readOptions() {
  try {
    const stored = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "{}");
    return Object.fromEntries(
      Object.entries(stored ?? {}).filter(
        ([name, value]) => NAMES.includes(name) && typeof value === "string",
      ),
    );
  } catch {
    return {};
  }
}

/** @param {Record<string, string>} values */
export function storeOptions(values) {
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(values));
  } catch {
    // nothing is stored here: next time they are as usual
  }
}

/**
 * Fill a form in with what is remembered, and remember what is changed in it. A choice that isn't
 * offered (a model that was removed) stays as it is.
 * @param {HTMLFormElement} form
 * @param {Promise<unknown>} [listed] until when models and engines are not listed yet: theirs are kept
 */
export function rememberOptions(form, listed = Promise.resolve()) {
  const stored = readOptions();
  let isListed = false;
  for (const [name, value] of Object.entries(stored)) fillIn(form.elements.namedItem(name), value);
  const remember = () => {
    /** @type {Record<string, string>} */
    const kept = {};
    for (const name of isListed ? [] : LISTED) if (stored[name]) kept[name] = stored[name];
    storeOptions({ ...kept, ...readForm(form) });
  };
  form.addEventListener("change", remember);
  form.addEventListener("submit", remember); // what was chosen before this script ran, too
  listed.then(() => {
    isListed = true;
    for (const name of LISTED)
      if (stored[name]) fillIn(form.elements.namedItem(name), stored[name]);
  });
}

/**
 * The form's own values, by the names of the options.
 * @param {HTMLFormElement} form
 */
export function readForm(form) {
  /** @type {Record<string, string>} */
  const values = {};
  for (const name of NAMES) {
    const field = form.elements.namedItem(name);
    if (!field || !("value" in field) || ("disabled" in field && field.disabled)) continue;
    if (field.value.trim()) values[name] = field.value.trim();
  }
  return values;
}

/**
 * As the API takes them: what is left out is what the server does by itself.
 * @param {Record<string, string>} values
 */
export function asFields(values) {
  const { speakers, ...fields } = values;
  if (speakers === "off") return { ...fields, diarize: "false" };
  return speakers ? { ...fields, diarize: "true", speakers } : fields;
}

/**
 * @param {Element | RadioNodeList | null} field
 * @param {string} value
 */
function fillIn(field, value) {
  if (!field || !("value" in field)) return;
  const offered =
    "options" in field
      ? [.../** @type {HTMLSelectElement} */ (/** @type {unknown} */ (field)).options]
      : null;
  if (!offered || offered.some((option) => option.value === value)) field.value = value;
}
