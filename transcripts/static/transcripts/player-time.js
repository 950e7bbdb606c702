// The player's time and the recording's. A pause for which the file holds nothing (a muted microphone,
// a lost network) has its length in the file's time, by which the transcript goes; Chromium plays on
// behind it at once, other browsers wait.

const closesPauses = /\bChrome\/|HeadlessChrome\//.test(navigator.userAgent);

function pausesOf(player) { return closesPauses ? JSON.parse(player.dataset.pauses || "[]") : []; }

/** Returns the recording's time, in seconds, at which the player is. */
export function recordingTime(player) {
  let seconds = player.currentTime;
  for (const [start, length] of pausesOf(player)) if (seconds >= start) seconds += length;
  return seconds;
}

/** Moves the player to a time of the recording, in seconds. */
export function seekTo(player, seconds) {
  let closed = 0;
  for (const [start, length] of pausesOf(player)) closed += Math.min(length, Math.max(0, seconds - start));
  player.currentTime = seconds - closed;
}
