// Run by a real `@deepgram/sdk` for Node.js: BASE_URL, KEY, RECORDING. Prints one line of JSON.
import fs from "node:fs";
import { createRequire } from "node:module";

const [baseUrl, apiKey, recording, modules] = process.argv.slice(2);
const { DeepgramClient } = createRequire(`${modules}/`)("@deepgram/sdk");
const { media } = new DeepgramClient({ apiKey, baseUrl }).listen.v1;

const answer = await media.transcribeFile(fs.createReadStream(recording), {
  model: "nova-3",
  language: "en",
  punctuate: true,
});
const [alternative] = answer.results.channels[0].alternatives;
let refused = null;
try {
  await media.transcribeFile(fs.createReadStream(recording), { multichannel: true });
} catch (error) {
  refused = [error.constructor.name, error.statusCode, error.body.err_code];
}
console.log(
  JSON.stringify({
    text: alternative.transcript,
    words: alternative.words.map((word) => word.word),
    refused,
  }),
);
