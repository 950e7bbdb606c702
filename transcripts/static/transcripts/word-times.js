// Word times that come after an edit was answered: followed until no edit waits for its own.
import { api } from "./reader.js";

let stream = null;
let first = 0; // the revision after which edits are followed

/** Calls `show(segment)` for each segment whose edited words are found in the recording. */
export function followWordTimes(since, show) {
  // An open stream may be about to end: a new one takes over what it followed.
  first = stream ? Math.min(first, since) : since;
  stream?.close();
  const own = new EventSource(`${api}events/?edits_since=${first}`);
  stream = own;
  own.addEventListener("words", (event) => show(JSON.parse(event.data).segment));
  own.addEventListener("aligned", () => {
    own.close();
    if (stream === own) stream = null;
  });
}
