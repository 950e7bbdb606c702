// How pages write times and sizes, and read times that were typed.

const language = () => document.documentElement.lang || "en";

/**
 * `1:02`, `1:01:02`: as the server's `format_clock`.
 * @param {number | string} seconds
 */
export function formatClock(seconds) {
  const whole = Math.floor(Number(seconds));
  const pad = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(whole % 60)}` : `${minutes}:${pad(whole % 60)}`;
}

/**
 * The clock with its milliseconds, `1:02.500`: what can be typed.
 * @param {number | string} seconds
 */
export function formatExactClock(seconds) {
  const ms = Math.round(Number(seconds) * 1000);
  return `${formatClock(ms / 1000)}.${String(ms % 1000).padStart(3, "0")}`;
}

/**
 * Seconds of what was typed (`12.5`, `1:02.5`, `1:00:02,5`); null where it is no time.
 * @param {string} typed
 */
export function parseClock(typed) {
  const match = /^(?:(?:(\d+):)?(\d+):)?(\d+(?:[.,]\d+)?)$/.exec(typed.trim());
  if (!match) return null;
  const [hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part) => Number((part ?? "0").replace(",", ".")));
  return Math.round((hours * 3600 + minutes * 60 + seconds) * 1000) / 1000;
}

/**
 * Seconds as the server shows them (`rounded_seconds`): in tenths below ten, else whole.
 * @param {number} seconds
 */
export function formatSeconds(seconds) {
  const digits = seconds < 9.95 ? 1 : 0;
  return seconds.toLocaleString(language(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  });
}

/**
 * Decimal units, at most one digit behind the point: `1.2 MB`.
 * @param {number} bytes
 */
export function formatBytes(bytes) {
  const units = ["B", "kB", "MB", "GB"];
  const step = Math.min(3, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const value = (bytes / 1000 ** step).toLocaleString(language(), { maximumFractionDigits: 1 });
  return `${value} ${units[step]}`;
}

// As the server's `accounts/templatetags/dates.py`: one style a language, in the person's own zone.
const STYLES = {
  cs: { locale: "cs", month: "numeric" },
  en: { locale: "en-GB", month: "short" },
};

const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/**
 * @param {Date} time
 * @param {object} options
 */
function format(time, options) {
  const { locale } = language().startsWith("cs") ? STYLES.cs : STYLES.en;
  return time.toLocaleString(locale, /** @type {Intl.DateTimeFormatOptions} */ (options));
}

function dayOptions() {
  const { month } = language().startsWith("cs") ? STYLES.cs : STYLES.en;
  return { day: "numeric", month };
}

/** The account's own zone; of a guest, and where none is set, the browser's. */
const zone = () => ({ timeZone: document.body.dataset.timeZone });

/** A day such as `2026-11-20`, in words. @param {string} day */
export const formatDay = (day) =>
  format(new Date(`${day}T12:00:00`), { ...dayOptions(), year: "numeric" });

/** @param {string | number | Date} time */
export const formatDateTime = (time) =>
  format(new Date(time), { ...dayOptions(), year: "numeric", ...CLOCK, ...zone() });

/** The day without its year: `26 Nov`, `26. 11.` @param {string | number | Date} time */
export const formatShortDay = (time) => format(new Date(time), { ...dayOptions(), ...zone() });

/** `11:42` @param {string | number | Date} time */
export const formatTime = (time) => format(new Date(time), { ...CLOCK, ...zone() });
