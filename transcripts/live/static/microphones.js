// Which microphone: the choice on the page, remembered in this browser.

const STORAGE_KEY = "stt-microphone";

/**
 * List the microphones in the choice, whose first entry leaves it to the browser. Browsers name
 * them only once a page was allowed to use one: until then there is nothing to choose.
 * @param {HTMLSelectElement} select
 * @param {HTMLElement} field what shows it
 */
export function offerMicrophones(select, field) {
  if (!navigator.mediaDevices) return;
  select.addEventListener("change", () => remember(select.value));
  const list = () => listIn(select, field);
  navigator.mediaDevices.addEventListener("devicechange", list);
  list();
}

/**
 * Show which one was opened, now that their names are known.
 * @param {HTMLSelectElement} select
 * @param {HTMLElement} field
 * @param {string} deviceId
 */
export async function showOpened(select, field, deviceId) {
  await listIn(select, field);
  const isOffered = [...select.options].some(({ value }) => value === deviceId);
  if (select.value && isOffered) select.value = deviceId;
}

/**
 * @param {HTMLSelectElement} select
 * @param {HTMLElement} field
 */
async function listIn(select, field) {
  const devices = await navigator.mediaDevices.enumerateDevices().catch(() => []);
  const named = devices.filter(
    ({ kind, label, deviceId }) => kind === "audioinput" && label && deviceId !== "default",
  );
  const wanted = select.value || recall();
  while (select.options.length > 1) select.remove(1);
  for (const { label, deviceId } of named) select.append(new Option(label, deviceId));
  select.value = named.some(({ deviceId }) => deviceId === wanted) ? wanted : "";
  field.hidden = named.length < 2;
}

/** @param {string} deviceId */
function remember(deviceId) {
  try {
    localStorage.setItem(STORAGE_KEY, deviceId);
  } catch {
    // nothing is stored here: next time the browser chooses
  }
}

function recall() {
  try {
    return localStorage.getItem(STORAGE_KEY) ?? "";
  } catch {
    return "";
  }
}
