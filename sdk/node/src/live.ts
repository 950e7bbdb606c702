// Live transcription (`WS /v1/stream`): audio in, text out, over lost connections.

import { ConnectionFailedError, LiveError } from "./errors.js";
import { sleep, waitBeforeRetry } from "./policy.js";

/** A message of the server, as docs/live.md has it. */
export interface LiveMessage {
  text: string;
  partial: string;
  is_final: boolean;
  status?: string;
  transcript_id: string | null;
  transcript?: string;
  [name: string]: unknown;
}

/** Further keys of the configuration: languages, second_pass, title, … */
export interface LiveOptions {
  language?: string;
  model?: string;
  /** The pause that ends an utterance, 300 to 5000 ms. Without it as docs/live.md has it. */
  endpointing_ms?: number;
  encoding?: string;
  sample_rate?: number;
  [name: string]: unknown;
}

interface Socket {
  readyState: number;
  binaryType: string;
  onopen: unknown;
  onmessage: unknown;
  onclose: unknown;
  onerror: unknown;
  send(data: string | Uint8Array): void;
  close(): void;
}

const BYTES_PER_SAMPLE: Record<string, number> = { pcm_s16le: 2, pcm_f32le: 4, mulaw: 1, alaw: 1 };
const PASSING = ["server_stopping", "inference_unavailable", "inference_full", "session_taken_over"];
const RESUME_WITHIN_MS = 55_000;

/** One session: `send` audio, iterate over its messages, `finish` it. A lost connection is made again, and audio that the
 * server hadn't stored is sent again; a container's stream (WebM, Ogg) can't go on. */
export class LiveSession implements AsyncIterable<LiveMessage> {
  transcriptId: string | null = null;
  private socket: Socket | undefined;
  private held: Uint8Array[] = [];
  private start = 0; // bytes of the session before `held`
  private sent = 0;
  private maySend = false;
  private isEnded = false;
  private token = "";
  private lastReceived = 0;
  private failure: Error | undefined;
  private result: LiveMessage | undefined;
  private readonly messages: LiveMessage[] = [];
  private readonly waiting = new Set<() => void>();
  private readonly bytesPerMs: number | undefined;
  private readonly width: number;

  private constructor(
    private readonly address: string,
    private readonly apiKey: string,
    private readonly options: LiveOptions,
  ) {
    this.width = BYTES_PER_SAMPLE[options.encoding ?? "pcm_s16le"] ?? 1;
    const isPcm = (options.encoding ?? "pcm_s16le") in BYTES_PER_SAMPLE;
    this.bytesPerMs = isPcm ? (this.width * (options.sample_rate ?? 16000)) / 1000 : undefined;
  }

  /** Connects. Throws LiveError, ConnectionFailedError. */
  static async open(baseUrl: string, apiKey: string, options: LiveOptions): Promise<LiveSession> {
    const session = new LiveSession(`${baseUrl.replace(/^http/, "ws")}/v1/stream`, apiKey, options);
    await session.connect();
    if (session.failure !== undefined) throw session.failure;
    return session;
  }

  /** Sends audio. */
  send(audio: Uint8Array): void {
    if (this.failure !== undefined) throw this.failure;
    this.held.push(audio);
    this.flush();
  }

  /** Ends the audio, and returns the last message, with `transcript`. */
  async finish(): Promise<LiveMessage> {
    this.isEnded = true;
    this.flush();
    await this.until(() => this.isOver);
    if (this.failure !== undefined) throw this.failure;
    return this.result as LiveMessage;
  }

  /** Leaves. What was sent is transcribed all the same. */
  close(): void {
    this.failure ??= new LiveError("The session was closed.", "closed");
    this.socket?.close();
    this.wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<LiveMessage> {
    for (;;) {
      await this.until(() => this.isOver || this.messages.length > 0);
      const message = this.messages.shift();
      if (message !== undefined) yield message;
      else if (this.failure !== undefined) throw this.failure;
      else return;
    }
  }

  private get isOver(): boolean {
    return this.failure !== undefined || this.result !== undefined;
  }

  /** Resolves once the server speaks, or the connection failed. */
  private async connect(): Promise<void> {
    const socket = await openSocket(this.address, this.apiKey);
    socket.binaryType = "arraybuffer";
    this.socket = socket;
    await new Promise<void>((resolve) => {
      let isOpen = false;
      socket.onopen = () => {
        const resumed = this.token ? { resume_token: this.token, last_received: this.lastReceived } : {};
        socket.send(JSON.stringify({ ...this.options, ...resumed }));
        // Nothing is sent before `started`: audio of a session without a token would be lost with its line.
        this.maySend = false;
        if (!this.token) this.sent = this.start;
      };
      socket.onmessage = ({ data }: { data: unknown }) => {
        isOpen = true;
        this.receive(JSON.parse(String(data)) as LiveMessage);
        resolve();
      };
      socket.onerror = () => undefined; // `close` follows
      socket.onclose = () => {
        this.maySend = false;
        if (!this.isOver && !(isOpen && this.token && this.bytesPerMs)) this.failure = new ConnectionFailedError("The live connection failed.");
        if (!this.isOver && isOpen) void this.reconnect();
        this.wake();
        resolve();
      };
    });
  }

  private async reconnect(): Promise<void> {
    const end = Date.now() + RESUME_WITHIN_MS;
    for (let tries = 1; Date.now() < end && !this.isOver; tries += 1) {
      await sleep(waitBeforeRetry(tries) ?? 0);
      const token = this.token;
      await this.connect();
      if (!(this.failure instanceof ConnectionFailedError)) return;
      this.failure = undefined;
      this.token = token;
    }
    this.failure ??= new ConnectionFailedError("The live connection was lost.");
    this.wake();
  }

  private receive(message: LiveMessage): void {
    const audioMs = Number(message.audio_ms ?? 0);
    if (message.status === "started") {
      if (this.token) this.sent = Math.max(this.start, Math.min(this.sent, this.placeOf(audioMs)));
      this.token = String(message.resume_token ?? this.token);
      this.transcriptId = message.transcript_id;
      this.maySend = true;
    }
    this.release(Math.min(this.placeOf(audioMs), this.sent));
    if (message.error) {
      if (!(PASSING.includes(String(message.code)) && this.token && this.bytesPerMs)) {
        this.failure = new LiveError(String(message.error), String(message.code ?? ""), String(message.transcript ?? ""));
      }
    } else {
      if (message.text && !message.is_final) this.lastReceived = Number(message.end ?? this.lastReceived);
      this.messages.push(message);
      if (message.is_final) this.result = message;
    }
    this.flush();
    this.wake();
  }

  private placeOf(audioMs: number): number {
    return Math.floor((audioMs * (this.bytesPerMs ?? 0)) / this.width) * this.width;
  }

  private release(until: number): void {
    let first = this.held[0];
    while (first !== undefined && this.start + first.length <= until) {
      this.start += first.length;
      this.held.shift();
      first = this.held[0];
    }
  }

  private flush(): void {
    if (!this.maySend || this.socket?.readyState !== 1) return;
    let place = this.start;
    for (const chunk of this.held) {
      const from = Math.max(0, this.sent - place);
      if (from < chunk.length) this.socket.send(chunk.subarray(from));
      place += chunk.length;
      this.sent = Math.max(this.sent, place);
    }
    if (this.bytesPerMs === undefined) this.release(this.sent);
    if (this.isEnded) this.socket.send(JSON.stringify({ action: "stop" }));
  }

  private async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiting.add(resolve));
  }

  private wake(): void {
    for (const resolve of this.waiting) resolve();
    this.waiting.clear();
  }
}

/** Node 22 has a WebSocket of its own, which takes headers; before it is the package `ws`. */
async function openSocket(address: string, apiKey: string): Promise<Socket> {
  const options = apiKey ? { headers: { Authorization: `Bearer ${apiKey}` } } : {};
  const own = (globalThis as { WebSocket?: new (address: string, options: object) => unknown }).WebSocket;
  if (own !== undefined) return new own(address, options) as Socket;
  try {
    const name = "ws";
    const { WebSocket } = (await import(name)) as { WebSocket: new (address: string, options: object) => Socket };
    return new WebSocket(address, options);
  } catch (error) {
    if ((error as { code?: string }).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new LiveError("Live sessions need `npm install ws` on Node.js 20.", "no_websocket");
  }
}
