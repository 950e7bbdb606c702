// The account's pages work without this; it copies, asks before what can't be undone, and fills in
// the browser's time zone.

/** @typedef {HTMLElement & {dataset: {copy: string, copied: string}}} CopyButton */

for (const button of /** @type {NodeListOf<CopyButton>} */ (
  document.querySelectorAll("[data-copy]")
))
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    if (source && (await copy(source))) button.textContent = button.dataset.copied;
  });

/**
 * Return whether it is in the clipboard; else it is selected, ready for Ctrl-C.
 * @param {HTMLElement} source
 */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    return true;
  } catch {
    // no clipboard without TLS
    getSelection()?.selectAllChildren(source);
    return document.execCommand("copy");
  }
}

for (const form of /** @type {NodeListOf<HTMLFormElement>} */ (
  document.querySelectorAll("form[data-confirm]")
))
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.confirm)) event.preventDefault();
  });

for (const field of /** @type {NodeListOf<HTMLInputElement>} */ (
  document.querySelectorAll("[data-time-zone]")
))
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
