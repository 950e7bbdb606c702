// Files out of what was dropped, folders with all that is in them.

const MOST_FILES = 500;

/**
 * Whether something with files is being dragged; text and links are none of ours.
 * @param {DragEvent} event
 */
export const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

/**
 * All files, in the order of their names. Call it in the handler of `drop`: what was dropped is gone
 * once that returns.
 * @param {DataTransfer} transfer
 * @returns {Promise<{files: File[], left: number}>} `left`: how many were too many
 */
export async function collectFiles(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some((entry) => entry?.isDirectory)) return limit([...transfer.files]);
  /** @type {File[]} */
  const files = [];
  for (const entry of entries) if (entry) await walk(entry, files);
  files.sort((a, b) => a.name.localeCompare(b.name));
  return limit(files);
}

/** @param {File[]} files */
const limit = (files) => ({
  files: files.slice(0, MOST_FILES),
  left: Math.max(0, files.length - MOST_FILES),
});

/**
 * @param {FileSystemEntry} entry
 * @param {File[]} files
 */
async function walk(entry, files) {
  if (entry.name.startsWith(".")) return; // what systems put beside files
  if (entry.isFile) {
    const file = /** @type {FileSystemFileEntry} */ (entry);
    files.push(await new Promise((resolve, reject) => file.file(resolve, reject)));
    return;
  }
  const reader = /** @type {FileSystemDirectoryEntry} */ (entry).createReader();
  for (;;) {
    // A hundred at a time, until there are none.
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const each of some) await walk(each, files);
  }
}
