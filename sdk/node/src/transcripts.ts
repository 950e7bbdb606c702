// Stored transcripts: found, read, edited, exported, asked about, deleted.

import { STTError } from "./errors.js";
import { sleep } from "./policy.js";
import type { Query, Transport } from "./transport.js";
import type * as types from "./types.js";

export interface ListOptions {
  status?: string;
  language?: string;
  created_after?: string;
  created_before?: string;
  model?: string;
  source?: string;
  tag?: string;
  has_warnings?: boolean;
  /** Words of title and text, all of them; `"a phrase"`, `beginn*`. */
  search?: string;
  ordering?: string;
}

type Body = Record<string, unknown>;

/** `client.transcripts`. */
export class Transcripts {
  constructor(private readonly transport: Transport) {}

  /** Yields transcripts, newest first; a page of them is held at a time. */
  list(options: ListOptions = {}): AsyncGenerator<types.FoundTranscript> {
    return this.transport.pages(`/api/v1/transcripts/`, { page_size: 100, ...options });
  }

  /** Yields transcripts that have all of the words, the best first. */
  search(words: string): AsyncGenerator<types.FoundTranscript> {
    return this.list({ search: words, ordering: "-relevance" });
  }

  get(id: string): Promise<types.TranscriptDetail> {
    return this.call("GET", id);
  }

  update(id: string, fields: { title?: string; tags?: string[]; language_note?: string }, ifMatch?: string): Promise<types.TranscriptSummary> {
    return this.call("PATCH", id, "", fields, ifMatch);
  }

  delete(id: string): Promise<void> {
    return this.call("DELETE", id);
  }

  cancel(id: string): Promise<types.TranscriptState> {
    return this.call("POST", id, "cancel/");
  }

  /** Returns it as a file: txt, srt, vtt, json, csv, docx, pdf. Options are those of docs/api.md. */
  async export(id: string, format: string, options: Query = {}, token?: string): Promise<Uint8Array> {
    for (;;) {
      const path = `/api/v1/transcripts/${id}/export/${format}/`;
      const response = await this.transport.send({ method: "GET", path, query: options, headers: { Accept: "*/*" }, token });
      if (response.status !== 202) return new Uint8Array(await response.arrayBuffer());
      await sleep(2000);
    }
  }

  async exportText(id: string, format = "txt", options: Query = {}): Promise<string> {
    return new TextDecoder().decode(await this.export(id, format, options));
  }

  /** Writes its recording to a file. */
  audio(id: string, to: string): Promise<string> {
    return this.transport.download({ method: "GET", path: `/api/v1/transcripts/${id}/audio/` }, to);
  }

  segments(id: string): AsyncGenerator<types.EditableSegment> {
    return this.transport.pages(`/api/v1/transcripts/${id}/segments/`, { page_size: 100 });
  }

  editSegment(id: string, segment: string, fields: { text?: string; start?: number; end?: number; speaker?: number | null }, ifMatch?: string): Promise<types.Edited> {
    return this.call("PATCH", id, `segments/${segment}/`, fields, ifMatch);
  }

  deleteSegment(id: string, segment: string, ifMatch?: string): Promise<types.Edited> {
    return this.call("DELETE", id, `segments/${segment}/`, undefined, ifMatch);
  }

  splitSegment(id: string, segment: string, at: { at_word?: number; at_character?: number }, ifMatch?: string): Promise<types.Edited> {
    return this.call("POST", id, `segments/${segment}/split/`, at, ifMatch);
  }

  mergeSegments(id: string, segments: string[], ifMatch?: string): Promise<types.Edited> {
    return this.call("POST", id, "segments/merge/", { segments }, ifMatch);
  }

  replaceText(id: string, find: string, replace: string, options: { match_case?: boolean; whole_words?: boolean; segments?: string[] } = {}, ifMatch?: string): Promise<types.Edited> {
    return this.call("POST", id, "replace/", { find, replace, ...options }, ifMatch);
  }

  speakers(id: string): Promise<types.SpeakerList> {
    return this.call("GET", id, "speakers/");
  }

  renameSpeaker(id: string, number: number, name: string, ifMatch?: string): Promise<types.Edited> {
    return this.call("PATCH", id, `speakers/${number}/`, { name }, ifMatch);
  }

  mergeSpeakers(id: string, speakers: number[], into: number, ifMatch?: string): Promise<types.Edited> {
    return this.call("POST", id, "speakers/merge/", { speakers, into }, ifMatch);
  }

  revisions(id: string): AsyncGenerator<types.Revision> {
    return this.transport.pages(`/api/v1/transcripts/${id}/revisions/`, { page_size: 100 });
  }

  restoreRevision(id: string, number: number, ifMatch?: string): Promise<types.Edited> {
    return this.call("POST", id, `revisions/${number}/restore/`, undefined, ifMatch);
  }

  revertRevision(id: string, number: number, ifMatch?: string): Promise<types.Edited> {
    return this.call("POST", id, `revisions/${number}/revert/`, undefined, ifMatch);
  }

  chat(id: string, question: string, options: { session_id?: string; model?: string } = {}): Promise<types.ChatAnswer> {
    return this.call("POST", id, "chat/", { question, ...options });
  }

  /** Yields the answer as it is written: `sources`, `delta` (`text`), `done` with all of it. */
  async *chatStream(id: string, question: string, options: { session_id?: string; model?: string } = {}): AsyncGenerator<Body & { type: string }> {
    const path = `/api/v1/transcripts/${id}/chat/`;
    for await (const { event, data, requestId } of this.transport.events({ method: "POST", path, body: { question, ...options } })) {
      if (event === "error") throw new STTError(String(data.error), { code: String(data.code ?? ""), requestId, body: data });
      yield { ...data, type: event };
      if (event === "done") return;
    }
  }

  summarize(id: string, options: { style?: string; model?: string; speaker?: string; start?: number; end?: number } = {}): Promise<types.MadeSummary> {
    return this.call("POST", id, "summarize/", options);
  }

  analyze(id: string, type: string): Promise<types.MadeAnalysis> {
    return this.call("POST", id, "analyze/", { type });
  }

  generate(id: string, options: { type?: string; template?: string; notes?: string; model?: string }): Promise<types.MadeContent> {
    return this.call("POST", id, "generate/", options);
  }

  translate(id: string, target: string, options: { source?: string; model?: string } = {}): Promise<types.MadeTranslation> {
    return this.call("POST", id, "translate/", { target, ...options });
  }

  results(id: string): AsyncGenerator<types.Result> {
    return this.transport.pages(`/api/v1/transcripts/${id}/results/`, {});
  }

  share(id: string, options: { expires_at?: string; password?: string } = {}): Promise<types.NewShare> {
    return this.call("POST", id, "shares/", options);
  }

  private call<T>(method: string, id: string, rest = "", body?: Body, ifMatch?: string): Promise<T> {
    const isIdempotent = ["summarize/", "analyze/", "generate/", "translate/"].includes(rest);
    const headers = ifMatch === undefined ? undefined : { "If-Match": ifMatch };
    return this.transport.json<T>({ method, path: `/api/v1/transcripts/${id}/${rest}`, body, headers, isIdempotent });
  }
}
