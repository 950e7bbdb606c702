// All of the account's transcripts in one event stream: one a page, for whoever on it asks.
import { followEvents } from "../../pages/static/event-stream.js";
import { RequestError, pause, request } from "../../pages/static/requests.js";

const AGAIN_MS = [2000, 5000, 15_000, 30_000];

/** @typedef {{id: string, status: string, title?: string, done_s?: number, total_s?: number | null, error?: string | null}} TranscriptEvent */
/** @typedef {{onEvent: (event: TranscriptEvent) => void, onLine?: (isUp: boolean) => void}} Follower */

/** @type {Set<Follower>} */
const followers = new Set();
let isFollowing = false;

/**
 * Follow from `since` on, the time at which the page was made (ISO 8601). It ends with the page.
 * @param {string} since
 * @param {Follower} follower
 */
export function followAccount(since, follower) {
  followers.add(follower);
  if (isFollowing) return;
  isFollowing = true;
  run(since).catch(() => setLine(false)); // logged out, or away for good
}

/** @param {string} since */
async function run(since) {
  let last = since;
  const { signal } = new AbortController();
  for (let tries = 0; ; tries++) {
    try {
      await followEvents(
        async (headers) => {
          const query = new URLSearchParams({ since: last });
          const answer = await request(`/api/v1/events/?${query}`, { headers, signal });
          setLine(true);
          return answer;
        },
        {
          signal,
          onLost: () => setLine(false),
          handle: ({ id, name, data }) => {
            tries = 0;
            last = id || last;
            if (name === "transcript") for (const { onEvent } of followers) onEvent(data);
            return false;
          },
        },
      );
    } catch (problem) {
      setLine(false);
      if (!(problem instanceof RequestError) || [401, 403].includes(problem.status)) throw problem;
      await pause(AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)] ?? 0, signal);
    }
  }
}

/** @param {boolean} isUp */
function setLine(isUp) {
  for (const { onLine } of followers) onLine?.(isUp);
}
