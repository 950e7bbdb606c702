// A guest's results on their way into an account: their tokens wait in this browser, from the press
// of "Sign up and save this text" until someone is logged in (claim.js). Not in sessionStorage: the
// mail's link, which ends a sign-up, opens another tab. A token opens nothing after its hour.

const STORAGE_KEY = "stt-guest-results";
const CLAIM_MS = 60_000; // after it, a claim without an answer counts as lost with its page

/** @typedef {{token: string, claimedAt?: number}} GuestResult */

/**
 * Offer to save these transcripts; those without a token belong to an account.
 * @param {{token?: string}[]} transcripts
 */
export function offerToSave(transcripts) {
  const tokens = transcripts.flatMap(({ token }) => (token ? [token] : []));
  const offer = document.getElementById("save-offer");
  if (!offer) return; // logged in
  offer.hidden = !tokens.length;
  for (const link of offer.querySelectorAll("a")) link.onclick = () => addTokens(tokens);
}

/**
 * Add to what waits: three recordings may be tried, and all of them saved.
 * @param {string[]} tokens
 */
export function addTokens(tokens) {
  const waiting = readResults();
  const known = new Set(waiting.map(({ token }) => token));
  const added = tokens.filter((token) => !known.has(token)).map((token) => ({ token }));
  writeResults([...waiting, ...added]);
}

/**
 * Take a token to claim it: of two tabs, one gets it. It stays in storage, so that a page that is
 * left before the answer loses nothing; `isRepeated`: an earlier claim got no answer.
 * @returns {{token: string, isRepeated: boolean} | null} null: nothing waits
 */
export function beginClaim(now = Date.now()) {
  const waiting = readResults();
  const next = waiting.find(({ claimedAt = -Infinity }) => Math.abs(now - claimedAt) >= CLAIM_MS);
  if (!next) return null;
  const isRepeated = next.claimedAt !== undefined;
  next.claimedAt = now;
  return writeResults(waiting) ? { token: next.token, isRepeated } : null;
}

/**
 * The claim of a token was answered for good.
 * @param {string} token
 */
export function endClaim(token) {
  writeResults(readResults().filter((result) => result.token !== token));
}

/** @returns {GuestResult[]} */
function readResults() {
  try {
    const stored = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(stored)
      ? stored.filter((result) => typeof result?.token === "string")
      : [];
  } catch {
    return [];
  }
}

/**
 * @param {GuestResult[]} results
 * @returns {boolean} whether this browser stores anything for us; else the downloads are left
 */
function writeResults(results) {
  try {
    if (results.length) localStorage.setItem(STORAGE_KEY, JSON.stringify(results));
    else localStorage.removeItem(STORAGE_KEY);
    return true;
  } catch {
    return false;
  }
}
