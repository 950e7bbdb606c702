import assert from "node:assert/strict";
import { beforeEach, mock, test } from "node:test";
import { LiveTranscription } from "../../transcripts/live/static/live-client.js";
import { BYTES_A_MS } from "../../transcripts/live/static/unsent-audio.js";

const GIVE_UP_MS = 300_000;

/** The browser's WebSocket: opened, answered and closed by the test. */
class FakeSocket {
  static OPEN = 1;
  /** @type {FakeSocket[]} */
  static all = [];
  readyState = 1;
  bufferedAmount = 0;
  /** @type {any[]} */
  sent = [];
  onopen = () => {};
  /** @type {(event: {data: string}) => void} */
  onmessage = () => {};
  /** @type {(event: {code: number}) => void} */
  onclose = () => {};

  /** @param {URL} address */
  constructor(address) {
    this.address = address;
    FakeSocket.all.push(this);
  }
  /** @param {string | ArrayBuffer} frame */
  send(frame) {
    this.sent.push(typeof frame === "string" ? JSON.parse(frame) : frame);
  }
  close() {
    this.readyState = 3;
  }
  /** @param {Record<string, unknown>} message */
  receive(message) {
    this.onmessage({ data: JSON.stringify({ audio_ms: 0, ...message }) });
  }
  start() {
    this.onopen();
    this.receive({ status: "started", resume_token: "r1", transcript_id: "t1" });
  }
  /** @param {number} code */
  lose(code = 1006) {
    this.readyState = 3;
    this.onclose({ code });
  }
}

/** The browser's microphone: what it captures comes by `speak`. */
const device = { isOpen: false, onFrame: (/** @type {any} */ _frame) => {}, ask: async () => {} };

class FakeWorklet {
  port = {
    onmessage: (/** @type {any} */ _event) => {},
    postMessage: (/** @type {string} */ message) => {
      if (message === "flush") this.port.onmessage({ data: { isLast: true } });
    },
  };
  constructor() {
    device.onFrame = (data) => this.port.onmessage({ data });
  }
  connect() {
    return this;
  }
}

class FakeContext {
  audioWorklet = { addModule: async () => {} };
  destination = {};
  state = "running";
  async resume() {}
  async close() {}
  createMediaStreamSource() {
    return { connect: (/** @type {FakeWorklet} */ node) => node };
  }
}

const track = {
  stop: () => (device.isOpen = false),
  getSettings: () => ({ deviceId: "built-in" }),
};
const stream = { getTracks: () => [track], getAudioTracks: () => [track] };
const mediaDevices = {
  getUserMedia: async () => {
    await device.ask();
    device.isOpen = true;
    return stream;
  },
};
Object.assign(globalThis, { WebSocket: FakeSocket, AudioContext: FakeContext });
Object.assign(globalThis, { AudioWorkletNode: FakeWorklet });
Object.defineProperty(globalThis, "navigator", { value: { mediaDevices }, configurable: true });

/** @param {number} ms */
const speak = (ms) => device.onFrame({ pcm: new ArrayBuffer(ms * BYTES_A_MS), level: 0.5 });
const socket = () => /** @type {FakeSocket} */ (FakeSocket.all.at(-1));
const turn = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};
/** @param {number} ms */
async function pass(ms) {
  for (let done = 0; done < ms; done += 1000) {
    mock.timers.tick(Math.min(1000, ms - done));
    await turn();
  }
}

/** @param {Partial<ConstructorParameters<typeof LiveTranscription>[0]>} [options] */
async function begin(options = {}) {
  const live = new LiveTranscription({ url: "wss://stt.example/v1/stream", ...options });
  /** @type {[string, any][]} */
  const events = [];
  for (const name of ["state", "session", "final", "partial", "ended", "failed"])
    live.addEventListener(name, (event) =>
      events.push([name, /** @type {CustomEvent} */ (event).detail]),
    );
  await live.start();
  await turn();
  return { live, events };
}

/** @param {[string, any][]} events */
const states = (events) =>
  events.filter(([name]) => name === "state").map(([, { state }]) => state);
/** @param {[string, any][]} events */
const failure = (events) => events.find(([name]) => name === "failed")?.[1];
/** @param {FakeSocket} from */
const bytesSent = (from) =>
  from.sent.reduce((sum, frame) => sum + (frame instanceof ArrayBuffer ? frame.byteLength : 0), 0);

beforeEach(() => {
  FakeSocket.all = [];
  Object.assign(device, { isOpen: false, ask: async () => {} });
  mock.timers.reset();
  mock.timers.enable({ apis: ["setTimeout", "setInterval", "Date"], now: 1_000_000 });
});

test("a session is opened, sends what is spoken, and ends with the server's last message", async () => {
  const { live, events } = await begin({ getToken: () => "k1", language: "cs" });
  speak(100);
  assert.equal(socket().address.searchParams.get("token"), "k1");
  socket().start();
  assert.equal(socket().sent[0].language, "cs");
  speak(100);
  assert.equal(bytesSent(socket()), 200 * BYTES_A_MS); // also what was spoken before it was open
  const stopped = live.stop();
  await turn();
  assert.deepEqual(socket().sent.at(-1), { action: "stop" });
  assert.ok(!device.isOpen);
  socket().receive({ is_final: true, transcript: "Hello." });
  assert.equal((await stopped).transcript, "Hello.");
  assert.deepEqual(states(events), ["asking", "connecting", "listening", "finishing", "ended"]);
});

test("a lost connection is opened again, with the end of the last text that arrived", async () => {
  const { events } = await begin();
  socket().start();
  speak(300);
  socket().receive({ text: "One.", start: 0, end: 0.1, audio_ms: 100 });
  socket().lose();
  await pass(1000);
  const again = socket();
  assert.equal(FakeSocket.all.length, 2);
  again.onopen();
  assert.equal(again.sent[0].resume_token, "r1");
  assert.ok(Object.values(again.sent[0]).includes(0.1));
  again.receive({ status: "started", resume_token: "r1", audio_ms: 100 });
  assert.equal(bytesSent(again), 200 * BYTES_A_MS);
  assert.deepEqual(states(events).slice(-2), ["reconnecting", "listening"]);
});

test("a server that stays away while finishing ends it, instead of being asked for ever", async () => {
  const { live, events } = await begin();
  socket().start();
  speak(100);
  const stopped = live.stop();
  await turn();
  socket().lose();
  for (let waited = 0; waited < GIVE_UP_MS + 30_000 && !failure(events); waited += 1000) {
    await pass(1000);
    if (socket().readyState === 1) socket().lose();
  }
  assert.equal(failure(events)?.code, "server_away");
  assert.equal((await stopped).code, "server_away");
  const tries = FakeSocket.all.length;
  await pass(60_000);
  assert.equal(FakeSocket.all.length, tries);
});

test("a session that was open for long has the whole time again when it is lost", async () => {
  const { events } = await begin();
  socket().start();
  for (let minute = 0; minute < 10; minute++) {
    for (let second = 0; second < 60; second += 5) {
      await pass(5000);
      socket().receive({ status: "listening" });
    }
  }
  socket().lose();
  await pass(2000);
  assert.equal(failure(events), undefined);
  assert.equal(FakeSocket.all.length, 2);
});

test("a server that was never there is given up after a few tries", async () => {
  const { events } = await begin();
  for (let i = 0; i < 10 && !failure(events); i++) {
    socket().lose();
    await pass(3000);
  }
  assert.equal(failure(events)?.code, "server_away");
  assert.equal(FakeSocket.all.length, 4);
  assert.ok(!device.isOpen);
});

test("a token that never comes is asked for again", async () => {
  let asked = 0;
  await begin({
    getToken: () => (++asked === 1 ? new Promise(() => {}) : "k2"),
  });
  assert.equal(FakeSocket.all.length, 0);
  await pass(25_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(socket().address.searchParams.get("token"), "k2");
});

test("a token that is refused ends it; another failure is tried again", async () => {
  const refused = Object.assign(new Error("Logged out."), { code: "logged_out" });
  const { events } = await begin({ getToken: () => Promise.reject(refused) });
  assert.deepEqual(failure(events), { code: "logged_out", message: "Logged out." });

  let asked = 0;
  const second = await begin({
    getToken: async () => {
      if (++asked === 1) throw Object.assign(new Error("Offline"), { code: "" });
      return "k1";
    },
  });
  await pass(2000);
  assert.equal(failure(second.events), undefined);
  assert.equal(FakeSocket.all.length, 1);
});

test("an address that can't be used ends it with an event", async () => {
  const { events } = await begin({ url: "nowhere" });
  await pass(10_000);
  assert.ok(failure(events));
});

test("stopping while the browser asks for the microphone closes it", async () => {
  /** @type {() => void} */
  let allow = () => {};
  device.ask = () => new Promise((resolve) => (allow = resolve));
  const live = new LiveTranscription({ url: "wss://stt.example/v1/stream" });
  const started = live.start();
  const stopped = live.stop();
  allow();
  await started;
  assert.equal((await stopped).code, "cancelled");
  assert.ok(!device.isOpen);
  assert.equal(FakeSocket.all.length, 0);
});

test("a refused microphone is a code", async () => {
  device.ask = async () => {
    throw new DOMException("No", "NotAllowedError");
  };
  const { events } = await begin();
  assert.equal(failure(events)?.code, "permission_denied");
});

test("a message that is no JSON counts as a lost connection", async () => {
  const { events } = await begin();
  socket().start();
  socket().onmessage({ data: "<h1>Bad gateway" });
  await pass(1000);
  assert.equal(FakeSocket.all.length, 2);
  assert.equal(failure(events), undefined);
});

test("silence of the server counts as a lost connection", async () => {
  await begin();
  socket().start();
  await pass(21_000);
  assert.equal(FakeSocket.all.length, 2);
});

test("where the server closed the session, what is left begins another", async () => {
  const { events } = await begin();
  socket().start();
  for (let frame = 0; frame < 3; frame++) speak(100);
  socket().receive({ status: "listening", audio_ms: 200 });
  socket().lose();
  await pass(1000);
  socket().onopen();
  socket().receive({ error: "Ended.", code: "session_ended" });
  socket().lose(4410);
  await pass(1000);
  socket().onopen();
  assert.equal(socket().sent[0].resume_token, undefined);
  socket().receive({ status: "started", resume_token: "r2" });
  assert.equal(bytesSent(socket()), 100 * BYTES_A_MS);
  assert.equal(failure(events), undefined);
});

test("a buffer that is full ends it: no audio is dropped in silence", async () => {
  const { events } = await begin();
  socket().start();
  socket().lose();
  for (let second = 0; second < 301; second++) speak(1000);
  assert.equal(failure(events)?.code, "server_away");
});

test("a partial is told apart into what is committed and what may change", async () => {
  const { events } = await begin();
  socket().start();
  socket().receive({ partial: "the old bridge", committed: "the old", start: 1 });
  socket().receive({ partial: "another", committed: "the old", start: 1 });
  const partials = events.filter(([name]) => name === "partial").map(([, detail]) => detail);
  assert.deepEqual(partials, [
    { committed: "the old", pending: " bridge", start: 1 },
    { committed: "", pending: "another", start: 1 },
  ]);
});
