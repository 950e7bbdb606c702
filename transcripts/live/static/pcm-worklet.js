// A microphone's audio as the live socket takes it: 16 kHz, mono, signed 16-bit little-endian.
// Runs in the audio thread; pages import `Resampler` out of it in tests only.
//
//   in   any rate the device has, 128 samples at a time
//   out  {pcm: ArrayBuffer, level: 0..1} for each frame of 100 ms; {isLast: true} after a flush

export const OUTPUT_HZ = 16000;
const FRAME_SAMPLES = OUTPUT_HZ / 10;
const STOPBAND_DB = 80;

/**
 * Changes the rate by the ratio of two whole numbers: a polyphase low-pass, a windowed sinc.
 *
 * What lies above half the lower rate is 80 dB down, so that nothing folds back into speech; what
 * lies below 7/8 of that passes unchanged. Delayed by nothing: the first sample out is the first in.
 * (Kaiser's formulas for length and window: Oppenheim & Schafer, Discrete-Time Signal Processing, 7.6.)
 */
export class Resampler {
  /**
   * @param {number} inputHz
   * @param {number} [outputHz]
   */
  constructor(inputHz, outputHz = OUTPUT_HZ) {
    const common = greatestCommonDivisor(inputHz, outputHz);
    this.up = outputHz / common;
    this.down = inputHz / common;
    this.taps =
      inputHz === outputHz ? [Float32Array.of(1)] : designTaps(inputHz, outputHz, this.up);
    this.half = this.taps[0].length >> 1; // taps after the moment; as many, or one less, before
    this.buffer = new Float32Array(8192 + 2 * this.half);
    this.length = Math.max(0, this.half - 1); // silence before the first sample
    this.start = 0; // in `buffer`: the first sample that the next output needs
    this.phase = 0; // in 1/up of an input sample
  }

  /**
   * Return the samples that are complete now; each input is used once.
   * @param {Float32Array} samples
   */
  push(samples) {
    /** @type {number[]} */
    const out = [];
    for (let done = 0; done < samples.length;) {
      const part = samples.subarray(done, done + this.buffer.length - this.length);
      this.buffer.set(part, this.length);
      this.length += part.length;
      done += part.length;
      this.#produce(out);
      this.#discard();
    }
    return Float32Array.from(out);
  }

  /** Return the last samples: what waited for the other half of the filter. */
  flush() {
    return this.push(new Float32Array(this.half));
  }

  /** @param {number[]} out */
  #produce(out) {
    const width = this.taps[0].length;
    while (this.start + width <= this.length) {
      const taps = this.taps[this.phase];
      let sum = 0;
      for (let i = 0; i < width; i++) sum += taps[i] * this.buffer[this.start + i];
      out.push(sum);
      this.phase += this.down;
      this.start += Math.floor(this.phase / this.up);
      this.phase %= this.up;
    }
  }

  #discard() {
    const used = Math.min(this.start, this.length);
    this.buffer.copyWithin(0, used, this.length);
    this.length -= used;
    this.start -= used;
  }
}

/**
 * Return for each phase the weights of the input samples around it; they add up to 1.
 * @param {number} inputHz
 * @param {number} outputHz
 * @param {number} phases
 */
function designTaps(inputHz, outputHz, phases) {
  const edgeHz = Math.min(inputHz, outputHz) / 2;
  const transitionHz = edgeHz / 8;
  const cutoff = (edgeHz - transitionHz / 2) / inputHz; // cycles a sample
  const length = (STOPBAND_DB - 8) / (2.285 * 2 * Math.PI * (transitionHz / inputHz));
  const half = Math.ceil(length / 2);
  const beta = 0.1102 * (STOPBAND_DB - 8.7);
  const weigh = (/** @type {number} */ t) => {
    const x = 2 * Math.PI * cutoff * t;
    const sinc = x === 0 ? 1 : Math.sin(x) / x;
    return sinc * besselI0(beta * Math.sqrt(Math.max(0, 1 - (t / half) ** 2)));
  };
  return Array.from({ length: phases }, (_phase, phase) => {
    const taps = Float64Array.from({ length: 2 * half }, (_, i) =>
      weigh(i - half + 1 - phase / phases),
    );
    const sum = taps.reduce((a, b) => a + b);
    return Float32Array.from(taps, (tap) => tap / sum);
  });
}

/** @param {number} x */
function besselI0(x) {
  let sum = 1;
  for (let term = 1, k = 1; term > sum * 1e-12; k++) sum += term *= (x / (2 * k)) ** 2;
  return sum;
}

/**
 * @param {number} a
 * @param {number} b
 * @returns {number}
 */
function greatestCommonDivisor(a, b) {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * Return the frame's bytes; `samples` beyond [-1, 1] are clipped.
 * @param {Float32Array} samples
 */
function encode(samples) {
  const view = new DataView(new ArrayBuffer(samples.length * 2));
  samples.forEach((sample, i) => {
    const scaled = Math.round(sample * 32767);
    view.setInt16(2 * i, Math.max(-32768, Math.min(32767, scaled)), true);
  });
  return view.buffer;
}

/**
 * Return how loud it is: 0 at -60 dBFS and below, 1 at full scale.
 * @param {Float32Array} samples
 */
function measureLevel(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  return Math.max(0, Math.min(1, 1 + (10 * Math.log10(power + 1e-12)) / 60));
}

if ("registerProcessor" in globalThis) {
  /** Messages in: "pause", "flush", else go on. */
  class PcmProcessor extends AudioWorkletProcessor {
    #resampler = new Resampler(sampleRate);
    #frame = new Float32Array(FRAME_SAMPLES);
    #filled = 0;
    #isPaused = false;
    #isOver = false;

    constructor() {
      super();
      this.port.onmessage = ({ data }) => {
        if (data === "flush") this.#finish();
        else this.#isPaused = data === "pause";
      };
    }

    /** @param {Float32Array[][]} inputs */
    process([input]) {
      if (input[0] && !this.#isPaused && !this.#isOver)
        this.#collect(this.#resampler.push(input[0]));
      return !this.#isOver;
    }

    /** @param {Float32Array} samples */
    #collect(samples) {
      for (let done = 0; done < samples.length;) {
        const part = samples.subarray(done, done + FRAME_SAMPLES - this.#filled);
        this.#frame.set(part, this.#filled);
        this.#filled += part.length;
        done += part.length;
        if (this.#filled === FRAME_SAMPLES) this.#send();
      }
    }

    #finish() {
      this.#collect(this.#resampler.flush());
      if (this.#filled) this.#send();
      this.#isOver = true;
      this.port.postMessage({ isLast: true });
    }

    #send() {
      const samples = this.#frame.subarray(0, this.#filled);
      const pcm = encode(samples);
      this.port.postMessage({ pcm, level: measureLevel(samples) }, [pcm]);
      this.#filled = 0;
    }
  }
  registerProcessor("pcm", PcmProcessor);
}
