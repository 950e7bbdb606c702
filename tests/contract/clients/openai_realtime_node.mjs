// Run by a real `openai` for Node.js with `ws`: BASE_URL (https: the client knows wss only), KEY,
// PCM (24 kHz), the folder with its modules. Prints one line of JSON.
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [baseURL, apiKey, recording, modules] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(createRequire(`${modules}/`).resolve(name)).href);
const { default: OpenAI } = await load("openai");
const { OpenAIRealtimeWS } = await load("openai/realtime/ws");
const { OpenAIRealtimeWebSocket } = await load("openai/realtime/websocket");
const pcm = fs.readFileSync(recording);

const clientWith = (key) => new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: key });
const connect = (key) => new OpenAIRealtimeWS({ model: "gpt-4o-transcribe" }, clientWith(key));
// Version 7 names the intent; its key is a subprotocol, as in a browser.
const connectNatively = (key) =>
  new OpenAIRealtimeWebSocket({ intent: "transcription" }, clientWith(key));

function speak(turns, sound, commits, open = connect) {
  return new Promise((resolve, reject) => {
    const socket = open(apiKey);
    const got = { types: [], deltas: "" };
    socket.on("event", (event) => got.types.push(event.type));
    socket.on("error", reject);
    socket.on("session.created", () => {
      const transcription = { model: "gpt-4o-transcribe", language: "en" };
      const input = { transcription, turn_detection: turns };
      socket.send({ type: "session.update", session: { type: "transcription", audio: { input } } });
    });
    socket.on("session.updated", (event) => {
      got.turns = event.session.audio.input.turn_detection;
      for (let at = 0; at < sound.length; at += 4800) {
        const audio = sound.subarray(at, at + 4800).toString("base64");
        socket.send({ type: "input_audio_buffer.append", audio });
      }
      if (commits) socket.send({ type: "input_audio_buffer.commit" });
    });
    socket.on("conversation.item.input_audio_transcription.delta", (event) => {
      got.deltas += event.delta;
    });
    socket.on("conversation.item.input_audio_transcription.completed", (event) => {
      socket.close();
      resolve({ ...got, transcript: event.transcript, seconds: event.usage.seconds });
    });
  });
}

const refused = await new Promise((resolve) => {
  connect("stt_wrong").on("error", (error) => resolve(error.message));
});
const server = { type: "server_vad", silence_duration_ms: 400 };
const committed = await speak(null, pcm, true);
// As from a microphone: silence behind the speech.
const turns = await speak(server, Buffer.concat([pcm, Buffer.alloc(4 * 24_000)]), false);
const isNative = "WebSocket" in globalThis; // from Node.js 22 on
const native = isNative ? await speak(null, pcm, true, connectNatively) : null;
console.log(JSON.stringify({ committed, turns, refused, native }));
