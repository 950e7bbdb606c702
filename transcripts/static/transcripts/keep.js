// A visitor's results, on the way into an account: their tokens wait in this browser, from the press
// of "Sign up and keep this text" until somebody is logged in (claim.js). Not in sessionStorage: the
// mail's link, which ends a sign-up, opens another tab. A token opens nothing after its hour.

const WAITING = "stt-keep";

/** Offer to keep these transcripts, {token} each; those without a token belong to somebody. */
export function offerToKeep(transcripts) {
  const tokens = transcripts.map(({ token }) => token).filter(Boolean);
  const offer = document.getElementById("keep");
  if (!offer) return; // logged in
  offer.hidden = !tokens.length;
  for (const link of offer.querySelectorAll("[data-keep]"))
    link.onclick = () => putTokens(tokens);
}

/** Add to what waits: somebody may try three recordings and keep them all. */
export function putTokens(tokens) {
  const all = new Set([...readTokens(), ...tokens]);
  try {
    localStorage.setItem(WAITING, JSON.stringify([...all]));
  } catch {
    // This browser stores nothing for us: the downloads are left.
  }
}

/** Return what waits, and forget it: of two tabs, one claims it. */
export function takeTokens() {
  const tokens = readTokens();
  if (tokens.length) localStorage.removeItem(WAITING);
  return tokens;
}

function readTokens() {
  try {
    return JSON.parse(localStorage.getItem(WAITING)) ?? [];
  } catch {
    return [];
  }
}
