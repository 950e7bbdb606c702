// Speech to text while it is spoken: a client for WS /v1/stream, for any page.
// Copy this file with live-connection.js, microphone.js, pcm-worklet.js and unsent-audio.js;
// docs/live.md describes them.
//
//   const live = new LiveTranscription({ url: "wss://stt.example/v1/stream", language: "auto" });
//   live.addEventListener("final", ({ detail }) => console.log(detail.text));
//   await live.start();            // asks for the microphone
//   await live.stop();             // resolves once every word is here
//
// Events, each with its `detail`:
//   state    {state}: asking, connecting, listening, paused, reconnecting, finishing, ended, failed
//   session  it is open (again): transcript_id, model, transcript_token (a guest's) …
//   level    {level: 0..1, capturedMs}: ten times a second
//   partial  {committed, pending}: the utterance under way; `committed` won't change
//   final    {text, start, end, words}: never changed, never repeated; times in seconds. What was
//            finalized while the connection was lost comes once it is back
//   notice   {code, message}: something to know that ends nothing
//   ended    the last message: transcript, credits_charged …
//   failed   {code, message}: why it ended early; the words until then are stored
//
// Audio that the server has not stored yet is retained (up to five minutes); after a lost connection
// it is sent again. Where the server closed the session in the meantime, what is left begins a new
// one. A server that stays away for five minutes ends the session with `server_away`.

import { LiveConnection } from "./live-connection.js";
import { openMicrophone } from "./microphone.js";
import { BYTES_A_MS, UnsentAudio } from "./unsent-audio.js";

const CAPACITY_MS = 300_000;
const GIVE_UP_MS = CAPACITY_MS; // without a session, also where no audio fills the buffer any more
const PUMP_AGAIN_MS = 50;
const KEEPALIVE_MS = 15_000;
const RETRY_MS = [0, 500, 1000, 2000, 4000, 5000]; // the last one again and again
const FIRST_TRIES = 4; // without ever having had a session
// Closed with an error, and to be tried again: stopping, unavailable, too many at once.
const PASSING_CLOSE_CODES = [1012, 1013, 4429];
const LOST_CODES = ["session_ended", "session_not_found"];

/** @typedef {Awaited<ReturnType<typeof openMicrophone>>} Microphone */
/** @typedef {ReturnType<typeof setTimeout>} Timer */
/** @typedef {import("./live-connection.js").Message} Message */

export class LiveTranscription extends EventTarget {
  #audio = new UnsentAudio({ capacityMs: CAPACITY_MS });
  #capturedBytes = 0;
  #state = "idle";
  /** @type {LiveConnection | null} */
  #connection = null;
  /** @type {Microphone | null} */
  #microphone = null;
  /** @type {Message | null} */
  #session = null;
  #resumeToken = "";
  #lastReceivedS = 0; // the end of the last final
  #tries = 0;
  #lostAt = 0; // when the first try began that found no session
  /** @type {Record<"retry" | "pump" | "keepalive", Timer | undefined>} */
  #timers = { retry: undefined, pump: undefined, keepalive: undefined };
  #isPaused = false;
  #isStopping = false;
  #isStopSent = false;
  /** @type {Message | null} */
  #refusal = null;
  /** @type {(detail: Message) => void} */
  #resolveOver = () => {};
  /** @type {Promise<Message>} */
  #over = new Promise((resolve) => (this.#resolveOver = resolve));

  /**
   * @param {object} options
   * @param {string | URL} options.url
   * @param {() => string | Promise<string>} [options.getToken] returns an API key or a ticket, or ""
   *   for a guest; called for each connection. What it throws with a `code` ends the session, else
   *   it is called again.
   * @param {string} [options.language]
   * @param {string} [options.model]
   * @param {boolean} [options.secondPass] transcribe the recording a second time, better, at the end
   * @param {string} [options.title]
   * @param {string} [options.hotWords] words that are likely to occur, separated by commas
   * @param {string} [options.deviceId] of the microphone; without it, the browser's choice
   */
  constructor({
    url,
    getToken = () => "",
    language = "auto",
    model,
    secondPass = false,
    title = "",
    hotWords = "",
    deviceId = "",
  }) {
    super();
    this.deviceId = deviceId;
    this.url = url;
    this.getToken = getToken;
    this.config = { language, model, second_pass: secondPass, title, hot_words: hotWords };
  }

  get state() {
    return this.#state;
  }

  /** Ask for the microphone and connect. A failure comes as the event `failed`. */
  async start() {
    this.#enter("asking");
    /** @type {Microphone} */
    let microphone;
    try {
      microphone = await openMicrophone({
        onFrame: (pcm, level) => this.#receiveAudio(pcm, level),
        onInterrupt: (isInterrupted) => (isInterrupted ? this.pause() : this.resume()),
        onLost: () => this.stop(),
        deviceId: this.deviceId,
      });
    } catch (problem) {
      const { code, message } = describeProblem(problem);
      return this.#fail(code || "no_microphone", message);
    }
    if (this.#isStopping) {
      // stop() came while the browser asked: it had no microphone to close
      await microphone.close();
      return this.#fail("cancelled", "");
    }
    this.#microphone = microphone;
    this.deviceId = microphone.deviceId;
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

  /**
   * Change the language, from the next utterance on.
   * @param {{language: string}} options
   */
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
    return this.#over;
  }

  // ---- audio

  /**
   * @param {ArrayBuffer} pcm
   * @param {number} level
   */
  #receiveAudio(pcm, level) {
    if (this.#isOver) return;
    this.#audio.push(pcm);
    this.#capturedBytes += pcm.byteLength;
    this.#emit("level", { level, capturedMs: this.#capturedBytes / BYTES_A_MS });
    if (this.#audio.isFull) this.#fail("server_away", "");
    else this.#pump();
  }

  #pump() {
    clearTimeout(this.#timers.pump);
    if (!this.#session || !this.#connection?.isOpen) return;
    while (!this.#audio.isAllSent && this.#connection.hasRoom)
      this.#connection.send(this.#audio.take());
    if (!this.#audio.isAllSent) this.#timers.pump = setTimeout(() => this.#pump(), PUMP_AGAIN_MS);
    else if (this.#state === "finishing" && !this.#isStopSent) {
      this.#isStopSent = true;
      this.#send({ action: "stop" });
    }
  }

  /** @param {Message} message */
  #send(message) {
    if (this.#session && this.#connection?.isOpen) this.#connection.send(JSON.stringify(message));
  }

  // ---- the connection

  async #connect() {
    if (this.#isOver) return;
    this.#lostAt ||= Date.now();
    if (this.#state !== "finishing") this.#enter(this.#resumeToken ? "reconnecting" : "connecting");
    const connection = (this.#connection = new LiveConnection({
      url: this.url,
      getToken: () => this.getToken(),
      describe: () => this.#describe(),
      onMessage: (message) => this.#read(message),
      onClosed: (code) => this.#closed(code),
      onDead: () => this.#retry(),
    }));
    try {
      await connection.open();
    } catch (problem) {
      if (connection !== this.#connection) return; // one that was dropped comes late
      const { code, message } = describeProblem(problem);
      if (code) this.#fail(code, message);
      else this.#retry();
    }
  }

  #describe() {
    const config = { ...this.config };
    if (!this.#resumeToken) return config;
    return { ...config, resume_token: this.#resumeToken, last_received: this.#lastReceivedS };
  }

  #retry() {
    this.#drop();
    if (this.#isOver) return;
    if (Date.now() - this.#lostAt >= GIVE_UP_MS && this.#lostAt)
      return this.#fail("server_away", "");
    if (!this.#resumeToken && ++this.#tries >= FIRST_TRIES) return this.#fail("server_away", "");
    if (this.#resumeToken) this.#tries++;
    if (this.#state !== "finishing" && this.#resumeToken) this.#enter("reconnecting");
    const wait = RETRY_MS[Math.min(this.#tries, RETRY_MS.length) - 1];
    this.#timers.retry = setTimeout(() => this.#connect(), wait);
  }

  #drop() {
    clearTimeout(this.#timers.retry);
    clearTimeout(this.#timers.pump);
    this.#lostAt ||= Date.now();
    this.#connection?.close();
    this.#connection = this.#session = this.#refusal = null;
    this.#isStopSent = false;
  }

  // ---- messages of the server

  /** @param {Message} message */
  #read(message) {
    if (message.error) return void (this.#refusal = message); // and a close, whose code is its kind
    if (message.status === "started") this.#opened(message);
    if (this.#session) this.#audio.acknowledge(message.audio_ms);
    if (message.text) this.#readFinal(message);
    if (message.partial || message.text) this.#emit("partial", splitPartial(message));
    if (message.notice) this.#emit("notice", message);
    if (message.is_final) this.#end(message);
  }

  /** @param {Message} message */
  #readFinal(message) {
    this.#lastReceivedS = message.end;
    this.#emit("final", message);
  }

  /** @param {Message} message */
  #opened(message) {
    this.#session = message;
    this.#lostAt = 0;
    this.#resumeToken = message.resume_token;
    this.#tries = 0;
    this.#audio.rewind(message.audio_ms);
    this.#emit("session", message);
    if (this.#state !== "finishing") this.#enter(this.#isPaused ? "paused" : "listening");
    this.#pump();
  }

  /** @param {number} closeCode */
  #closed(closeCode) {
    const refusal = this.#refusal;
    if (!refusal) return this.#retry();
    if (this.#resumeToken && LOST_CODES.includes(refusal.code)) return this.#beginAgain();
    const isPassing = !refusal.is_final && PASSING_CLOSE_CODES.includes(closeCode);
    if (isPassing && this.#resumeToken) return this.#retry();
    this.#fail(refusal.code, refusal.error, refusal);
  }

  /** The session was closed while the connection was lost: the rest is another transcript. */
  #beginAgain() {
    this.#resumeToken = "";
    this.#lastReceivedS = 0;
    this.#audio.rebase();
    if (this.#isStopping && this.#audio.endMs === 0) return this.#end({});
    this.#retry();
  }

  // ---- the end

  /** @param {Message} message */
  #end(message) {
    this.#finish("ended", message);
  }

  /**
   * @param {string} code
   * @param {string} message
   * @param {Message} [rest]
   */
  #fail(code, message, rest = {}) {
    if (!this.#isOver) this.#finish("failed", { ...rest, code, message });
  }

  /**
   * @param {"ended" | "failed"} state
   * @param {Message} detail
   */
  #finish(state, detail) {
    this.#enter(state);
    clearInterval(this.#timers.keepalive);
    this.#drop();
    if (!this.#isStopping) this.#microphone?.close();
    this.#isStopping = true;
    this.#emit(state, detail);
    this.#resolveOver(detail);
  }

  get #isOver() {
    return this.#state === "ended" || this.#state === "failed";
  }

  /** @param {string} state */
  #enter(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#emit("state", { state });
  }

  /**
   * @param {string} name
   * @param {Message} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/**
 * `partial` is the utterance under way, and begins with what is `committed` of it.
 * @param {Message} message
 */
function splitPartial({ partial = "", committed = "", start }) {
  if (!partial.startsWith(committed)) return { committed: "", pending: partial, start };
  return { committed, pending: partial.slice(committed.length), start };
}

/**
 * @param {unknown} problem
 * @returns {{code: string, message: string}}
 */
function describeProblem(problem) {
  const { code, message } = /** @type {{code?: unknown, message?: string}} */ (problem ?? {});
  // A DOMException has a number there: it is no code of ours.
  return { code: typeof code === "string" ? code : "", message: message ?? "" };
}
