// Sends calls: the key, deadlines, retries, errors, pages, events, downloads.

import { randomUUID } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { ConnectionFailedError, DeadlineError, errorFor, STTError, type StatusError } from "./errors.js";
import { mayRetry, retryAfterOf, sleep, type Timeouts, waitBeforeRetry } from "./policy.js";

export type Query = Record<string, unknown>;

export interface Call {
  method: string;
  path: string;
  query?: Query | undefined;
  /** JSON. */
  body?: unknown;
  /** Made again for each try. */
  form?: (() => Promise<FormData>) | undefined;
  content?: Uint8Array | undefined;
  headers?: Record<string, string> | undefined;
  /** A POST that the server answers once for an Idempotency-Key. */
  isIdempotent?: boolean;
  token?: string | undefined;
}

interface Event {
  id: string;
  event: string;
  data: Record<string, unknown>;
  /** Of the request that the stream answers. */
  requestId: string;
}

const REPEATABLE = ["GET", "HEAD", "PUT", "PATCH", "DELETE"];

export class Transport {
  constructor(
    readonly baseUrl: string,
    readonly apiKey: string,
    readonly timeouts: Timeouts,
    private readonly retries: number,
  ) {}

  /** Returns the JSON of an answer. */
  async json<T>(call: Call): Promise<T> {
    const text = await (await this.send(call)).text();
    if (text === "") return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch {
      throw new STTError("The answer is no JSON: is this the address of a speech-to-text server?");
    }
  }

  /** Returns an answer whose body is read already, so that all of it was received. */
  async send(call: Call): Promise<Response> {
    return this.retrying(call, async (response) => {
      const body = await this.readAll(response);
      const { status, headers } = response;
      return new Response(status === 204 || status === 304 || call.method === "HEAD" ? null : body, { status, headers });
    });
  }

  /** Returns the answer to the only try. */
  async sendOnce(call: Call): Promise<Response> {
    const requestId = randomUUID().replaceAll("-", "");
    const response = await this.once(call, requestId, undefined);
    if (!response.ok) throw await this.refusal(response, requestId);
    return response;
  }

  /** Yields the events of a stream; it is an error when none comes for `silenceMs`. */
  async *events(call: Call, silenceMs = 45_000): AsyncGenerator<Event> {
    const headers = { ...call.headers, Accept: "text/event-stream" };
    const response = await this.retrying({ ...call, headers }, async (found) => found);
    if (response.body === null || response.status === 204) return;
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of this.chunks(response, silenceMs)) {
      text += decoder.decode(chunk, { stream: true }).replaceAll("\r\n", "\n");
      for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
        const event = readEvent(text.slice(0, end));
        text = text.slice(end + 2);
        if (event !== undefined) yield { ...event, requestId: response.headers.get("x-request-id") ?? "" };
      }
    }
  }

  /** Writes an answer's body to a file, through a name of its own beside it. */
  async download(call: Call, to: string): Promise<string> {
    const partial = `${to}.${randomUUID().slice(0, 8)}.part`;
    const headers = { Accept: "*/*", ...call.headers };
    const response = await this.retrying({ ...call, headers }, async (found) => found);
    try {
      await pipeline(Readable.from(this.chunks(response, this.timeouts.silenceMs)), createWriteStream(partial));
      await rename(partial, to);
    } finally {
      await rm(partial, { force: true });
    }
    return to;
  }

  /** Yields what a list holds, page by page. Of `next` only the query is taken: it leads to no other host or path. */
  async *pages<T>(path: string, query: Query): AsyncGenerator<T> {
    let following: Query | undefined = query;
    let seen = new Set<unknown>();
    while (following !== undefined) {
      const page: { next: string | null; results: T[] } = await this.json({ method: "GET", path, query: following });
      for (const each of page.results) if (idOf(each) === undefined || !seen.has(idOf(each))) yield each;
      seen = new Set(page.results.map(idOf));
      const next: Query | undefined =
        page.next === null ? undefined : Object.fromEntries(new URL(page.next, this.baseUrl).searchParams);
      following = next && JSON.stringify({ ...following, ...next }) !== JSON.stringify(following) ? { ...following, ...next } : undefined;
    }
  }

  private async retrying<T>(call: Call, use: (response: Response) => Promise<T>): Promise<T> {
    const requestId = randomUUID().replaceAll("-", "");
    if (!this.apiKey) call = { ...call, isIdempotent: false }; // a guest's key would be refused
    const isRepeatable = call.isIdempotent === true || REPEATABLE.includes(call.method);
    const end = this.timeouts.totalMs === undefined ? undefined : Date.now() + this.timeouts.totalMs;
    if (call.isIdempotent) call = { ...call, headers: { "Idempotency-Key": randomUUID(), ...call.headers } };
    let isOutcomeUnknown = false;
    for (let tries = 1; ; tries += 1) {
      let failure: STTError;
      let isRetried: boolean;
      try {
        const response = await this.once(call, requestId, end);
        if (response.ok || (response.status === 404 && call.method === "DELETE" && isOutcomeUnknown)) return await use(response);
        failure = await this.refusal(response, requestId);
        isRetried = mayRetry(response.status, failure.code, isRepeatable);
      } catch (error) {
        if (!(error instanceof ConnectionFailedError)) throw error;
        failure = error;
        isOutcomeUnknown ||= error.code !== "unreachable";
        isRetried = isRepeatable || error.code === "unreachable";
      }
      const wait = waitBeforeRetry(tries, failure.retryAfter);
      if (!isRetried || tries > this.retries || wait === undefined) throw failure;
      if (end !== undefined && Date.now() + wait >= end) throw new DeadlineError("The call took too long.", { requestId });
      await sleep(wait);
    }
  }

  /** One try. Throws ConnectionFailedError; its code is `unreachable` where nothing can have arrived. */
  private async once(call: Call, requestId: string, end: number | undefined): Promise<Response> {
    const url = new URL(this.baseUrl + call.path);
    for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) url.searchParams.set(name, asText(value));
    const headers: Record<string, string> = { "X-Request-Id": requestId, Accept: "application/json", ...call.headers };
    const key = call.token || this.apiKey;
    if (key) headers.Authorization = `Bearer ${key}`;
    let body: FormData | Uint8Array | string | undefined = call.content;
    if (call.form !== undefined) body = await call.form();
    else if (call.body !== undefined) {
      body = JSON.stringify(call.body);
      headers["Content-Type"] = "application/json";
    }
    const stop = new AbortController();
    const left = Math.min(this.timeouts.answerMs, end === undefined ? Infinity : Math.max(0, end - Date.now()));
    const timer = setTimeout(() => stop.abort(), left);
    try {
      return await fetch(url, { method: call.method, headers, body: (body ?? null) as BodyInit | null, signal: stop.signal, redirect: "manual" });
    } catch (error) {
      if (stop.signal.aborted) throw new DeadlineError("Took too long: waiting for the answer.", { requestId });
      throw connectionError(error, requestId);
    } finally {
      clearTimeout(timer);
    }
  }

  private async readAll(response: Response): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array[] = [];
    for await (const chunk of this.chunks(response, this.timeouts.silenceMs)) parts.push(chunk);
    return new Uint8Array(Buffer.concat(parts));
  }

  private async *chunks(response: Response, silenceMs: number): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    const reader = response.body.getReader();
    try {
      for (;;) {
        const timer = setTimeout(() => void reader.cancel("silence"), silenceMs);
        const began = Date.now();
        const { done, value } = await reader.read().finally(() => clearTimeout(timer));
        if (done && Date.now() - began >= silenceMs) throw new DeadlineError("The answer fell silent.");
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw error instanceof STTError ? error : connectionError(error, "");
    } finally {
      await reader.cancel().catch(() => undefined);
    }
  }

  private async refusal(response: Response, requestId: string): Promise<StatusError> {
    const content = Buffer.from(await this.readAll(response)).toString();
    return errorFor(response.status, readObject(content), {
      requestId: response.headers.get("x-request-id") ?? requestId,
      retryAfter: retryAfterOf(response.headers),
    });
  }
}

function connectionError(error: unknown, requestId: string): ConnectionFailedError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const reason = cause?.message || cause?.code || String(error);
  const isUnreachable = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"].includes(cause?.code ?? "");
  return new ConnectionFailedError(`The server can't be reached: ${reason}`, { requestId, code: isUnreachable ? "unreachable" : "" });
}

/** Returns the JSON object that a body holds; empty where it is anything else. Of a refusal the
 * Content-Type isn't asked: a stream's may be sent under the stream's own. */
function readObject(content: string): Record<string, unknown> {
  try {
    const found: unknown = JSON.parse(content);
    return typeof found === "object" && found !== null && !Array.isArray(found) ? (found as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function readEvent(block: string): Omit<Event, "requestId"> | undefined {
  const event = { id: "", event: "message", data: {} as Record<string, unknown> };
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const [, name, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (name === "id") event.id = value ?? "";
    if (name === "event") event.event = value ?? "";
    if (name === "data") data.push(value ?? "");
  }
  if (data.length === 0) return undefined;
  event.data = JSON.parse(data.join("\n")) as Record<string, unknown>;
  return event;
}

/** Returns an option as a form or a query has it: `true`, `a,b`, `2`. */
export function asText(value: unknown): string {
  return Array.isArray(value) ? value.map(asText).join(",") : String(value);
}

function idOf(value: unknown): unknown {
  return (value as { id?: unknown }).id;
}
