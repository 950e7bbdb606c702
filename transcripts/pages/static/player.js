// <stt-player>: a bar with the waveform around the page's own media element, and a stage for a picture
// with subtitles. Without a script, the element inside has the browser's controls.
import { fetchExport } from "../../exports/static/exports.js";
import { make } from "./dom.js";
import { formatClock } from "./format.js";
import { recordingTime, seekTo } from "./player-time.js";
import { pause, request } from "./requests.js";
import { parseCues } from "./subtitles.js";
import { texts } from "./texts.js";
import { drawWaveform, readPeaks } from "./waveform.js";

const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
const STEP_S = 5;
const LARGE_STEP_S = 30;
const BACK_S = 3;
const PEAK_TRIES = 90;
const STALE_MS = 1500;

class SttPlayer extends HTMLElement {
  /** @type {TextTrack | undefined} */
  track;
  /** @type {import("./waveform.js").Peaks | undefined} */
  peaks;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  stale;

  connectedCallback() {
    const media = /** @type {HTMLMediaElement | null} */ (this.querySelector("audio, video"));
    if (!media || this.querySelector(".bar")) return;
    this.media = media;
    media.controls = false;
    this.build(media);
    this.rememberSpeed(media);
    for (const name of ["play", "pause", "ended"])
      media.addEventListener(name, () => this.showState());
    for (const name of ["timeupdate", "seeked", "loadedmetadata", "durationchange"])
      media.addEventListener(name, () => this.showTime());
    media.addEventListener("loadedmetadata", () => this.showStage());
    this.showState();
    this.showTime();
    if (media.readyState >= HTMLMediaElement.HAVE_METADATA) this.showStage();
    this.loadPeaks();
    new ResizeObserver(() => this.draw()).observe(/** @type {HTMLElement} */ (this.wave));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    document.addEventListener("stt:edited", () => this.refreshCaptions());
  }

  /** @param {HTMLMediaElement} media */
  build(media) {
    this.playButton = this.makeButton("play", "", () =>
      media.paused ? media.play().catch(() => {}) : media.pause(),
    );
    const back = this.makeButton("back", "−3", () => (media.currentTime -= BACK_S));
    back.setAttribute("aria-label", texts.back_3);
    back.title = `${texts.back_3} (Alt+J)`;
    this.clock = make("span", { className: "clock" });
    this.canvas = make("canvas");
    this.played = make("span", { className: "played" });
    this.wave = make("div", { className: "wave", tabIndex: 0 }, this.canvas, this.played);
    this.wave.setAttribute("role", "slider");
    this.wave.setAttribute("aria-label", texts.position);
    this.wave.setAttribute("aria-valuemin", "0");
    this.wave.addEventListener("pointerdown", (event) => this.drag(event));
    this.wave.addEventListener("keydown", (event) => this.move(event));
    this.speed = make(
      "select",
      { className: "speed" },
      ...SPEEDS.map((speed) => new Option(`${speed} ×`, String(speed))),
    );
    this.speed.setAttribute("aria-label", texts.speed);
    this.silence = this.makeToggle(texts.skip_silence, (isOn) => {
      media.dataset.skipsSilence = isOn ? "yes" : "";
    });
    this.captions = this.makeToggle(texts.subtitles, (isOn) => this.showCaptions(isOn));
    this.captions.hidden = true;
    this.stage = make("div", { className: "stage", hidden: true });
    if (media instanceof HTMLVideoElement) this.stage.append(media);
    const bar = make("div", { className: "bar" });
    bar.setAttribute("role", "group");
    bar.setAttribute("aria-label", texts.player);
    bar.append(
      this.playButton,
      back,
      this.clock,
      this.wave,
      this.speed,
      this.silence,
      this.captions,
    );
    const help = document.getElementById("shortcuts");
    if (help instanceof HTMLDialogElement) {
      const button = this.makeButton("help", "?", () => help.showModal());
      button.setAttribute("aria-label", texts.shortcuts);
      bar.append(button);
    }
    this.append(this.stage, bar);
  }

  /**
   * @param {string} name
   * @param {string} label
   * @param {() => void} act
   */
  makeButton(name, label, act) {
    const button = make("button", { type: "button", className: `icon ${name}` }, label);
    button.addEventListener("click", act);
    return button;
  }

  /**
   * @param {string} label
   * @param {(isOn: boolean) => void} act
   */
  makeToggle(label, act) {
    const button = make("button", { type: "button", className: "toggle", textContent: label });
    button.setAttribute("aria-pressed", "false");
    button.addEventListener("click", () => {
      const isOn = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(isOn));
      act(isOn);
    });
    return button;
  }

  /** @param {HTMLMediaElement} media */
  rememberSpeed(media) {
    const select = /** @type {HTMLSelectElement} */ (this.speed);
    const known = localStorage.getItem("player.speed") ?? "1";
    select.value = SPEEDS.includes(Number(known)) ? known : "1";
    const set = () => {
      media.defaultPlaybackRate = media.playbackRate = Number(select.value);
      localStorage.setItem("player.speed", select.value);
    };
    set();
    select.addEventListener("change", set);
    media.addEventListener("loadedmetadata", () => (media.playbackRate = Number(select.value)));
  }

  showState() {
    const button = /** @type {HTMLElement} */ (this.playButton);
    const isPaused = this.media?.paused ?? true;
    button.textContent = isPaused ? "▶" : "❚❚";
    button.setAttribute("aria-label", isPaused ? texts.play : texts.pause);
    button.title = `${isPaused ? texts.play : texts.pause} (Alt+K)`;
  }

  /** The length by the recording's time: with the pauses that the browser leaves out. */
  get length() {
    const media = /** @type {HTMLMediaElement} */ (this.media);
    const length = Number.isFinite(media.duration) ? media.duration : 0;
    return Math.max(length, recordingTime(media));
  }

  showTime() {
    const media = /** @type {HTMLMediaElement} */ (this.media);
    const wave = /** @type {HTMLElement} */ (this.wave);
    const hundredths = Math.round(100 * recordingTime(media)); // at the end, all of it was played
    const [now, length] = [hundredths / 100, this.length];
    const shown = `${formatClock(now)} / ${formatClock(length)}`;
    if (this.clock && this.clock.textContent !== shown) this.clock.textContent = shown;
    if (this.played) this.played.style.inlineSize = `${length ? (100 * now) / length : 0}%`;
    wave.setAttribute("aria-valuemax", String(Math.round(length)));
    wave.setAttribute("aria-valuenow", String(Math.round(now)));
    wave.setAttribute("aria-valuetext", formatClock(now));
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const wave = /** @type {HTMLElement} */ (this.wave);
    const seek = (/** @type {PointerEvent} */ { clientX }) => {
      const box = wave.getBoundingClientRect();
      const share = Math.min(1, Math.max(0, (clientX - box.left) / box.width));
      seekTo(/** @type {HTMLMediaElement} */ (this.media), share * this.length);
      this.showTime();
    };
    wave.setPointerCapture(event.pointerId);
    wave.addEventListener("pointermove", seek);
    wave.addEventListener(
      "lostpointercapture",
      () => wave.removeEventListener("pointermove", seek),
      {
        once: true,
      },
    );
    seek(event);
  }

  /** @param {KeyboardEvent} event */
  move(event) {
    const media = /** @type {HTMLMediaElement} */ (this.media);
    const now = recordingTime(media);
    /** @type {Record<string, number>} */
    const places = {
      ArrowLeft: now - STEP_S,
      ArrowDown: now - STEP_S,
      ArrowRight: now + STEP_S,
      ArrowUp: now + STEP_S,
      PageDown: now - LARGE_STEP_S,
      PageUp: now + LARGE_STEP_S,
      Home: 0,
      End: this.length,
    };
    const place = places[event.key];
    if (place === undefined) return;
    event.preventDefault();
    seekTo(media, Math.min(this.length, Math.max(0, place)));
  }

  // ---- waveform

  async loadPeaks() {
    const address = this.dataset.peaks;
    for (let tries = 0; address && tries < PEAK_TRIES && this.isConnected; tries++)
      try {
        const answer = await request(address);
        if (answer.status === 200) {
          this.peaks = readPeaks(await answer.json());
          this.draw();
          return;
        }
        await pause(1000 * (Number(answer.headers.get("Retry-After")) || 1));
      } catch {
        return; // a bar without a waveform plays as well
      }
  }

  draw() {
    const canvas = /** @type {HTMLCanvasElement} */ (this.canvas);
    if (this.peaks) drawWaveform(canvas, this.peaks, this.length);
    this.classList.toggle("has-peaks", Boolean(this.peaks));
  }

  // ---- picture and subtitles

  showStage() {
    const { media, stage, captions } = this;
    if (!(media instanceof HTMLVideoElement) || !media.videoWidth || !stage || !captions) return;
    stage.hidden = false;
    document.body.classList.add("has-video");
    if (!this.dataset.captions) return;
    captions.hidden = false;
    if (captions.getAttribute("aria-pressed") !== "true") captions.click();
  }

  /** @param {boolean} isOn */
  async showCaptions(isOn) {
    const media = /** @type {HTMLMediaElement} */ (this.media);
    this.track ??= media.addTextTrack("captions", texts.subtitles);
    this.track.mode = isOn ? "showing" : "hidden";
    if (isOn && !this.track.cues?.length) await this.loadCaptions();
  }

  async loadCaptions(query = "") {
    const address = this.dataset.captions;
    if (!address || !this.track) return;
    try {
      const file = await fetchExport(address + query);
      for (const cue of [...(this.track.cues ?? [])]) this.track.removeCue(cue);
      for (const { start, end, text } of parseCues(await file.text()))
        this.track.addCue(new VTTCue(start, end, text));
    } catch {
      this.captions?.setAttribute("aria-pressed", "false"); // pressed again, it tries again
    }
  }

  /** Show subtitles with other options over the picture. @param {string} query of the export */
  async previewCaptions(query) {
    if (this.captions?.getAttribute("aria-pressed") !== "true") this.captions?.click();
    await this.loadCaptions(query);
    this.scrollIntoView({ block: "nearest" });
  }

  /** Soon after an edit, once for several. */
  refreshCaptions() {
    if (!this.track || this.track.mode !== "showing") return;
    clearTimeout(this.stale);
    this.stale = setTimeout(() => this.loadCaptions(), STALE_MS);
  }
}

customElements.define("stt-player", SttPlayer);
