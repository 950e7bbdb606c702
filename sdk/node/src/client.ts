// The client.

import { AuthError, ConnectionFailedError, DeadlineError, NotFoundError, ServerError, TranscriptionError } from "./errors.js";
import { LiveSession, type LiveOptions } from "./live.js";
import { DEFAULT_TIMEOUTS, sleep, type Timeouts, waitBeforeRetry } from "./policy.js";
import { formOf, Recording, type RecordingSource, upload } from "./recordings.js";
import { Sound } from "./sound.js";
import { Transcripts } from "./transcripts.js";
import { type Query, Transport } from "./transport.js";
import type * as types from "./types.js";

export interface ClientOptions {
  /** Else STT_API_KEY; without either, a guest's few recordings a day. */
  apiKey?: string;
  /** Else STT_BASE_URL. */
  baseUrl?: string;
  timeouts?: Partial<Timeouts>;
  maxRetries?: number;
}

/** How far a transcription is. `uploading` in bytes, `processing` in seconds of the recording; `queued`: `done` is its place. */
export interface ProgressReport {
  stage: string;
  done: number;
  total: number | undefined;
  segment?: Record<string, unknown>;
}

export interface TranscribeOptions {
  model?: string;
  language?: string;
  languages?: string[];
  diarize?: boolean;
  speakers?: number;
  task?: "transcribe" | "translate";
  prompt?: string;
  hot_words?: string[];
  track?: string | number;
  channels?: string | number;
  enhance?: boolean;
  auto_process?: string[];
  template?: string;
  /** Of what has none: bytes, streams. */
  fileName?: string;
  onProgress?: (report: ProgressReport) => void;
  /** Milliseconds to wait for the text once the recording is sent. */
  waitMs?: number;
}

type TextFormat = "txt" | "text" | "srt" | "vtt";

/** A speech-to-text server. */
export class STTClient {
  readonly transcripts: Transcripts;
  readonly sound: Sound;
  private readonly transport: Transport;

  constructor({ apiKey, baseUrl, timeouts, maxRetries = 2 }: ClientOptions = {}) {
    const address = (baseUrl ?? process.env.STT_BASE_URL ?? "http://127.0.0.1:8000").replace(/\/+$/, "");
    this.transport = new Transport(address, apiKey ?? process.env.STT_API_KEY ?? "", { ...DEFAULT_TIMEOUTS, ...timeouts }, maxRetries);
    this.transcripts = new Transcripts(this.transport);
    this.sound = new Sound(this.transport);
  }

  /** Transcribes a recording (a path, bytes, a Blob or a stream), and waits for the text. */
  transcribe(source: RecordingSource, options?: TranscribeOptions): Promise<types.TranscriptDetail>;
  transcribe(source: RecordingSource, options: TranscribeOptions & { responseFormat: TextFormat }): Promise<string>;
  async transcribe(source: RecordingSource, options: TranscribeOptions & { responseFormat?: TextFormat } = {}): Promise<types.TranscriptDetail | string> {
    const recording = await Recording.of(source, options.fileName);
    const accepted = await this.submitRecording(recording, options);
    try {
      return await this.result(accepted, options);
    } catch (error) {
      const mayNotRead = error instanceof AuthError && error.code === "missing_scope";
      if (!mayNotRead || recording.size === undefined) throw error;
      return this.join(recording, options);
    }
  }

  /** Transcribes a recording that the server fetches from its address. */
  transcribeUrl(url: string, options?: TranscribeOptions): Promise<types.TranscriptDetail>;
  transcribeUrl(url: string, options: TranscribeOptions & { responseFormat: TextFormat }): Promise<string>;
  async transcribeUrl(url: string, options: TranscribeOptions & { responseFormat?: TextFormat } = {}): Promise<types.TranscriptDetail | string> {
    const form = async (): Promise<FormData> => formOf({ ...fieldsOf(options), url, async: true });
    const accepted = await this.transport.json<types.Accepted>({ method: "POST", path: "/v1/transcribe", form, isIdempotent: true });
    return this.result(accepted, options);
  }

  /** Sends a recording without waiting for its text: `wait(accepted.id)` does. */
  async submit(source: RecordingSource, options: TranscribeOptions = {}): Promise<types.Accepted> {
    return this.submitRecording(await Recording.of(source, options.fileName), options);
  }

  /** Follows a transcript to its end. Throws TranscriptionError where it failed, DeadlineError after `waitMs`. */
  async wait(id: string, { token, onProgress, waitMs }: { token?: string | undefined; onProgress?: ((report: ProgressReport) => void) | undefined; waitMs?: number | undefined } = {}): Promise<types.TranscriptDetail> {
    const end = waitMs === undefined ? Infinity : Date.now() + waitMs;
    const path = `/api/v1/transcripts/${id}/`;
    let lastId = "";
    for (let failures = 0; ; ) {
      const headers: Record<string, string> = lastId ? { "Last-Event-ID": lastId } : {};
      try {
        const silenceMs = Math.min(45_000, Math.max(1, end - Date.now()));
        for await (const event of this.transport.events({ method: "GET", path: `${path}events/`, token, headers }, silenceMs)) {
          failures = 0;
          lastId = event.id || lastId;
          const report = reportOf(event.event, event.data);
          if (report !== undefined) onProgress?.(report);
          if (Date.now() > end) break;
        }
      } catch (error) {
        if (!(error instanceof ConnectionFailedError || error instanceof ServerError)) throw error;
        failures += 1;
        if (failures >= 8) throw error;
        await sleep(Math.min(waitBeforeRetry(failures) ?? 0, Math.max(0, end - Date.now())));
      }
      // Where the stream was held back on its way, the transcript itself has the answer.
      const detail = await this.transport.json<types.TranscriptDetail>({ method: "GET", path, token });
      if (detail.status === "completed" || detail.status === "completed_with_warnings") return detail;
      if (detail.status === "failed" || detail.status === "cancelled") {
        throw new TranscriptionError(detail.error?.message ?? `The transcription ended as ${detail.status}.`, detail.error?.code ?? detail.status, id);
      }
      if (Date.now() > end) throw new DeadlineError(`The transcript was not finished within ${waitMs} ms.`);
    }
  }

  /** Stops a transcription; returns whether there was one. */
  async cancel(id: string, token?: string): Promise<boolean> {
    try {
      await this.transport.send({ method: "POST", path: `/api/v1/transcripts/${id}/cancel/`, token });
      return true;
    } catch (error) {
      if (error instanceof NotFoundError) return false;
      throw error;
    }
  }

  /** Opens a live session: 16-bit PCM, mono, 16 kHz unless configured otherwise. */
  live(options: LiveOptions = {}): Promise<LiveSession> {
    return LiveSession.open(this.transport.baseUrl, this.transport.apiKey, options);
  }

  summarize(text: string, options: { style?: string; language?: string; model?: string } = {}): Promise<types.Summary> {
    return this.text("/v1/summarize", { text, ...options });
  }

  analyze(text: string, type: string, options: { language?: string; types?: string[]; recorded_on?: string } = {}): Promise<types.Analysis> {
    return this.text("/v1/analyze", { text, type, ...options });
  }

  generate(text: string, options: { type?: string; template?: string; notes?: string; language?: string; model?: string }): Promise<types.Content> {
    return this.text("/v1/generate", { text, ...options });
  }

  translate(text: string, target: string, options: { source?: string; model?: string } = {}): Promise<types.TranslatedText> {
    return this.text("/v1/translate", { text, target, ...options });
  }

  embed(texts: string[], options: { model?: string } = {}): Promise<types.Embeddings> {
    return this.text("/v1/embed", { texts, ...options });
  }

  /** Asks all transcripts, or those that the filters leave. */
  chat(question: string, filters: { session_id?: string; transcripts?: string[]; tag?: string; speaker?: string; created_after?: string; created_before?: string; model?: string } = {}): Promise<types.LibraryAnswer> {
    return this.request("POST", "/api/v1/chat/", { body: { question, ...filters } });
  }

  models(): Promise<types.ModelList> {
    return this.request("GET", "/v1/models");
  }

  languages(): Promise<types.LanguageList> {
    return this.request("GET", "/v1/languages");
  }

  voices(): Promise<types.VoiceList> {
    return this.request("GET", "/v1/voices");
  }

  health(): Promise<types.Health> {
    return this.request("GET", "/health");
  }

  account(): Promise<types.Account> {
    return this.request("GET", "/api/v1/account/");
  }

  usage(): Promise<types.Usage> {
    return this.request("GET", "/api/v1/usage/");
  }

  readonly keys = {
    list: (): AsyncGenerator<types.ApiKey> => this.transport.pages("/api/v1/keys/", { page_size: 100 }),
    /** The key itself is in this answer only. */
    create: (name: string, options: { scopes?: string[]; expires_at?: string | null } = {}): Promise<types.NewApiKey> =>
      this.request("POST", "/api/v1/keys/", { body: { name, ...options } }),
    revoke: (id: string): Promise<void> => this.request("DELETE", `/api/v1/keys/${id}/`),
  };

  readonly webhooks = {
    list: (): AsyncGenerator<types.Endpoint> => this.transport.pages("/api/v1/webhooks/", { page_size: 100 }),
    /** The secret is in this answer only. */
    create: (url: string, options: { events?: string[]; description?: string } = {}): Promise<types.NewEndpoint> =>
      this.request("POST", "/api/v1/webhooks/", { body: { url, ...options } }),
    delete: (id: string): Promise<void> => this.request("DELETE", `/api/v1/webhooks/${id}/`),
    sendTest: (id: string): Promise<types.DeliveryDetail> => this.request("POST", `/api/v1/webhooks/${id}/test/`),
  };

  /** The server itself, for keys of operators (scope `operate`). */
  readonly server = {
    /** What is amiss, and its cure. `network`: also tries the places that models are fetched from. */
    examine: ({ network = false } = {}): Promise<types.DoctorReport> => this.request("GET", "/api/v1/operator/doctor/", { query: network ? { network } : {} }),
    /** Measures it on its own machine, for 30 to 60 seconds; others wait longer meanwhile. */
    measure: (seconds = 60): Promise<types.BenchReport> => this.request("POST", "/api/v1/operator/bench/", { body: { seconds } }),
    /** The models that are installed or could be, and what is fetched. */
    weights: (): Promise<types.WeightsOnDisk> => this.request("GET", "/api/v1/operator/models/"),
    /** Has a model fetched; `weights` tells how far it is. `reason`: for the server's audit log. */
    pullModel: (model: string, reason: string): Promise<types.ModelWeights> => this.request("POST", "/api/v1/operator/models/pull/", { body: { model, reason } }),
  };

  /** Returns the JSON of any operation of the API, with this client's key and retries. */
  request<T>(method: string, path: string, { query, body }: { query?: Query; body?: unknown } = {}): Promise<T> {
    return this.transport.json<T>({ method, path, query, body });
  }

  private text<T>(path: string, body: Record<string, unknown>): Promise<T> {
    return this.transport.json<T>({ method: "POST", path, body, isIdempotent: true });
  }

  private async submitRecording(recording: Recording, options: TranscribeOptions): Promise<types.Accepted> {
    const fields = fieldsOf(options);
    if (!recording.isSentInParts(this.transport.apiKey !== "")) {
      const form = recording.form({ ...fields, async: true });
      return this.transport.json({ method: "POST", path: "/v1/transcribe", form, isIdempotent: true });
    }
    const id = await upload(this.transport, recording, fields, (done) => options.onProgress?.({ stage: "uploading", done, total: recording.size }));
    const { status, queue_position, progress } = await this.transcripts.get(id);
    return { id, status, queue_position, progress };
  }

  private async result(accepted: types.Accepted, options: TranscribeOptions & { responseFormat?: TextFormat }): Promise<types.TranscriptDetail | string> {
    const { token } = accepted;
    const detail = await this.wait(accepted.id, { token, onProgress: options.onProgress, waitMs: options.waitMs });
    if (options.responseFormat === undefined) return detail;
    const format = options.responseFormat === "text" ? "txt" : options.responseFormat;
    return new TextDecoder().decode(await this.transcripts.export(detail.id, format, {}, token));
  }

  /** Gets a recording's text by sending it again: for keys that may transcribe and not read. It is charged once. */
  private async join(recording: Recording, options: TranscribeOptions & { responseFormat?: TextFormat }): Promise<types.TranscriptDetail | string> {
    const end = options.waitMs === undefined ? Infinity : Date.now() + options.waitMs;
    for (;;) {
      try {
        const form = recording.form({ ...fieldsOf(options), response_format: options.responseFormat });
        const response = await this.transport.send({ method: "POST", path: "/v1/transcribe", form, isIdempotent: true });
        return options.responseFormat === undefined ? ((await response.json()) as types.TranscriptDetail) : await response.text();
      } catch (error) {
        if (!(error instanceof ServerError && error.code === "still_processing") || Date.now() > end) throw error;
        await sleep((error.retryAfter ?? 1) * 1000);
      }
    }
  }
}

function fieldsOf(options: TranscribeOptions & { responseFormat?: TextFormat }): Record<string, unknown> {
  const { fileName: _, onProgress: __, waitMs: ___, responseFormat: ____, ...fields } = options;
  return fields;
}

function reportOf(event: string, data: Record<string, unknown>): ProgressReport | undefined {
  if (event === "queue") return { stage: "queued", done: Number(data.position ?? 0), total: undefined };
  if (event === "progress") return { stage: "processing", done: Number(data.done_s), total: (data.total_s as number | null) ?? undefined };
  if (event === "segment") return { stage: "processing", done: Number(data.end), total: undefined, segment: data };
  return event === "status" || event === "done" ? { stage: String(data.status), done: 0, total: undefined } : undefined;
}
