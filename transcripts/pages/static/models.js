// Lists the models that can run in <select data-models>: as the first choice the server chooses. And
// shows <… data-engines="kind"> where there is more than one engine of that kind.
import { RequestError, requestJson, withRetries } from "./requests.js";

const RETRY_WAITS_MS = [1000, 3000, 10_000];

/** @typedef {{id: string, name: string, available: boolean, served_by?: string | null}} Model */
/** @typedef {{id: string, kind: string, available: boolean}} Engine */
/** @typedef {{models: Model[], engines: Engine[]}} Catalogue */

/** @type {Promise<Catalogue> | undefined} */
let reading;

/** What the server has; null where it can't be read now. Read once a page. */
async function readCatalogue() {
  reading ??= withRetries(() => requestJson("/v1/models"), { waitsMs: RETRY_WAITS_MS });
  try {
    return await reading;
  } catch (problem) {
    reading = undefined;
    if (!(problem instanceof RequestError)) throw problem;
    return null;
  }
}

/**
 * Without the list there is one choice: the server's.
 * @param {HTMLSelectElement} select
 */
export async function listModels(select) {
  const list = await readCatalogue();
  for (const model of list?.models ?? [])
    if (isOffered(model)) select.append(new Option(model.name, model.id));
}

/**
 * Show a choice among engines where one is installed beside the built-in ones. A choice that isn't
 * shown is disabled, so that it is neither sent nor remembered.
 * @param {ParentNode} place
 */
export async function offerEngines(place) {
  const choices = /** @type {NodeListOf<HTMLElement>} */ (place.querySelectorAll("[data-engines]"));
  if (!choices.length) return;
  const engines = (await readCatalogue())?.engines ?? [];
  for (const choice of choices) {
    const installed = engines.filter(
      (each) => each.available && each.kind === choice.dataset.engines,
    );
    const select = choice.querySelector("select");
    if (!select || !installed.length) continue;
    for (const option of [...select.options]) {
      const { engine } = option.dataset;
      if (engine && !installed.some(({ id }) => id.startsWith(engine))) option.remove();
    }
    choice.hidden = select.disabled = false;
  }
}

/** @param {Model} model */
const isOffered = ({ id, available, served_by: servedBy }) =>
  available && (!servedBy || servedBy === id);

for (const select of document.querySelectorAll("select[data-models]"))
  listModels(/** @type {HTMLSelectElement} */ (select));
const again = document.querySelector("#again");
if (again) offerEngines(again);
