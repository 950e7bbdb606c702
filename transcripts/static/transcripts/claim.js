// On every page of somebody who is logged in: what they wanted to keep as a visitor becomes theirs.
import { putTokens, takeTokens } from "./keep.js";

const { claim: address, transcripts: list } = document.getElementById("claim").dataset;

/** Return the transcript; null where it is gone. Throws where it can be tried again. */
async function claim(token) {
  const csrf = document.querySelector("[name=csrfmiddlewaretoken]").value; // the language's form has it
  const answer = await fetch(address, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": csrf },
    body: JSON.stringify({ token }),
    keepalive: true, // the token is used up, even if this page is left meanwhile
  });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new Error(`Not claimed: ${answer.status}`);
  return answer.json();
}

async function claimAll(tokens) {
  const kept = [];
  for (const token of tokens)
    try {
      kept.push(await claim(token));
    } catch {
      putTokens([token]); // the next page tries again
    }
  const found = kept.filter(Boolean);
  if (found.length === 1) location.assign(`${list}${found[0].id}/`);
  else if (found.length) location.assign(list);
  else document.getElementById("claim").hidden = !kept.length; // all of them are gone
}

claimAll(takeTokens());
