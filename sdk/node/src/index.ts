export { STTClient, type ClientOptions, type ProgressReport, type TranscribeOptions } from "./client.js";
export * from "./errors.js";
export { LiveSession, type LiveMessage, type LiveOptions } from "./live.js";
export type { Timeouts } from "./policy.js";
export type { RecordingSource } from "./recordings.js";
export type { EnhanceOptions, Sound, SpeechOptions } from "./sound.js";
export type { ListOptions, Transcripts } from "./transcripts.js";
export type * from "./types.js";
export { verifyWebhook } from "./webhooks.js";
