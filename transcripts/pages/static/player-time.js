// The player's time and the recording's. A pause for which the file holds nothing (a muted microphone,
// a lost network) has its length in the file's time, by which the transcript goes; Chromium plays on
// behind it at once, other browsers wait.

const closesPauses = /\bChrome\/|HeadlessChrome\//.test(navigator.userAgent);

/** @param {HTMLMediaElement} player
 * @returns {[start: number, length: number][]} */
function pausesOf(player) {
  return closesPauses ? JSON.parse(player.dataset.pauses || "[]") : [];
}

/**
 * Return the recording's time, in seconds, at which the player is.
 * @param {HTMLMediaElement} player
 */
export function recordingTime(player) {
  let seconds = player.currentTime;
  for (const [start, length] of pausesOf(player)) if (seconds >= start) seconds += length;
  return seconds;
}

// At the very end of some WAV files Firefox's decoder fails, and plays nothing from then on.
const END_S = 0.002;

/**
 * Move the player to a time of the recording, in seconds.
 * @param {HTMLMediaElement} player
 * @param {number} seconds
 */
export function seekTo(player, seconds) {
  let closed = 0;
  for (const [start, length] of pausesOf(player))
    closed += Math.min(length, Math.max(0, seconds - start));
  const last = Number.isFinite(player.duration) ? player.duration - END_S : Infinity;
  player.currentTime = Math.max(0, Math.min(last, seconds - closed));
}
