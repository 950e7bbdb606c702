// "Try it" under the operations that only read: sends the request of the sample, with the reader's
// key or session, and shows the answer. What is missing in the address is asked for.
import { $, make, makeButton } from "../transcripts/pages/static/dom.js";
import { request, RequestError } from "../transcripts/pages/static/requests.js";
import { texts } from "../transcripts/pages/static/texts.js";

const SHOWN_CHARACTERS = 20_000;

// Made when an operation is opened: most never are.
for (const operation of document.querySelectorAll("details.operation[data-try]"))
  operation.addEventListener("toggle", () => addForm(/** @type {HTMLElement} */ (operation)), {
    once: true,
  });
for (const operation of document.querySelectorAll("details.operation[data-try][open]"))
  addForm(/** @type {HTMLElement} */ (operation));

/** @param {HTMLElement} operation */
function addForm(operation) {
  if (operation.querySelector(".trying")) return;
  const path = operation.dataset.try ?? "";
  const places = [...path.matchAll(/{(\w+)}/g)].map(([, name = ""]) => name);
  const fields = places.map((name) => {
    const id = `${operation.id}-${name}`;
    const input = make("input", { id, name, required: true, autocomplete: "off" });
    const label = make("label", { htmlFor: id, textContent: name });
    return make("div", { className: "field" }, label, input);
  });
  const send = makeButton(texts.try_it, null, { type: "submit" });
  send.className = "button small";
  const answer = make("div", { className: "answer", hidden: true });
  answer.setAttribute("role", "status");
  const form = make("form", { className: "trying" }, ...fields, send);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const values = new FormData(form);
    const address = path.replace(/{(\w+)}/g, (_, name) =>
      encodeURIComponent(String(values.get(name) ?? "")),
    );
    send.disabled = true;
    await show(address, answer);
    send.disabled = false;
  });
  operation.querySelector(".sample")?.after(form, answer);
}

/**
 * @param {string} address
 * @param {HTMLElement} answer
 */
async function show(address, answer) {
  const key = $("docs-key").value.trim();
  /** @type {Record<string, string>} */
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  let shown;
  try {
    const got = await request(address, { headers });
    const text = (await got.text()).slice(0, SHOWN_CHARACTERS);
    shown = `${got.status}\n\n${indent(text)}`;
  } catch (problem) {
    if (!(problem instanceof RequestError)) throw problem;
    const { status, code, message } = problem;
    shown = `${status || ""} ${code}\n\n${status === 401 ? texts.key_needed : message}`.trim();
  }
  const code = make("code", { textContent: shown });
  const pre = make("pre", { tabIndex: 0 }, code);
  answer.replaceChildren(pre);
  answer.hidden = false;
}

/** @param {string} text */
function indent(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text; // a text, or more than is shown
  }
}
