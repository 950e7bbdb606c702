// Failures of requests, as sentences in the place where the action was.
import { RequestError } from "../../pages/static/requests.js";

/**
 * Run an action; show the sentence of its failure in `place`. Return whether it went well.
 * @param {HTMLElement} place
 * @param {() => Promise<unknown>} act
 */
export async function within(place, act) {
  place.hidden = true;
  try {
    await act();
    return true;
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
    place.textContent = problem.message;
    place.hidden = false;
    return false;
  }
}
