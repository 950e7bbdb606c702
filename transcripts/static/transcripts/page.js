// What the front page and the live page both need.

/** The page's own sentences, in its language. */
export const texts = JSON.parse(document.getElementById("texts").textContent);

export const $ = (id) => document.getElementById(id);

export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

export function formatTime(seconds) {
  const whole = Math.floor(seconds);
  const parts = [Math.floor(whole / 60) % 60, whole % 60].map((n) => String(n).padStart(2, "0"));
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${parts.join(":")}` : parts.join(":");
}

const lang = document.documentElement.lang;

/** Seconds as the server shows them (`rounded_seconds`): in tenths below ten, else whole. */
export function formatSeconds(seconds) {
  const digits = seconds < 9.95 ? 1 : 0;
  const rules = { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false };
  return seconds.toLocaleString(lang, rules);
}

const languageNames = new Intl.DisplayNames([lang], { type: "language" });

export const nameLanguage = (code) => languageNames.of(code) || code;

/** Put the languages in their names in the page's own language, as the browser knows them. */
export function nameLanguages(select) {
  const named = [...select.options].filter(({ value }) => value !== "auto" && value !== "multi");
  for (const option of named) option.textContent = nameLanguage(option.value);
  named.sort((a, b) => a.textContent.localeCompare(b.textContent, lang));
  select.append(...named);
}

export const csrfHeader = () =>
  ({ "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value });

/** Return a ticket: what /v1/ knows somebody by who is logged in. Throws, with a `code`. */
export async function fetchTicket(address) {
  const answer = await fetch(address, { method: "POST", headers: csrfHeader() });
  if (!answer.ok) throw Object.assign(new Error(texts.logged_out), { code: "logged_out" });
  return (await answer.json()).ticket;
}

/** Call the API about one transcript; without a token it is the session's cookie that counts. */
export async function callTranscript({ id, token }, path, options = {}) {
  const known = token ? { Authorization: `Bearer ${token}` } : csrfHeader();
  const answer = await fetch(`/api/v1/transcripts/${id}/${path}`, {
    ...options, headers: { ...options.headers, ...known },
  });
  if (answer.ok) return answer;
  const body = await answer.json().catch(() => ({}));
  throw Object.assign(new Error(body.error ?? texts.no_connection), { status: answer.status });
}

/** Have the browser save one export of a transcript. */
export async function saveExport(transcript, { format, name }) {
  const answer = await callTranscript(transcript, `export/${format}/`);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `${name}.${format}`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
