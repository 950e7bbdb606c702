// Run by a real `assemblyai` for Node.js: BASE_URL, KEY, RECORDING. Prints one line of JSON.
import { createRequire } from "node:module";

const [baseUrl, apiKey, recording, modules] = process.argv.slice(2);
const { AssemblyAI } = createRequire(`${modules}/`)("assemblyai");
const { transcripts } = new AssemblyAI({ apiKey, baseUrl });

const done = await transcripts.transcribe(
  { audio: recording, language_code: "en" },
  { pollingInterval: 200 },
);
const { sentences } = await transcripts.sentences(done.id);
const page = await transcripts.list({ limit: 1 });
let refused = null;
try {
  await transcripts.submit({ audio: recording, multichannel: true });
} catch (error) {
  refused = [error.constructor.name, error.message];
}
console.log(
  JSON.stringify({
    text: done.text,
    words: done.words.map((word) => word.text),
    sentences: sentences.map((each) => each.text),
    srt: await transcripts.subtitles(done.id, "srt"),
    listed: page.transcripts[0].id === done.id,
    refused,
  }),
);
