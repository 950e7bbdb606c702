// A cURL line of the reference, read as a call, and written in Python and in JavaScript. Nothing of
// a page here.

/**
 * @typedef {{
 *   method: string,
 *   url: string,
 *   headers: Record<string, string>,
 *   fields: Record<string, string>,
 *   fileField: string,
 *   fileName: string,
 *   json: any,
 * }} Call `fileField` "": the file itself is the body; `fileName` "": there is none
 */

const TOKENS = /'([^']*)'|"([^"]*)"|([^\s\\]+)/g;

/**
 * Read one of our own cURL lines; no other's.
 * @param {string} line
 * @returns {Call}
 */
export function readCurl(line) {
  const tokens = [...line.matchAll(TOKENS)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? "",
  );
  /** @type {Call} */
  const call = {
    method: "",
    url: "",
    headers: {},
    fields: {},
    fileField: "",
    fileName: "",
    json: undefined,
  };
  const rest = tokens.slice(1)[Symbol.iterator]();
  const next = () => String(rest.next().value ?? "");
  for (const token of rest) {
    if (token === "-X") call.method = next();
    else if (token === "-H") addPair(call.headers, next(), ": ");
    else if (token === "-F") addField(call, next());
    else if (token === "-d") call.json = JSON.parse(next());
    else if (token === "--data-binary") call.fileName = next().slice(1);
    else call.url = token;
  }
  const hasBody = call.json !== undefined || call.fileName || Object.keys(call.fields).length;
  call.method ||= hasBody ? "POST" : "GET";
  if (call.json !== undefined) delete call.headers["Content-Type"];
  return call;
}

/** @param {Record<string, string>} pairs @param {string} text @param {string} between */
function addPair(pairs, text, between) {
  const at = text.indexOf(between);
  pairs[text.slice(0, at)] = text.slice(at + between.length);
}

/** @param {Call} call @param {string} field */
function addField(call, field) {
  const [name = "", value = ""] = field.split(/=(.*)/s);
  if (value.startsWith("@")) [call.fileField, call.fileName] = [name, value.slice(1)];
  else call.fields[name] = value;
}

/** With `requests`. @param {Call} call */
export function writePython({ method, url, headers, fields, fileField, fileName, json }) {
  const given = [
    JSON.stringify(url),
    ...option("headers", headers),
    ...option("data", fields),
    ...(json === undefined ? [] : [`json=${asPython(json)}`]),
    ...(fileName ? [fileField ? `files={${JSON.stringify(fileField)}: file}` : "data=file"] : []),
  ];
  const indent = fileName ? "    " : "";
  const call = `answer = requests.${method.toLowerCase()}(\n${given
    .map((each) => `${indent}    ${each},\n`)
    .join("")}${indent})`;
  return [
    "import requests  # pip install requests\n",
    ...(fileName ? [`with open(${JSON.stringify(fileName)}, "rb") as file:`] : []),
    `${indent}${call}`,
    "answer.raise_for_status()",
    "print(answer.text)",
  ].join("\n");

  /** @param {string} name @param {Record<string, string>} values */
  function option(name, values) {
    return Object.keys(values).length ? [`${name}=${asPython(values)}`] : [];
  }
}

/** @param {any} value @returns {string} */
function asPython(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(asPython).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const pairs = Object.entries(value).map(
    ([name, each]) => `${JSON.stringify(name)}: ${asPython(each)}`,
  );
  return `{${pairs.join(", ")}}`;
}

/** With `fetch`: Node.js 20 or a browser; a file is read as Node.js does. @param {Call} call */
export function writeJavaScript({ method, url, headers, fields, fileField, fileName, json }) {
  const opened = `await openAsBlob(${JSON.stringify(fileName)})`;
  const isForm = Boolean(fileField || Object.keys(fields).length);
  const body =
    json !== undefined ? `JSON.stringify(${JSON.stringify(json)})` : isForm ? "form" : opened;
  const options = [
    ...(method === "GET" ? [] : [`method: ${JSON.stringify(method)}`]),
    ...(Object.keys(headers).length ? [`headers: ${JSON.stringify(headers)}`] : []),
    ...(json !== undefined || isForm || fileName ? [`body: ${body}`] : []),
  ];
  const given = options.length ? `, {\n${options.map((each) => `  ${each},\n`).join("")}}` : "";
  return [
    ...(fileName ? ['import { openAsBlob } from "node:fs"; // Node.js 20 or newer\n'] : []),
    ...(isForm ? ["const form = new FormData();"] : []),
    ...Object.entries(fields).map(
      ([name, value]) => `form.append(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
    ),
    ...(fileField
      ? [`form.append(${JSON.stringify(fileField)}, ${opened}, ${JSON.stringify(fileName)});`]
      : []),
    `const answer = await fetch(${JSON.stringify(url)}${given});`,
    "if (!answer.ok) throw new Error(await answer.text());",
    "console.log(await answer.text());",
  ].join("\n");
}
