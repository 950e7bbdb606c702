// What can go wrong, as exceptions; the tree is that of the Python client.

export interface ErrorDetails {
  statusCode?: number | undefined;
  code?: string;
  requestId?: string;
  retryAfter?: number | undefined;
  body?: Record<string, unknown>;
}

/** Any failure. `code` is stable; the message is a sentence for a person. */
export class STTError extends Error {
  readonly statusCode: number | undefined;
  readonly code: string;
  readonly requestId: string;
  /** Seconds after which the server may be asked again. */
  readonly retryAfter: number | undefined;
  readonly body: Record<string, unknown>;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = new.target.name;
    this.statusCode = details.statusCode;
    this.code = details.code ?? "";
    this.requestId = details.requestId ?? "";
    this.retryAfter = details.retryAfter;
    this.body = details.body ?? {};
  }
}

/** No answer: the server can't be reached, or the connection broke. */
export class ConnectionFailedError extends STTError {}
/** A phase, or all of it, took longer than its deadline. */
export class DeadlineError extends ConnectionFailedError {}
/** The server refused. */
export class StatusError extends STTError {}
/** What was sent can't be used: the file, an option, the kind of body. */
export class BadRequestError extends StatusError {}
/** The key is missing, wrong, expired or revoked, or may not do this. */
export class AuthError extends StatusError {}
/** No minutes or credits are left. */
export class CreditError extends StatusError {}
/** There is no such thing, or it belongs to another account. */
export class NotFoundError extends StatusError {}
/** It is in the way of something that runs, or was sent before with other content. */
export class ConflictError extends StatusError {}
/** What you change was changed since you read it. */
export class RevisionChangedError extends ConflictError {}
/** The file is larger than the plan allows. */
export class TooLargeError extends StatusError {}
/** Too many requests, or too many at once. */
export class RateLimitError extends StatusError {}
/** A fault of the server's, or it is busy. */
export class ServerError extends StatusError {}
/** The server lacks the model or the engine; the message says how to install it. */
export class NotInstalledError extends ServerError {}
/** The message isn't signed with this secret, or is older than the tolerance. */
export class SignatureError extends STTError {}

/** The transcription failed or was stopped. Nothing was charged for a failure. */
export class TranscriptionError extends STTError {
  constructor(
    message: string,
    code: string,
    readonly transcriptId: string,
  ) {
    super(message, { code });
  }
}

/** The live session ended with an error. `transcript` is the text so far. */
export class LiveError extends STTError {
  constructor(
    message: string,
    code: string,
    readonly transcript = "",
  ) {
    super(message, { code });
  }
}

const BY_STATUS: Record<number, typeof StatusError> = {
  401: AuthError,
  402: CreditError,
  403: AuthError,
  404: NotFoundError,
  409: ConflictError,
  410: NotFoundError,
  412: RevisionChangedError,
  413: TooLargeError,
  422: ConflictError,
  423: ConflictError,
  429: RateLimitError,
};

/** Returns the exception for a refusal. */
export function errorFor(status: number, body: Record<string, unknown>, details: ErrorDetails): StatusError {
  const code = typeof body.code === "string" ? body.code : "";
  const message = typeof body.error === "string" ? body.error : `The server answered ${status}.`;
  const usual = BY_STATUS[status] ?? (status >= 500 ? ServerError : BadRequestError);
  const kind = code === "not_installed" ? NotInstalledError : usual;
  return new kind(message, { ...details, statusCode: status, code, body });
}
