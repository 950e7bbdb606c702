// Lists the models that can run in <select data-models>: as the first choice the server chooses.
import { RequestError, requestJson, withRetries } from "./requests.js";

const RETRY_WAITS_MS = [1000, 3000, 10_000];

/** @typedef {{id: string, name: string, available: boolean, served_by?: string | null}} Model */

/**
 * Without the list there is one choice: the server's.
 * @param {HTMLSelectElement} select
 */
export async function listModels(select) {
  try {
    const list = await withRetries(() => requestJson("/v1/models"), { waitsMs: RETRY_WAITS_MS });
    for (const model of list.models)
      if (isOffered(model)) select.append(new Option(model.name, model.id));
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
  }
}

/** @param {Model} model */
const isOffered = ({ id, available, served_by: servedBy }) =>
  available && (!servedBy || servedBy === id);

for (const select of document.querySelectorAll("select[data-models]"))
  listModels(/** @type {HTMLSelectElement} */ (select));
