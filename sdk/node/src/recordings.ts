// A recording on its way to the server: a file's path, bytes, a Blob or a stream.

import { openAsBlob } from "node:fs";
import { open, stat } from "node:fs/promises";
import { basename } from "node:path";
import { Readable } from "node:stream";
import { ConnectionFailedError, ConflictError, RateLimitError, ServerError, STTError } from "./errors.js";
import { sleep, waitBeforeRetry } from "./policy.js";
import { asText, type Transport } from "./transport.js";

export type RecordingSource = string | Uint8Array | Blob | AsyncIterable<Uint8Array>;
export type Fields = Record<string, unknown>;

const PART_BYTES = 16 * 1024 * 1024;
// From here on a recording is sent in parts that go on where they were cut.
const PARTS_FROM_BYTES = 64 * 1024 * 1024;
const MOST_FAILURES = 6;
const TUS = { "Tus-Resumable": "1.0.0" };

export class Recording {
  private constructor(
    readonly name: string,
    /** Undefined where only reading finds it out. */
    readonly size: number | undefined,
    private readonly blob: (() => Promise<Blob>) | undefined,
    readonly chunks: () => AsyncIterable<Uint8Array>,
  ) {}

  static async of(source: RecordingSource, name = ""): Promise<Recording> {
    if (typeof source === "string") {
      const file = await open(source); // what can't be read is refused before anything is sent
      await file.close();
      const { size } = await stat(source);
      const readFrom = async function* (): AsyncGenerator<Uint8Array> {
        const opened = await open(source);
        yield* opened.createReadStream({ highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>;
      };
      return new Recording(name || basename(source), size, () => openAsBlob(source), readFrom);
    }
    if (source instanceof Uint8Array || source instanceof Blob) {
      const blob = source instanceof Blob ? source : new Blob([new Uint8Array(source)]);
      return new Recording(name || "recording", blob.size, async () => blob, () => Readable.fromWeb(blob.stream() as never));
    }
    return new Recording(name || "recording", undefined, undefined, () => source);
  }

  /** Whether it is sent in parts: where it is large, and where its size isn't known. */
  isSentInParts(hasKey: boolean): boolean {
    if (this.size === undefined && !hasKey) throw new STTError("A stream needs a key: send a file or bytes.");
    return hasKey && (this.size === undefined || this.size >= PARTS_FROM_BYTES);
  }

  /** Returns what makes a form of it, read from the disk as it is sent. */
  form(fields: Fields, part = "file"): () => Promise<FormData> {
    return async () => {
      const form = formOf(fields);
      if (this.blob !== undefined) form.append(part, await this.blob(), this.name);
      return form;
    };
  }
}

export function formOf(fields: Fields): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) form.append(name, asText(value));
  return form;
}

/** Sends a recording by tus 1.0, a part at a time, and returns its transcript's id. `onSent`: bytes that the server has stored. */
export async function upload(transport: Transport, recording: Recording, fields: Fields, onSent?: (bytes: number) => void): Promise<string> {
  const metadata = Object.entries({ filename: recording.name, ...fields })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${name} ${Buffer.from(asText(value)).toString("base64")}`);
  const length: Record<string, string> = recording.size === undefined ? { "Upload-Defer-Length": "1" } : { "Upload-Length": String(recording.size) };
  const headers = { ...TUS, ...length, "Upload-Metadata": metadata.join(",") };
  const begun = await transport.send({ method: "POST", path: "/v1/uploads", headers, isIdempotent: true });
  // Of the address only the id: it is this server's, however it is reached.
  const path = `/v1/uploads/${new URL(begun.headers.get("location") ?? "", transport.baseUrl).pathname.split("/").filter(Boolean).pop()}`;
  let offset = 0;
  let answer: Response | undefined;
  for await (const { content, isLast } of inParts(recording.chunks())) {
    answer = await sendPart(transport, path, content, offset, isLast, recording.size === undefined);
    offset += content.length;
    onSent?.(offset);
  }
  let id = answer?.headers.get("x-transcript-id");
  id ??= (await transport.send({ method: "HEAD", path, headers: TUS })).headers.get("x-transcript-id");
  if (!id) throw new STTError("The recording was stored, but its transcription hasn't begun.");
  return id;
}

async function sendPart(transport: Transport, path: string, part: Uint8Array, offset: number, isLast: boolean, namesLength: boolean): Promise<Response> {
  let sent = 0;
  for (let failures = 0; ; ) {
    const headers: Record<string, string> = { ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset + sent) };
    if (isLast && namesLength) headers["Upload-Length"] = String(offset + part.length);
    try {
      return await transport.sendOnce({ method: "PATCH", path, headers, content: part.subarray(sent) });
    } catch (error) {
      const isPassing = [ConnectionFailedError, ConflictError, RateLimitError, ServerError].some((kind) => error instanceof kind);
      failures += 1;
      const wait = isPassing ? waitBeforeRetry(failures, (error as STTError).retryAfter) : undefined;
      if (wait === undefined || failures >= MOST_FAILURES) throw error;
      await sleep(wait);
    }
    const head = await transport.send({ method: "HEAD", path, headers: TUS });
    const stored = Number(head.headers.get("upload-offset")) - offset;
    if (!(stored >= 0 && stored <= part.length)) throw new STTError("The server has lost, or received from elsewhere, a part of the upload.");
    if (head.headers.has("x-transcript-id") || (stored === part.length && !isLast)) return head;
    if (stored > sent) failures = 0;
    sent = stored;
  }
}

async function* inParts(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<{ content: Uint8Array; isLast: boolean }> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    if (size >= PART_BYTES) {
      yield { content: Buffer.concat(held), isLast: false };
      [held, size] = [[], 0];
    }
    held.push(chunk);
    size += chunk.length;
  }
  yield { content: Buffer.concat(held), isLast: true };
}
