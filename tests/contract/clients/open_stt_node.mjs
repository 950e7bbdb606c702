// Our Node.js client as installed: argv is the address, the key, a recording, PCM, and the folder
// that it is installed in. Prints JSON.
import { createReadStream, mkdtempSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { pathToFileURL } from "node:url";

const [address, key, recording, pcm, folder] = process.argv.slice(2);
const { resolve } = createRequire(`${folder}/`);
const sdk = await import(pathToFileURL(resolve("open-stt-sdk")).href);
const { STTClient } = sdk;
const got = {};

async function refusal(use) {
  try {
    await use();
  } catch (error) {
    return [error.constructor.name, error.code, error.requestId !== ""];
  }
  return [];
}
async function all(items) {
  const found = [];
  for await (const each of items) found.push(each);
  return found;
}

const client = new STTClient({ baseUrl: address, apiKey: key });
const stages = [];
const transcript = await client.transcribe(recording, {
  speakers: 1,
  onProgress: ({ stage }) => stages.push(stage),
});
got.text = transcript.text;
got.stage = stages.at(-1);
got.srt = await client.transcribe(recording, { responseFormat: "srt" });
got.bytes = (await client.transcribe(readFileSync(recording), { fileName: "a.flac" })).text;
got.pipe = (await client.transcribe(createReadStream(recording))).text;

const [segment] = await all(client.transcripts.segments(transcript.id));
await client.transcripts.editSegment(transcript.id, segment.id, { text: "Node has corrected it." });
got.exported = await client.transcripts.exportText(transcript.id, "txt");
got.found = (await all(client.transcripts.search("node corrected"))).map(({ id }) => id === transcript.id);

const made = await client.keys.create("only transcribes", { scopes: ["transcribe"] });
const narrow = new STTClient({ baseUrl: address, apiKey: made.key });
got.narrow = (await narrow.transcribe(recording)).text;
got.narrowReads = await refusal(() => all(narrow.transcripts.list()));
await client.keys.revoke(made.id);
got.revoked = await refusal(() => narrow.account());
got.unknown = await refusal(() => client.transcripts.get("00000000-0000-0000-0000-000000000000"));
got.unknownChat = await client.transcripts
  .chatStream("00000000-0000-0000-0000-000000000000", "When?")
  .next()
  .catch(({ message, requestId }) => [message, requestId !== ""]);
got.notAudio = await refusal(() => client.transcribe(Buffer.alloc(10000)));
got.guest = (await new STTClient({ baseUrl: address, apiKey: "" }).transcribe(recording)).text;

const clean = `${mkdtempSync(`${tmpdir()}/stt-`)}/clean.wav`;
await client.sound.enhance(recording, clean, { strength: "light", target: -18 });
got.clean = readFileSync(clean).subarray(0, 4).toString();
got.unspoken = await refusal(() => client.sound.speak("Hello.", clean, { voice: "heart" }));
got.notOperator = await refusal(() => client.server.weights());

const session = await client.live({ language: "en" });
session.send(readFileSync(pcm));
got.live = (await session.finish()).transcript;
got.shortPause = await refusal(async () => (await client.live({ endpointing_ms: 299 })).finish());
const patient = await client.live({ language: "en", endpointing_ms: 5000 });
patient.send(Buffer.concat([readFileSync(pcm), readFileSync(pcm)]));
got.patient = (await patient.finish().then(() => all(patient))).filter(({ text, is_final }) => text && !is_final).length;
got.pieces = (await all(session)).filter((message) => !message.is_final).map(({ text }) => text);
await client.transcripts.delete(transcript.id);
process.stdout.write(JSON.stringify(got));
process.exit(0);
