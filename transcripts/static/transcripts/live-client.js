// Speech to text while it is spoken: a client for WS /v1/stream, for any page.
// Copy this file with microphone.js, pcm-worklet.js and unsent-audio.js; docs/live.md tells of them.
//
//   const live = new LiveTranscription({ url: "wss://stt.example/v1/stream", language: "auto" });
//   live.addEventListener("final", ({ detail }) => console.log(detail.text));
//   await live.start();            // asks for the microphone
//   await live.stop();             // resolves once the server has said everything
//
// Events, each with its `detail`:
//   state    {state}: asking, connecting, listening, paused, reconnecting, finishing, ended, failed
//   session  it is open (again): transcript_id, model, transcript_token (a visitor's) …
//   level    {level: 0..1, capturedMs}: ten times a second
//   partial  {committed, pending}: the utterance under way; `committed` won't change
//   final    {text, start, end, words}: never changed, never told twice; times in seconds. What was
//            settled while the connection was lost is told once it is back
//   notice   {code, message}: something to know that ends nothing
//   ended    the last message: transcript, credits_charged …
//   failed   {code, message}: why it ended early; what was said until then is kept
//
// Audio that the server has not stored yet is kept (up to five minutes); after a lost connection it
// is sent again. Where the server closed the session meanwhile, what is left begins a new one.

import { openMicrophone } from "./microphone.js";
import { BYTES_A_MS, UnsentAudio } from "./unsent-audio.js";

const KEPT_MS = 300_000;
const MAX_BUFFERED_BYTES = 64_000; // 2 s: more waits here, where it can be sent again
const PUMP_AGAIN_MS = 50;
const KEEPALIVE_MS = 15_000;
const RETRY_MS = [0, 500, 1000, 2000, 4000, 5000]; // the last one again and again
const FIRST_TRIES = 4; // without ever having had a session
const SILENCE_MS = 20_000;
// Closed with an error, and to be tried again: stopping, unavailable, too many at once.
const PASSING_CLOSE_CODES = [1012, 1013, 4429];
const LOST_CODES = ["session_ended", "session_not_found"];

export class LiveTranscription extends EventTarget {
  #audio = new UnsentAudio({ capacityMs: KEPT_MS });
  #capturedBytes = 0;
  #state = "idle";
  #socket = null;
  #microphone = null;
  #session = null;
  #resumeToken = "";
  #lastReceivedS = 0; // the end of the last final
  #tries = 0;
  #timers = { retry: 0, pump: 0, silence: 0, keepalive: 0 };
  #isPaused = false;
  #isStopping = false;
  #isStopSent = false;
  #refusal = null;
  #over = Promise.withResolvers();

  /**
   * `getToken()` returns (a promise of) an API key or a ticket, or "" for a visitor; it is asked for
   * each connection. `secondPass`: transcribe the recording a second time, better, when it is over.
   */
  constructor({ url, getToken = () => "", language = "auto", model, secondPass = false, title = "" }) {
    super();
    this.url = url;
    this.getToken = getToken;
    this.config = { language, model, second_pass: secondPass, title };
  }

  get state() { return this.#state; }

  /** Ask for the microphone and connect. What goes wrong is told by the event `failed`. */
  async start() {
    this.#enter("asking");
    try {
      this.#microphone = await openMicrophone({
        onFrame: (pcm, level) => this.#hear(pcm, level),
        onInterrupt: (isInterrupted) => (isInterrupted ? this.pause() : this.resume()),
        onLost: () => this.stop(),
      });
    } catch (problem) {
      return this.#fail(problem.code ?? "no_microphone", problem.message);
    }
    if (this.#isStopping) return this.#fail("cancelled", "");
    this.#connect();
  }

  /** Listen no more, until `resume()`; the session stays open. */
  pause() {
    if (this.#isPaused || this.#isStopping) return;
    this.#isPaused = true;
    this.#microphone?.pause();
    this.#timers.keepalive = setInterval(() => this.#send({ action: "keepalive" }), KEEPALIVE_MS);
    if (this.#state === "listening") this.#enter("paused");
  }

  resume() {
    if (!this.#isPaused || this.#isStopping) return;
    this.#isPaused = false;
    clearInterval(this.#timers.keepalive);
    this.#microphone?.resume();
    if (this.#state === "paused") this.#enter("listening");
  }

  /** Change the language, from the next utterance on. */
  configure({ language }) {
    this.config.language = language;
    this.#send({ action: "configure", language });
  }

  /** Close the microphone, send what is left, and wait for the last words. */
  async stop() {
    if (!this.#isStopping) {
      this.#isStopping = true;
      clearInterval(this.#timers.keepalive);
      await this.#microphone?.close();
      if (!this.#isOver && this.#microphone) this.#enter("finishing");
      this.#pump();
    }
    return this.#over.promise;
  }

  // ---- audio

  #hear(pcm, level) {
    if (this.#isOver) return;
    this.#audio.push(pcm);
    this.#capturedBytes += pcm.byteLength;
    this.#tell("level", { level, capturedMs: this.#capturedBytes / BYTES_A_MS });
    if (this.#audio.isFull) this.#fail("server_away", "");
    else this.#pump();
  }

  #pump() {
    clearTimeout(this.#timers.pump);
    if (!this.#session || this.#socket?.readyState !== WebSocket.OPEN) return;
    while (!this.#audio.isAllSent && this.#socket.bufferedAmount < MAX_BUFFERED_BYTES)
      this.#socket.send(this.#audio.take());
    if (!this.#audio.isAllSent) this.#timers.pump = setTimeout(() => this.#pump(), PUMP_AGAIN_MS);
    else if (this.#state === "finishing" && !this.#isStopSent) {
      this.#isStopSent = true;
      this.#send({ action: "stop" });
    }
  }

  #send(message) {
    if (this.#session && this.#socket?.readyState === WebSocket.OPEN)
      this.#socket.send(JSON.stringify(message));
  }

  // ---- the connection

  async #connect() {
    if (this.#isOver) return;
    if (this.#state !== "finishing") this.#enter(this.#resumeToken ? "reconnecting" : "connecting");
    let address;
    try {
      address = await this.#makeAddress();
    } catch (problem) {
      return problem.code ? this.#fail(problem.code, problem.message) : this.#retry();
    }
    const socket = (this.#socket = new WebSocket(address));
    socket.onopen = () => socket.send(JSON.stringify(this.#describe()));
    socket.onmessage = ({ data }) => this.#socket === socket && this.#read(JSON.parse(data));
    socket.onclose = ({ code }) => this.#socket === socket && this.#closed(code);
    this.#expectMessage();
  }

  /** The server says something every 5 s; where it doesn't, the connection is dead. */
  #expectMessage() {
    clearTimeout(this.#timers.silence);
    this.#timers.silence = setTimeout(() => this.#retry(), SILENCE_MS);
  }

  async #makeAddress() {
    const address = new URL(this.url);
    const token = await this.getToken();
    if (token) address.searchParams.set("token", token);
    return address;
  }

  #describe() {
    const config = { ...this.config };
    if (!this.#resumeToken) return config;
    return { ...config, resume_token: this.#resumeToken, last_received: this.#lastReceivedS };
  }

  #retry() {
    this.#drop();
    if (this.#isOver) return;
    if (!this.#resumeToken && ++this.#tries >= FIRST_TRIES) return this.#fail("server_away", "");
    if (this.#resumeToken) this.#tries++;
    if (this.#state !== "finishing" && this.#resumeToken) this.#enter("reconnecting");
    const wait = RETRY_MS[Math.min(this.#tries, RETRY_MS.length) - 1];
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
  }

  #drop() {
    for (const name of ["retry", "pump", "silence"]) clearTimeout(this.#timers[name]);
    const socket = this.#socket;
    this.#socket = this.#session = this.#refusal = null;
    this.#isStopSent = false;
    socket?.close();
  }

  // ---- what the server says

  #read(message) {
    this.#expectMessage();
    if (message.error) return void (this.#refusal = message); // and a close, which tells its kind
    if (message.status === "started") this.#opened(message);
    if (this.#session) this.#audio.acknowledge(message.audio_ms);
    if (message.text) this.#readFinal(message);
    if (message.partial || message.text) this.#tell("partial", splitPartial(message));
    if (message.notice) this.#tell("notice", message);
    if (message.is_final) this.#end(message);
  }

  #readFinal(message) {
    this.#lastReceivedS = message.end;
    this.#tell("final", message);
  }

  #opened(message) {
    this.#session = message;
    this.#resumeToken = message.resume_token;
    this.#tries = 0;
    this.#audio.rewind(message.audio_ms);
    this.#tell("session", message);
    if (this.#state !== "finishing") this.#enter(this.#isPaused ? "paused" : "listening");
    this.#pump();
  }

  #closed(closeCode) {
    const refusal = this.#refusal;
    if (!refusal) return this.#retry();
    if (this.#resumeToken && LOST_CODES.includes(refusal.code)) return this.#beginAnew();
    const isPassing = !refusal.is_final && PASSING_CLOSE_CODES.includes(closeCode);
    if (isPassing && this.#resumeToken) return this.#retry();
    this.#fail(refusal.code, refusal.error, refusal);
  }

  /** The session was closed while the connection was lost: the rest is another transcript. */
  #beginAnew() {
    this.#resumeToken = "";
    this.#lastReceivedS = 0;
    this.#audio.rebase();
    if (this.#isStopping && this.#audio.endMs === 0) return this.#end({});
    this.#retry();
  }

  // ---- the end

  #end(message) {
    this.#finish("ended", message);
  }

  #fail(code, message, rest = {}) {
    if (!this.#isOver) this.#finish("failed", { ...rest, code, message });
  }

  #finish(state, detail) {
    this.#enter(state);
    clearInterval(this.#timers.keepalive);
    this.#drop();
    if (!this.#isStopping) this.#microphone?.close();
    this.#isStopping = true;
    this.#tell(state, detail);
    this.#over.resolve(detail);
  }

  get #isOver() { return this.#state === "ended" || this.#state === "failed"; }

  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#tell("state", { state });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** `partial` is the utterance under way, and begins with what is `committed` of it. */
function splitPartial({ partial = "", committed = "", start }) {
  if (!partial.startsWith(committed)) return { committed: "", pending: partial, start };
  return { committed, pending: partial.slice(committed.length), start };
}
