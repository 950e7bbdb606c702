// Run by a real `openai` for Node.js: BASE_URL, KEY, RECORDING. Prints one line of JSON.
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [baseURL, apiKey, recording, modules] = process.argv.slice(2);
const entry = createRequire(`${modules}/`).resolve("openai");
const { default: OpenAI } = await import(pathToFileURL(entry).href);
const client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey });
const create = (options = {}) =>
  client.audio.transcriptions.create({
    model: "whisper-1",
    file: fs.createReadStream(recording),
    ...options,
  });

const plain = await create();
const verbose = await create({
  response_format: "verbose_json",
  timestamp_granularities: ["word", "segment"],
});
let deltas = "";
let whole = "";
for await (const event of await create({ stream: true })) {
  if (event.type === "transcript.text.delta") deltas += event.delta;
  if (event.type === "transcript.text.done") whole = event.text;
}
let refused = null;
try {
  await create({ response_format: "xml" });
} catch (error) {
  refused = [error.constructor.name, error.status, error.code, error.param];
}
console.log(
  JSON.stringify({
    text: plain.text,
    words: verbose.words.map(({ word }) => word),
    segments: verbose.segments.length,
    deltas,
    whole,
    refused,
  }),
);
