// Sound that the server makes: recordings without their noise, and speech.

import { DeadlineError, STTError } from "./errors.js";
import { sleep } from "./policy.js";
import { type Fields, formOf, Recording, type RecordingSource } from "./recordings.js";
import type { Transport } from "./transport.js";
import type * as types from "./types.js";

const POLL_MS = 1000;
const OPEN = ["queued", "processing"];

export interface EnhanceOptions {
  strength?: "light" | "standard" | "full";
  /** The loudness, in LUFS. */
  target?: number;
  /** Of what has none: bytes. */
  fileName?: string;
  waitMs?: number;
}

export interface SpeechOptions {
  voice?: string;
  /** The voice to speak with; needs the consent of the person whose it is. */
  reference?: RecordingSource;
  consent?: boolean;
  language?: string;
  engine?: string;
  seed?: number;
  waitMs?: number;
}

/** What is made of recordings and texts, and written to WAV files. */
export class Sound {
  constructor(private readonly transport: Transport) {}

  /** Writes a recording without its noise, and as loud as it should be. */
  async enhance(source: RecordingSource, to: string, { fileName, waitMs, ...fields }: EnhanceOptions = {}): Promise<string> {
    const recording = await Recording.of(source, fileName);
    if (recording.size === undefined) throw new STTError("A stream can't be enhanced: send a file or bytes.");
    const form = recording.form({ ...fields, async: true });
    const work = await this.transport.json<types.Enhancement>({ method: "POST", path: "/v1/enhance-audio", form, isIdempotent: true });
    return this.fetch(work, `/api/v1/enhancements/${work.id}/`, to, waitMs);
  }

  /** Writes a text's speech, by a voice of the server's or of `reference`. */
  async speak(text: string, to: string, { reference, waitMs, ...fields }: SpeechOptions = {}): Promise<string> {
    const form = await speechForm({ text, ...fields, async: true }, reference);
    const work = await this.transport.json<types.VoiceJob>({ method: "POST", path: "/v1/tts", form, isIdempotent: true });
    return this.fetch(work, `/api/v1/voice-jobs/${work.id}/`, to, waitMs);
  }

  private async fetch(begun: types.Enhancement | types.VoiceJob, path: string, to: string, waitMs: number | undefined): Promise<string> {
    const end = waitMs === undefined ? Infinity : Date.now() + waitMs;
    let work = begun;
    while (OPEN.includes(work.status)) {
      if (Date.now() > end) throw new DeadlineError(`It was not made within ${waitMs} ms.`);
      await sleep(POLL_MS);
      work = await this.transport.json({ method: "GET", path });
    }
    if (work.error !== null || work.audio === null) {
      const { code, message } = work.error ?? { code: work.status, message: "It was stopped." };
      throw new STTError(message, { code });
    }
    return this.transport.download({ method: "GET", path: `${path}audio/`, headers: { Accept: "audio/wav, */*" } }, to);
  }
}

async function speechForm(fields: Fields, reference: RecordingSource | undefined): Promise<() => Promise<FormData>> {
  if (reference === undefined) return async () => formOf(fields);
  const recording = await Recording.of(reference);
  if (recording.size === undefined) throw new STTError("A reference can't be a stream: give a file or bytes.");
  return recording.form(fields, "reference");
}
