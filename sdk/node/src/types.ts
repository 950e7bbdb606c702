// What the API answers. Generated from its OpenAPI document by `python -m sdk.generate`.

export interface Accepted {
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  /** 1 is the next. */
  queue_position: number | null;
  progress: Progress;
  /** Without a key: opens this transcript, as a bearer token. */
  token?: string;
}

export interface Account {
  email: string;
  name: string;
  /** A name of the IANA database. */
  time_zone: string;
  language: string;
  plan: Plan;
  /** 1 credit = 1 started minute of audio. */
  credits: number;
  /** In this month (UTC). */
  minutes_used: number;
  /** Free ones of this month; null where use isn't metered. */
  minutes_left: number | null;
  limits: Limits;
  email_preferences: Record<string, boolean>;
}

export interface Address {
  /** Stripe's page, for a browser. */
  url: string;
}

export interface Analysis {
  type: string;
  model: string;
  approximate: boolean;
  coverage: Coverage;
  /** A list, or for sentiment and pii_redact an object. */
  result: unknown;
}

export interface AnswerWarning {
  /** other_language, not_borne_out or no_answer. */
  code: string;
  message: string;
}

export type AnyTranscription = Transcription | VerboseTranscription;

export interface ApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes?: unknown;
  created_at: string;
  last_used_at?: string | null;
  expires_at?: string | null;
  created_by_key?: string | null;
}

export interface ApiKeyPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<ApiKey>;
}

export interface Attempt {
  started_at: string;
  duration_ms: number;
  status_code: number | null;
  /** Empty for an answer of 2xx. */
  error: string;
  /** How the answer began. */
  response: string;
}

export interface BenchReport {
  /** What the figures depend on. */
  machine: Record<string, unknown>;
  figures: Array<Figure>;
  /** What could not be measured, and why. */
  skipped: Array<Skipped>;
  took_s: number;
  /** What makes the figures worse than they could be. */
  remark: string;
}

export interface ChatAnswer {
  answer: string;
  /** Whether anything here is about the question. */
  found: boolean;
  sources: Array<ChatSource>;
  session_id: string;
  model: string;
  /** Passages are quoted. */
  approximate: boolean;
  warnings?: Array<AnswerWarning>;
  /** Sentences that the sources don't bear out. */
  unsupported: number;
  usage: Record<string, number>;
  revision: number;
}

export interface ChatSession {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
}

export interface ChatSessionPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<ChatSession>;
}

export interface ChatSource {
  /** From 0. */
  segment_order: number;
  segment: string;
  text: string;
  score: number;
  start: number;
  end: number;
  speaker: string | null;
}

export interface ChatTurn {
  question: string;
  answer: string;
  found: boolean;
  sources: Array<ChatSource>;
  model: string;
  revision: number;
  is_stale: boolean;
  created_at: string;
}

export interface ClientSecret {
  /** The short-lived key. */
  value: string;
  /** Unix seconds. */
  expires_at: number;
  /** What a session is opened with. */
  session: Record<string, unknown>;
}

export interface Cloud {
  instances: Array<CloudInstance>;
}

export interface CloudDevice {
  /** cpu or cuda */
  kind: string;
  name: string;
  /** Of the accelerator; 0 on a CPU. */
  memory_bytes: number;
  compute_type: string;
}

export interface CloudInstance {
  id: string;
  name: string;
  region: string;
  gpu: string;
  /** As the operator set it. * `active` - active * `draining` - draining */
  status: "active" | "draining";
  /** As it says itself, just now. * `ok` - ok * `draining` - draining * `unreachable` - unreachable */
  health: "ok" | "draining" | "unreachable";
  device: CloudDevice | null;
  models: Array<CloudModel>;
  queues: Array<CloudQueue>;
}

export interface CloudModel {
  id: string;
  loaded: boolean;
  /** 0 if it is not loaded. */
  memory_bytes: number;
}

export interface CloudQueue {
  /** live, short or bulk */
  priority: string;
  /** Windows of audio that wait. */
  waiting: number;
  /** Recordings that are being worked on. */
  running: number;
}

export interface Comment {
  id: string;
  /** The segment's id; it may be gone. */
  segment: string;
  /** Words of it; empty: all of it. */
  quote: string;
  /** Where in the text they stood. */
  offset: number;
  /** Empty: a highlight. */
  text: string;
  /** null: the account is gone. */
  author: string | null;
  created_at: string;
  updated_at: string;
}

export interface CommentList {
  results: Array<Comment>;
}

export interface Content {
  type: string;
  /** Where a template was asked for. */
  template?: UsedTemplate;
  model: string;
  approximate: boolean;
  coverage: Coverage;
  /** Markdown. */
  content: string;
  /** The same for programs, or null. */
  data: unknown;
  warnings?: Array<AnswerWarning>;
  /** Of what is written. */
  sentences?: Array<QuotedSentence>;
  /** Sentences of a language model that the text doesn't bear out. */
  dropped?: number;
}

export interface Conversation {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
  turns: Array<ChatTurn>;
}

export interface Coverage {
  characters: number;
  characters_read: number;
  sentences: number;
  /** In how many parts a language model read it. */
  parts: number;
  complete: boolean;
}

export interface CreditPack {
  id: string;
  name: string;
  credits: number;
  price_cents: number;
  currency?: string;
}

export interface Day {
  minutes: number;
  jobs: number;
  credits: number;
  /** file, live, ai */
  by_kind: Record<string, Figures>;
  date: string;
}

export interface DeepgramAnswer {
  metadata?: Record<string, unknown>;
  results?: Record<string, unknown>;
  /** Of what the callback will get. */
  request_id?: string;
}

export interface Delivery {
  id: string;
  /** The `webhook-id` that was sent. */
  message_id: string;
  event: string;
  /** * `pending` - Pending * `succeeded` - Succeeded * `failed` - Failed */
  status?: "pending" | "succeeded" | "failed";
  tries?: number;
  next_try_at?: string | null;
  created_at: string;
  finished_at?: string | null;
  attempts: Array<Attempt>;
}

export interface DeliveryDetail {
  id: string;
  /** The `webhook-id` that was sent. */
  message_id: string;
  event: string;
  /** * `pending` - Pending * `succeeded` - Succeeded * `failed` - Failed */
  status?: "pending" | "succeeded" | "failed";
  tries?: number;
  next_try_at?: string | null;
  created_at: string;
  finished_at?: string | null;
  attempts: Array<Attempt>;
  body: string;
}

export interface DeliveryPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<Delivery>;
}

export interface Diarization {
  engine: string;
}

export interface Difference {
  older: number;
  newer: number;
  segments: Array<SegmentDifference>;
  /** By number: before and after. */
  speakers: Record<string, unknown>;
  /** Title, tags, notes: before and after. */
  fields: Record<string, unknown>;
}

export interface DoctorReport {
  /** * `ok` - ok * `warning` - warning * `failure` - failure */
  worst: "ok" | "warning" | "failure";
  findings: Array<Finding>;
}

export interface EditableSegment {
  /** Stays through edits. */
  id: string;
  start: number;
  end: number;
  text: string;
  /** The name, or the label. */
  speaker: string | null;
  speaker_number: number | null;
  /** null in an import that told none. */
  confidence: number | null;
  words: Array<EditedWord>;
}

export interface Edited {
  /** Also the ETag; for the next `If-Match`. */
  revision: number;
  /** The last revision that changed what is said: results made before are stale. */
  text_revision: number;
  is_corrected: boolean;
  /** Those that changed, in order; at most 100. */
  segments: Array<EditableSegment>;
  /** Segments that are gone. */
  removed: Array<string>;
  /** False: more changed than is listed. */
  complete: boolean;
  /** True: a gap was filled, or opened again. */
  gaps_changed: boolean;
  speakers: Array<Speaker>;
}

export interface EditedWord {
  word: string;
  start: number;
  end: number;
  /** null in an import that told none. */
  confidence: number | null;
  /** By forced alignment with the sound; by the recogniser's attention; placed by length; or as an imported file said. * `aligned` - aligned * `attention` - attention * `interpolated` - interpolated * `imported` - imported */
  timing: "aligned" | "attention" | "interpolated" | "imported";
}

export interface EmbedWarning {
  code: string;
  message: string;
  texts: Array<number>;
}

export interface Embeddings {
  /** Of unit length. */
  embeddings: Array<Array<number>>;
  dimensions: number;
  model: string;
  warnings: Array<EmbedWarning>;
}

export interface Endpoint {
  id: string;
  url: string;
  description?: string;
  events?: unknown;
  is_enabled: boolean;
  disabled_at?: string | null;
  /** * `owner` - Owner * `gone` - Gone * `failing` - Failing */
  disabled_reason?: "owner" | "gone" | "failing" | "";
  previous_secret_until?: string | null;
  created_at: string;
}

export interface EndpointPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<Endpoint>;
}

export interface Engine {
  id: string;
  name: string;
  /** * `aligner` - aligner * `diarizer` - diarizer * `watermark` - watermark * `enhancer` - enhancer * `voice` - voice */
  kind: "aligner" | "diarizer" | "watermark" | "enhancer" | "voice";
  available: boolean;
  install_hint: string;
  /** An aligner's or a voice engine's. */
  languages: Array<string>;
  /** Of the weights, where known. */
  licence: string;
}

export interface Enhancement {
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  file_name: string;
  /** * `standard` - standard * `light` - light * `full` - full */
  strength: "standard" | "light" | "full";
  target: number;
  progress: EnhancementProgress;
  /** Where the WAV file is. */
  audio: string | null;
  /** deepfilternet3, gtcrn; wiener: the engine without weights. */
  model: string | null;
  duration: number | null;
  /** Hz, the recording's own. */
  rate: number | null;
  channels: number | null;
  loudness: Loudness;
  warnings: Array<EnhancementWarning>;
  credits_charged: number;
  error: JobError | null;
  created_at: string;
  finished_at: string | null;
  /** When the file and this row are deleted. */
  expires_at: string | null;
}

export interface EnhancementPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<Enhancement>;
}

export interface EnhancementProgress {
  done_s: number;
  /** null: not known yet. */
  total_s: number | null;
}

export interface EnhancementWarning {
  code: string;
  message: string;
}

export interface Error {
  /** A sentence a person can act on. */
  error: string;
  /** Stable, for programs. */
  code: string;
}

export interface Evidence {
  characters: Array<number>;
  segments?: Array<number>;
  start?: number;
  end?: number;
}

export interface ExportPreparing {
  status: string;
}

export interface ExportedTranscription {
  text: string;
  /** null where it isn't known, or no word was spoken. */
  language: string | null;
  /** Seconds. */
  duration: number;
  segments: Array<Segment>;
  speakers: Array<string>;
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  /** The model that really ran. */
  model: string;
  engine: string;
  language_probability: number | null;
  diarization: Diarization | null;
  warnings: Array<Warning>;
  /** Speech that is not in the text. */
  gaps: Array<Gap>;
  title: string;
  /** Not with `notice=false`. */
  origin?: string;
  /** The same, as a sentence. */
  notice?: string;
}

export interface Figure {
  name: string;
  value: number;
  unit: string;
  /** How it was measured, and its spread. */
  detail: string;
}

export interface Figures {
  minutes: number;
  jobs: number;
  credits: number;
}

export interface Finding {
  subject: string;
  /** * `ok` - ok * `warning` - warning * `failure` - failure */
  level: "ok" | "warning" | "failure";
  /** How it is. */
  sentence: string;
  /** What to do; empty where nothing is to be done. */
  cure: string;
}

export interface Format {
  extension: string;
  name: string;
  mime: string;
  video: boolean;
}

export interface FormatList {
  formats: Array<Format>;
}

export interface FoundTranscript {
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  title: string;
  file_name: string;
  size_bytes: number;
  /** Seconds. */
  duration: number;
  language: string | null;
  model: string;
  model_requested: string;
  /** * `transcribe` - transcribe * `translate` - translate */
  task: "transcribe" | "translate";
  /** * `upload` - Upload * `api` - Api * `live` - Live */
  source: "upload" | "api" | "live";
  tags: Array<string>;
  language_note: string;
  /** 0: as the machine wrote it. */
  revision: number;
  /** Who wrote it at first; unknown of most imports. * `machine` - Machine * `unknown` - Unknown */
  origin: "machine" | "unknown";
  /** Corrected by a person. */
  is_corrected: boolean;
  /** When the account's retention removed the recording. */
  audio_deleted_at: string | null;
  credits_charged: number;
  created_at: string;
  finished_at: string | null;
  error: JobError | null;
  warnings: Array<Warning>;
  /** Of speech that is not in the text. */
  gap_seconds: number;
  /** With `search` only. */
  highlights?: Array<Highlight>;
}

export interface Gap {
  id: string;
  /** Seconds from the start of the recording. */
  start: number;
  end: number;
  /** * `not_recognised` - not_recognised * `repetition` - repetition * `low_confidence` - low_confidence * `unreadable` - unreadable */
  reason: "not_recognised" | "repetition" | "low_confidence" | "unreadable";
  /** What was recognised there, and not accepted. */
  text?: string;
}

export interface GapAnswer {
  /** Also the ETag; for the next `If-Match`. */
  revision: number;
  /** The last revision that changed what is said: results made before are stale. */
  text_revision: number;
  is_corrected: boolean;
  /** Those that changed, in order; at most 100. */
  segments: Array<EditableSegment>;
  /** Segments that are gone. */
  removed: Array<string>;
  /** False: more changed than is listed. */
  complete: boolean;
  /** True: a gap was filled, or opened again. */
  gaps_changed: boolean;
  speakers: Array<Speaker>;
  /** False: a retry found nothing; the gap stays. */
  found: boolean;
  /** Those that are left. */
  gaps: Array<Gap>;
  warnings: Array<Warning>;
}

export interface Glossary {
  /** At most 500. */
  terms: Array<Term>;
}

export interface GlossaryFix {
  find: string;
  replace: string;
  count: number;
  segments: Array<string>;
}

export interface GlossaryFixList {
  /** The most frequent first. */
  fixes: Array<GlossaryFix>;
}

export interface Grant {
  /** The short-lived key. */
  access_token: string;
  /** Seconds. */
  expires_in: number;
}

export interface Health {
  /** * `ok` - ok * `degraded` - degraded */
  status: "ok" | "degraded";
  gpu_available: boolean;
  gpu_name: string | null;
  gpu_memory_mb: number;
  /** Only where a GPU is there and can't be used: why. */
  gpu_failure?: string;
  /** * `ok` - ok * `down` - down */
  database: "ok" | "down";
  /** * `ok` - ok * `down` - down */
  inference: "ok" | "down";
  /** `not_installed`: no recogniser is here yet, so recognition answers 503. * `ok` - ok * `not_installed` - not_installed * `down` - down */
  recognition: "ok" | "not_installed" | "down";
  /** The optional process of the engines that need torch. Recognition works without it, so it never makes the status `degraded`. * `ok` - ok * `not_installed` - not_installed * `down` - down */
  torch_engines: "ok" | "not_installed" | "down";
}

export interface Highlight {
  /** null: in the title. */
  segment: string | null;
  start: number | null;
  end: number | null;
  text: string;
  /** Escaped, with <mark> around what was found. */
  html: string;
}

export interface Invoice {
  id: string;
  number: string;
  /** * `invoice` - Invoice * `receipt` - Receipt * `credit_note` - Credit Note */
  kind: "invoice" | "receipt" | "credit_note";
  corrects?: string;
  description: string;
  amount_cents: number;
  currency: string;
  issued_at: string;
}

export interface InvoicePage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<Invoice>;
}

export interface Job {
  id: string;
  /** * `file` - File * `live` - Live * `second_pass` - Second Pass * `import` - Import */
  kind: "file" | "live" | "second_pass" | "import";
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  /** Whether the transcript has this job's text. */
  is_current: boolean;
  model_requested: string;
  /** The model that really ran. */
  model: string;
  language: string | null;
  diarize: boolean;
  progress: Progress;
  credits_charged: number;
  error: JobError | null;
  warnings: Array<Warning>;
  created_at: string;
  finished_at: string | null;
}

export interface JobError {
  code: string;
  message: string;
}

export interface Language {
  code: string;
  name: string;
}

export interface LanguageList {
  languages: Array<Language>;
}

export interface LibraryAnswer {
  answer: string;
  found: boolean;
  sources: Array<LibrarySource>;
  session_id: string;
  model: string;
  approximate: boolean;
  unsupported: number;
  warnings: Array<AnswerWarning>;
  usage: Record<string, number>;
  coverage: LibraryCoverage;
}

export interface LibraryConversation {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
  turns: Array<LibraryTurn>;
}

export interface LibraryCoverage {
  /** That the question is about. */
  transcripts: number;
  /** The others are not indexed yet: each question indexes some. */
  searched: number;
  complete: boolean;
}

export interface LibrarySource {
  /** From 0. */
  segment_order: number;
  segment: string;
  text: string;
  score: number;
  start: number;
  end: number;
  speaker: string | null;
  transcript: string;
  title: string;
  /** What a mark such as [3] in a written answer stands for. */
  number?: number;
}

export interface LibraryTurn {
  question: string;
  answer: string;
  found: boolean;
  sources: Array<LibrarySource>;
  model: string;
  revision: number;
  is_stale: boolean;
  created_at: string;
}

export interface Limits {
  max_file_bytes: number | null;
  concurrency: number | null;
  requests_per_minute: number | null;
  text_requests_per_minute: number | null;
}

export interface LintReport {
  profile: Record<string, unknown>;
  cues: number;
  counts: Record<string, number>;
  findings: Array<Record<string, unknown>>;
}

export interface Loudness {
  /** LUFS; null: silence, or not done. */
  before: number | null;
  after: number | null;
  /** dBTP. */
  true_peak: number | null;
}

export interface MadeAnalysis {
  /** Of the stored result. */
  result_id: string;
  /** Of the transcript that was read. */
  revision: number;
  type: string;
  model: string;
  approximate: boolean;
  coverage: Coverage;
  /** A list, or for sentiment and pii_redact an object. */
  result: unknown;
}

export interface MadeContent {
  /** Of the stored result. */
  result_id: string;
  /** Of the transcript that was read. */
  revision: number;
  type: string;
  /** Where a template was asked for. */
  template?: UsedTemplate;
  model: string;
  approximate: boolean;
  coverage: Coverage;
  /** Markdown. */
  content: string;
  /** The same for programs, or null. */
  data: unknown;
  warnings?: Array<AnswerWarning>;
  /** Of what is written. */
  sentences?: Array<QuotedSentence>;
  /** Sentences of a language model that the text doesn't bear out. */
  dropped?: number;
}

export interface MadeSummary {
  /** Of the stored result. */
  result_id: string;
  /** Of the transcript that was read. */
  revision: number;
  summary: string;
  style: string;
  /** What ran. */
  model: string;
  /** It is quoted, not written. */
  approximate: boolean;
  coverage: Coverage;
  sentences: Array<QuotedSentence>;
  warnings?: Array<AnswerWarning>;
  /** Sentences of a language model that the text doesn't bear out. */
  dropped?: number;
}

export interface MadeTranslation {
  /** Of the stored result. */
  result_id: string;
  /** Of the transcript that was read. */
  revision: number;
  translated_text: string;
  source_language: string;
  target_language: string;
  segments: Array<TranslatedSegment>;
  /** Segments with a sentence that is as it was. */
  untranslated: number;
  /** Empty: the text was in it already. */
  model: string;
}

export interface Model {
  id: string;
  name: string;
  /** How many. */
  languages: number;
  /** * `very_fast` - very_fast * `fast` - fast * `standard` - standard */
  speed: "very_fast" | "fast" | "standard";
  /** Its weights are installed here. */
  available: boolean;
  /** The model that runs when this one is asked for. */
  served_by: string | null;
  engine: string;
  install_hint: string;
}

export interface ModelList {
  models: Array<Model>;
  /** What a server may have or not: those not installed as well. */
  engines: Array<Engine>;
  default_model: string;
  object: string;
  /** As Deepgram's clients read them, which send `Authorization: Token`. */
  stt?: Array<Record<string, unknown>>;
  tts?: Array<Record<string, unknown>>;
  data: Array<OpenAiModel>;
}

export interface ModelWeights {
  id: string;
  /** What it is for: recogniser, voice, … */
  kind: string;
  licence: string;
  /** To be fetched; 0 where that is unknown. */
  size_bytes: number;
  /** Of what is installed. */
  disk_bytes: number;
  is_installed: boolean;
  /** Whether it is being fetched now. */
  is_pulling: boolean;
  pulled_bytes: number;
  /** What fetching reported last; empty before. */
  pull_line: string;
  /** Why the last try failed, or nothing. */
  pull_error: string;
}

export interface NameEvidence {
  /** From 0. */
  segment_order: number;
  segment: string;
  text: string;
  start: number;
  end: number;
  /** Who says it. */
  speaker: string | null;
}

export interface NameSuggestion {
  /** The number, as in `speakers/`. */
  speaker: number;
  label: string;
  name: string;
  /** 0 to 1. */
  score: number;
  /** `rules`, or the language model that suggests it. */
  source: string;
  evidence: Array<NameEvidence>;
}

export interface NameSuggestions {
  suggestions: Array<NameSuggestion>;
  /** `rules`, or the language model that read it, too. */
  model: string;
}

export interface NewApiKey {
  id: string;
  name: string;
  prefix: string;
  scopes?: unknown;
  created_at: string;
  last_used_at?: string | null;
  expires_at?: string | null;
  created_by_key?: string | null;
  /** Shown this once. Keep it safe. */
  key: string;
}

export interface NewEndpoint {
  id: string;
  url: string;
  description?: string;
  events?: unknown;
  is_enabled: boolean;
  disabled_at?: string | null;
  /** * `owner` - Owner * `gone` - Gone * `failing` - Failing */
  disabled_reason?: "owner" | "gone" | "failing" | "";
  previous_secret_until?: string | null;
  created_at: string;
  /** `whsec_…`, shown this once. Keep it safe. */
  secret: string;
}

export interface NewSecret {
  /** Shown this once. */
  secret: string;
  /** Until then messages are signed with the one before, too. */
  previous_secret_until: string;
}

export interface NewShare {
  id: string;
  created_at: string;
  expires_at?: string | null;
  has_password: boolean;
  /** Shown this once: only a digest of it is kept. */
  url: string;
}

export interface NoteTemplate {
  id: string;
  name: string;
  is_built_in: boolean;
  sections: Array<OutlineSection>;
}

export interface NoteTemplateList {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<NoteTemplate>;
}

export interface Occurrence {
  /** The segment's. */
  id: string;
  start: number;
  text: string;
  /** From which character to which, in code points. */
  places: Array<Array<number>>;
}

export interface OccurrenceList {
  /** Of places, in all segments. */
  count: number;
  /** At most 500. */
  segments: Array<Occurrence>;
}

export interface Offers {
  /** Whether this server takes payments. */
  can_buy: boolean;
  plans: Array<PlanOffer>;
  packs: Array<CreditPack>;
}

export interface OpenAiModel {
  id: string;
  object: string;
  created: number;
  owned_by: string;
}

export interface OutlineSection {
  /** May hold {{title}}, {{date}}, {{speakers}}, {{language}}, {{duration}}, {{tags}}, {{glossary}}, {{notes}}. */
  title: string;
  /** What the section is to say. May hold {{title}}, {{date}}, {{speakers}}, {{language}}, {{duration}}, {{tags}}, {{glossary}}, {{notes}}. */
  instruction?: string;
  /** What is quoted without a language model. * `passages` - passages * `summary` - summary * `action_items` - action_items * `decisions` - decisions * `questions` - questions * `topics` - topics * `quotes` - quotes * `chapters` - chapters * `speakers` - speakers */
  source?: "passages" | "summary" | "action_items" | "decisions" | "questions" | "topics" | "quotes" | "chapters" | "speakers";
}

export interface Parts {
  done: number;
  /** null: not known yet. */
  of: number | null;
}

export interface Peaks {
  peaks_per_second: number;
  /** Base64: a byte a peak, 0 silence to 255 full scale, in decibels. */
  peaks: string;
}

export interface PeaksPreparing {
  status: string;
}

export interface Plan {
  id: string;
  name: string;
}

export interface PlanOffer {
  id: string;
  name: string;
  monthly_minutes?: number;
  max_file_bytes: number;
  concurrency: number;
  requests_per_minute?: number;
  has_private_cloud?: boolean;
  price_cents?: number;
  currency?: string;
}

export interface Processing {
  auto_process: Array<"summary" | "bullet_points" | "title" | "action_items" | "chapters" | "topics" | "questions" | "sentiment" | "key_quotes" | "meeting_notes">;
  /** A template's id; empty: none. */
  template: string;
  /** At most 50. */
  tags: Array<TagRule>;
}

export interface Progress {
  /** Audio seconds that are settled. */
  done_s: number;
  total_s: number | null;
}

export interface QuotedSentence {
  text: string;
  evidence: Evidence;
}

export interface Recounted {
  /** Also the ETag; for the next `If-Match`. */
  revision: number;
  /** The last revision that changed what is said: results made before are stale. */
  text_revision: number;
  is_corrected: boolean;
  /** Those that changed, in order; at most 100. */
  segments: Array<EditableSegment>;
  /** Segments that are gone. */
  removed: Array<string>;
  /** False: more changed than is listed. */
  complete: boolean;
  /** True: a gap was filled, or opened again. */
  gaps_changed: boolean;
  speakers: Array<Speaker>;
  /** How many speakers the text has now. */
  found: number;
  /** The model of voices whose embeddings were clustered. */
  engine: string;
  warnings: Array<Warning>;
}

export interface RedactedAudioPreparing {
  status: string;
  /** 0 to 1. */
  progress: number;
}

export interface Result {
  id: string;
  /** * `summary` - Summary * `analysis` - Analysis * `content` - Content * `translation` - Translation * `template` - Template */
  kind: "summary" | "analysis" | "content" | "translation" | "template";
  /** A style, a type, a language or a template's id. */
  name: string;
  model: string;
  /** Of the text that was read. */
  revision: number;
  /** The text was changed since. */
  is_stale: boolean;
  is_edited: boolean;
  /** Which files there are of it. */
  formats: Array<string>;
  text: string;
  /** The answer as it was given. */
  result: unknown;
  created_at: string;
  updated_at: string;
}

export interface ResultPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<Result>;
}

export interface Retention {
  /** Days that recordings are kept; 0: until completion; null: no limit. */
  audio_days: number | null;
  /** The same for transcripts. */
  transcript_days: number | null;
  /** Days that voice data is kept, from which speakers can be counted again; 0: none is kept; null: as long as the server says, and not longer than the recording. */
  embedding_days?: number | null;
}

export interface Revision {
  number: number;
  /** * `describe` - Describe * `edit` - Edit * `split` - Split * `merge` - Merge * `move_words` - Move Words * `remove` - Remove * `add_speaker` - Add Speaker * `rename_speaker` - Rename Speaker * `merge_speakers` - Merge Speakers * `assign_speaker` - Assign Speaker * `keep_gap` - Keep Gap * `retry_gap` - Retry Gap * `restore` - Restore * `revert` - Revert * `replace` - Replace * `recount` - Recount * `second_pass` - Second Pass */
  action: "describe" | "edit" | "split" | "merge" | "move_words" | "remove" | "add_speaker" | "rename_speaker" | "merge_speakers" | "assign_speaker" | "keep_gap" | "retry_gap" | "restore" | "revert" | "replace" | "recount" | "second_pass";
  /** null: the account is gone. */
  author: string | null;
  restored: number | null;
  /** A few of the words that it changed. */
  summary: Array<WordsChanged>;
  created_at: string;
}

export interface RevisionPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<Revision>;
}

export interface Risk {
  /** * `words` - words * `gap` - gap * `language` - language * `speaker` - speaker */
  kind: "words" | "gap" | "language" | "speaker";
  /** The segment's id, or the gap's. */
  place: string;
  start: number;
  end: number;
  text: string;
  /** 0 to 1: how likely it is wrong. */
  score: number;
  /** The first character in the segment's text. */
  first: number;
  /** Behind the last one; 0: all of the text. */
  last: number;
}

export interface RiskList {
  /** In all; the 300 worst are listed. */
  count: number;
  results: Array<Risk>;
}

export interface Segment {
  start: number;
  end: number;
  text: string;
  /** null without diarization. */
  speaker: string | null;
  /** null in an import that told none. */
  confidence: number | null;
  language: string | null;
  words: Array<Word>;
  /** With `include_gaps`: this segment stands for that gap. */
  gap?: string;
}

export interface SegmentDifference {
  id: string;
  /** * `added` - added * `removed` - removed * `changed` - changed */
  change: "added" | "removed" | "changed";
  /** What differs, as it was. */
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  /** Empty where the text is the same. */
  words: Array<TextRun>;
}

export interface SegmentPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<EditableSegment>;
}

export interface Sentences {
  done: number;
  /** null: not known yet. */
  of: number | null;
}

export interface Share {
  id: string;
  created_at: string;
  expires_at?: string | null;
  has_password: boolean;
}

export interface ShareList {
  results: Array<Share>;
}

export interface Skipped {
  name: string;
  reason: string;
}

export interface Speaker {
  number: number;
  label: string;
  name: string;
}

export interface SpeakerList {
  speakers: Array<Speaker>;
}

export interface Step {
  step: string;
  /** queued, completed or failed. */
  status: string;
  result_id: string | null;
  error: JobError | null;
}

export interface Summary {
  summary: string;
  style: string;
  /** What ran. */
  model: string;
  /** It is quoted, not written. */
  approximate: boolean;
  coverage: Coverage;
  sentences: Array<QuotedSentence>;
  warnings?: Array<AnswerWarning>;
  /** Sentences of a language model that the text doesn't bear out. */
  dropped?: number;
}

export interface TagRule {
  auto_process: Array<"summary" | "bullet_points" | "title" | "action_items" | "chapters" | "topics" | "questions" | "sentiment" | "key_quotes" | "meeting_notes">;
  /** A template's id; empty: none. */
  template: string;
  tag: string;
}

export interface Term {
  /** As it is spelt; without a comma. */
  text: string;
  /** How it comes out wrong: `glossary-fixes/` finds these. */
  misheard?: Array<string>;
  /** For recordings with this tag; empty: for all. */
  tag?: string;
}

export interface TextJob {
  id: string;
  /** * `summarize` - summarize * `analyze` - analyze * `generate` - generate * `translate` - translate * `process` - process */
  operation: "summarize" | "analyze" | "generate" | "translate" | "process";
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  transcript: string | null;
  /** What was asked, without the text. */
  request: unknown;
  progress: Parts;
  /** Of a transcript: among its `results/`. */
  result_id: string | null;
  /** Of `process`: what is made of a transcript. */
  steps: Array<Step>;
  error: JobError | null;
  created_at: string;
  finished_at: string | null;
  /** Of a text that came with the request: what the request would have been answered with. Stored for a day. */
  answer?: unknown;
}

export interface TextJobPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<TextJob>;
}

export interface TextRun {
  /** * `equal` - equal * `delete` - delete * `insert` - insert */
  op: "equal" | "delete" | "insert";
  text: string;
}

export interface Totals {
  minutes: number;
  jobs: number;
  credits: number;
  /** file, live, ai */
  by_kind: Record<string, Figures>;
}

export interface TranscriptDetail {
  text: string;
  /** null where it isn't known, or no word was spoken. */
  language: string | null;
  /** Seconds. */
  duration: number;
  segments: Array<Segment>;
  speakers: Array<string>;
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  /** The model that really ran. */
  model: string;
  engine: string;
  language_probability: number | null;
  diarization: Diarization | null;
  warnings: Array<Warning>;
  /** Speech that is not in the text. */
  gaps: Array<Gap>;
  title: string;
  file_name: string;
  size_bytes: number;
  model_requested: string;
  /** * `transcribe` - transcribe * `translate` - translate */
  task: "transcribe" | "translate";
  /** * `upload` - Upload * `api` - Api * `live` - Live */
  source: "upload" | "api" | "live";
  tags: Array<string>;
  language_note: string;
  /** 0: as the machine wrote it. */
  revision: number;
  /** Who wrote it at first; unknown of most imports. * `machine` - Machine * `unknown` - Unknown */
  origin: "machine" | "unknown";
  /** Corrected by a person. */
  is_corrected: boolean;
  /** When the account's retention removed the recording. */
  audio_deleted_at: string | null;
  credits_charged: number;
  created_at: string;
  finished_at: string | null;
  error: JobError | null;
  /** Of speech that is not in the text. */
  gap_seconds: number;
  queue_position: number | null;
  progress: Progress;
}

export interface TranscriptPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<FoundTranscript>;
}

export interface TranscriptState {
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  /** 1 is the next. */
  queue_position: number | null;
  progress: Progress;
}

export interface TranscriptSummary {
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  title: string;
  file_name: string;
  size_bytes: number;
  /** Seconds. */
  duration: number;
  language: string | null;
  model: string;
  model_requested: string;
  /** * `transcribe` - transcribe * `translate` - translate */
  task: "transcribe" | "translate";
  /** * `upload` - Upload * `api` - Api * `live` - Live */
  source: "upload" | "api" | "live";
  tags: Array<string>;
  language_note: string;
  /** 0: as the machine wrote it. */
  revision: number;
  /** Who wrote it at first; unknown of most imports. * `machine` - Machine * `unknown` - Unknown */
  origin: "machine" | "unknown";
  /** Corrected by a person. */
  is_corrected: boolean;
  /** When the account's retention removed the recording. */
  audio_deleted_at: string | null;
  credits_charged: number;
  created_at: string;
  finished_at: string | null;
  error: JobError | null;
  warnings: Array<Warning>;
  /** Of speech that is not in the text. */
  gap_seconds: number;
}

export interface Transcription {
  text: string;
  /** null where it isn't known, or no word was spoken. */
  language: string | null;
  /** Seconds. */
  duration: number;
  segments: Array<Segment>;
  speakers: Array<string>;
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  /** The model that really ran. */
  model: string;
  engine: string;
  language_probability: number | null;
  diarization: Diarization | null;
  warnings: Array<Warning>;
  /** Speech that is not in the text. */
  gaps: Array<Gap>;
}

export interface TranslatedPart {
  start: number;
  end: number;
  text: string;
}

export interface TranslatedSegment {
  /** From 0. */
  segment_order: number;
  /** Its key. */
  segment: string;
  start: number;
  end: number;
  speaker: string | null;
  text: string;
  /** A sentence of it is as it was. */
  untranslated: boolean;
  /** Sentences, and parts of them. */
  sentences: Array<TranslatedPart>;
}

export interface TranslatedText {
  translated_text?: string;
  source_language?: string;
  target_language: string;
  untranslated?: Array<Untranslated>;
  translations?: Array<Record<string, unknown>>;
  model: string;
}

export interface TranslationLanguage {
  code: string;
  name: string;
  engine: string;
  model: string;
  installed: boolean;
  install_hint: string;
  /** What it translates from; empty: any. */
  from: Array<string>;
}

export interface TranslationLanguages {
  languages: Array<TranslationLanguage>;
}

export interface Untranslated {
  text: string;
  characters: Array<number>;
  /** length, repetition, digits, language or empty. */
  reason: string;
}

export interface Upload {
  id: string;
  /** * `receiving` - receiving * `received` - received * `submitted` - submitted * `refused` - refused */
  status: "receiving" | "received" | "submitted" | "refused";
  file_name: string;
  /** Bytes that are here. */
  offset: number;
  length: number | null;
  transcript_id: string | null;
  error: UploadError | null;
  /** Of a guest's, in the answer that begins it: what opens it. */
  token?: string;
  created_at: string;
  expires_at: string;
}

export interface UploadError {
  code: string;
  message: string;
}

export interface Usage {
  /** 30, oldest first, in the account's time zone. */
  days: Array<Day>;
  totals: Totals;
}

export interface UsedTemplate {
  id: string;
  name: string;
}

export interface VerboseSegment {
  start: number;
  end: number;
  text: string;
  /** null without diarization. */
  speaker: string | null;
  /** null in an import that told none. */
  confidence: number | null;
  language: string | null;
  words: Array<Word>;
  /** With `include_gaps`: this segment stands for that gap. */
  gap?: string;
  /** From 0. */
  id: number;
  /** Always 0. */
  seek: number;
  /** Always empty. */
  tokens: Array<number>;
  temperature: number | null;
  avg_logprob: number | null;
  compression_ratio: number | null;
  no_speech_prob: number | null;
}

export interface VerboseTranscription {
  text: string;
  /** null where it isn't known, or no word was spoken. */
  language: string | null;
  /** Seconds. */
  duration: number;
  segments: Array<VerboseSegment>;
  speakers: Array<string>;
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  /** The model that really ran. */
  model: string;
  engine: string;
  language_probability: number | null;
  diarization: Diarization | null;
  warnings: Array<Warning>;
  /** Speech that is not in the text. */
  gaps: Array<Gap>;
  /** * `transcribe` - transcribe * `translate` - translate */
  task: "transcribe" | "translate";
  words: Array<Word>;
}

export interface Voice {
  id: string;
  name: string;
  description: string;
  language: string;
  engine: string;
  available: boolean;
}

export interface VoiceConsent {
  agreed: boolean;
  agreed_at: string | null;
  /** The version of the terms, docs/voices.md. */
  terms: string;
}

export interface VoiceEngine {
  id: string;
  name: string;
  available: boolean;
  install_hint: string;
  languages: Array<string>;
  /** It speaks in the voice of a reference. */
  can_clone: boolean;
  licence: string;
}

export interface VoiceJob {
  id: string;
  /** * `queued` - Queued * `processing` - Processing * `completed` - Completed * `completed_with_warnings` - Completed With Warnings * `failed` - Failed * `cancelled` - Cancelled */
  status: "queued" | "processing" | "completed" | "completed_with_warnings" | "failed" | "cancelled";
  /** null: the reference's. */
  voice: string | null;
  language: string | null;
  characters: number;
  progress: Sentences;
  model: string;
  /** Seconds of speech. */
  duration: number;
  /** Seconds of work. */
  generation_time: number;
  /** null: none was put in. */
  watermark: string | null;
  /** It carries a C2PA manifest. */
  signed: boolean;
  credits_charged: number;
  /** Where the speech is, for a day. */
  audio: string | null;
  error: JobError | null;
  created_at: string;
  finished_at: string | null;
}

export interface VoiceJobPage {
  count: number;
  next: string | null;
  previous: string | null;
  results: Array<VoiceJob>;
}

export interface VoiceList {
  voices: Array<Voice>;
  engines: Array<VoiceEngine>;
  /** What marks speech inaudibly here; null: nothing is installed. */
  watermark: string | null;
}

export interface Voices {
  /** Whether a worker finds the voices of the recording, or could not. * `idle` - idle * `processing` - processing * `failed` - failed */
  status: "idle" | "processing" | "failed";
}

export interface Warning {
  code: string;
  message: string;
  /** Of `speech_not_transcribed`: how many gaps. */
  gaps?: number;
  /** The same: how long in all. */
  seconds?: number;
}

export interface WeightsOnDisk {
  models: Array<ModelWeights>;
  /** Of the disk that they lie on. */
  free_bytes: number;
  total_bytes: number;
  /** Then nothing can be fetched. */
  is_offline: boolean;
}

export interface Word {
  word: string;
  /** Seconds from the start of the recording. */
  start: number;
  end: number;
  /** null in an import that told none. */
  confidence: number | null;
  /** How the word got its times: by forced alignment with the sound, by the recogniser's attention, by length between its neighbours, or from an imported file. * `aligned` - aligned * `attention` - attention * `interpolated` - interpolated * `imported` - imported */
  timing?: "aligned" | "attention" | "interpolated" | "imported";
}

export interface WordsChanged {
  before: string;
  after: string;
}
