// A waveform of peaks, drawn once for a width: a bar for every three pixels, the loudest of its time.

const BAR_PX = 3;

/** @typedef {{perSecond: number, levels: Uint8Array}} Peaks */

/**
 * @param {{peaks_per_second: number, peaks: string}} answer of the API
 * @returns {Peaks}
 */
export function readPeaks({ peaks_per_second: perSecond, peaks }) {
  const bytes = atob(peaks);
  return { perSecond, levels: Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)) };
}

/**
 * The loudest level of each bar, 0 to 1.
 * @param {Peaks} peaks
 * @param {number} count of bars
 * @param {number} seconds that all of them are
 */
export function gatherBars({ perSecond, levels }, count, seconds) {
  const total = Math.max(1, seconds * perSecond);
  return Array.from({ length: count }, (_, bar) => {
    const first = Math.floor((bar * total) / count);
    const last = Math.max(first + 1, Math.floor(((bar + 1) * total) / count));
    let highest = 0;
    for (let at = first; at < last && at < levels.length; at++)
      highest = Math.max(highest, levels[at] ?? 0);
    return highest / 255;
  });
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Peaks} peaks
 * @param {number} seconds
 */
export function drawWaveform(canvas, peaks, seconds) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const context = canvas.getContext("2d");
  if (!context || !width) return;
  const scale = globalThis.devicePixelRatio || 1;
  canvas.width = width * scale;
  canvas.height = height * scale;
  context.scale(scale, scale);
  context.fillStyle = getComputedStyle(canvas).color;
  const length = seconds || peaks.levels.length / peaks.perSecond;
  const bars = gatherBars(peaks, Math.floor(width / BAR_PX), length);
  for (const [at, level] of bars.entries()) {
    const bar = Math.max(1, level * height);
    context.fillRect(at * BAR_PX, (height - bar) / 2, BAR_PX - 1, bar);
  }
}
