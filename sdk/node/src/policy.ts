// How long a call may take, and when it is tried again.

/** Milliseconds. `answerMs`: from sending a try to the beginning of its answer. `silenceMs`: between two parts of an answer.
 * `totalMs`: the whole call, retries included. */
export interface Timeouts {
  answerMs: number;
  silenceMs: number;
  totalMs: number | undefined;
}

export const DEFAULT_TIMEOUTS: Timeouts = { answerMs: 300_000, silenceMs: 300_000, totalMs: undefined };
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;
// A server that asks for more is not waited for: the caller decides.
const LONGEST_REQUESTED_S = 60;

/** Returns the seconds that `retry-after-ms` or `Retry-After` (seconds, or a date) asks for. */
export function retryAfterOf(headers: Headers): number | undefined {
  const ms = headers.get("retry-after-ms");
  if (ms !== null && Number.isFinite(Number(ms))) return Math.max(0, Number(ms) / 1000);
  const value = headers.get("retry-after");
  if (value === null || value.trim() === "") return undefined;
  if (Number.isFinite(Number(value))) return Math.max(0, Number(value));
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, (at - Date.now()) / 1000);
}

/** Whether a refused request is sent again. What isn't repeatable is only where nothing was done. */
export function mayRetry(status: number, code: string, isRepeatable: boolean): boolean {
  if (code === "not_installed") return false;
  if (!isRepeatable) return status === 429 || status === 503;
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** Returns the milliseconds before the next try; undefined: the server asks for more than is waited for. */
export function waitBeforeRetry(tries: number, requestedS?: number): number | undefined {
  if (requestedS !== undefined) return requestedS <= LONGEST_REQUESTED_S ? requestedS * 1000 : undefined;
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1));
  return longest * (0.5 + Math.random() / 2);
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
