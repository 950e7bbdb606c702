// On every page of an account that is logged in: results that a guest wanted to save become its own.
import { beginClaim, endClaim } from "./guest-results.js";
import { RequestError, csrfHeader, requestJson, withRetries } from "./requests.js";

const WAITS_MS = [2000, 5000, 10_000]; // `not_finished`, or a server that is being restarted

const notice = /** @type {HTMLElement} */ (document.getElementById("claim"));
const { claim: address = "", transcripts: list = "" } = notice.dataset;

/** Return the transcript; null where there is none any more. Throws RequestError.
 * @param {string} token */
async function claim(token) {
  const options = {
    method: "POST",
    headers: { "Content-Type": "application/json", ...csrfHeader() },
    body: JSON.stringify({ token }),
    keepalive: true, // goes on where this page is left
  };
  try {
    return await withRetries(() => requestJson(address, options), { waitsMs: WAITS_MS });
  } catch (problem) {
    if (problem instanceof RequestError && problem.status === 404) return null;
    throw problem;
  }
}

async function claimAll() {
  const claimed = [];
  let isAnyExpired = false;
  for (let next = beginClaim(); next; next = beginClaim())
    try {
      const transcript = await claim(next.token);
      endClaim(next.token); // only now: a page that is left before has lost nothing
      if (transcript) claimed.push(transcript);
      else if (!next.isRepeated) isAnyExpired = true; // else: claimed then, by the lost answer
    } catch {
      // Its token stays; a page opened after CLAIM_MS tries again.
    }
  const [first, ...others] = claimed;
  if (first) location.assign(others.length ? list : `${list}${first.id}/`);
  else notice.hidden = !isAnyExpired;
}

// Two tabs that open together read the storage before either writes it. Where there are locks (over
// TLS), one of them claims; else the mark of `beginClaim` is all there is.
if (navigator.locks)
  navigator.locks.request("stt-claim", { ifAvailable: true }, (lock) => (lock ? claimAll() : null));
else claimAll();
