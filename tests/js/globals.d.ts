// What TypeScript's own libraries lack: the audio worklet's scope, and Swagger UI's script.

declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}
declare function registerProcessor(name: string, processor: typeof AudioWorkletProcessor): void;
declare function SwaggerUIBundle(options: Record<string, unknown>): unknown;

declare module "jsdom" {
  export class JSDOM {
    constructor(html: string, options: { url: string });
    readonly window: any;
  }
}
