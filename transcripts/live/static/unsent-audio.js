// The audio of a live session that the server has not journalled yet: retained, so that it can be
// sent again after the connection was lost.

export const BYTES_A_MS = 32; // 16 kHz, 16 bits, mono

export class UnsentAudio {
  /** @type {{start: number, pcm: ArrayBuffer}[]} */
  #frames = []; // {start, pcm}: where in the session it lies, in bytes
  #next = 0; // in #frames: what is sent next
  #end = 0;

  /** @param {{capacityMs: number}} options */
  constructor({ capacityMs }) {
    this.capacityMs = capacityMs;
  }

  get endMs() {
    return this.#end / BYTES_A_MS;
  }
  get startMs() {
    return (this.#frames[0]?.start ?? this.#end) / BYTES_A_MS;
  }
  get isFull() {
    return this.endMs - this.startMs >= this.capacityMs;
  }
  get isAllSent() {
    return this.#next === this.#frames.length;
  }

  /** @param {ArrayBuffer} pcm */
  push(pcm) {
    this.#frames.push({ start: this.#end, pcm });
    this.#end += pcm.byteLength;
  }

  /**
   * Discard what lies before `audioMs`: the server has stored it.
   * @param {number} audioMs
   */
  acknowledge(audioMs) {
    const known = audioMs * BYTES_A_MS;
    const done = this.#frames.findIndex(({ start, pcm }) => start + pcm.byteLength > known);
    const count = done < 0 ? this.#frames.length : done;
    this.#frames.splice(0, count);
    this.#next = Math.max(0, this.#next - count);
  }

  /**
   * Send again from `audioMs` on, where the server says it stands.
   * @param {number} audioMs
   */
  rewind(audioMs) {
    this.acknowledge(audioMs);
    this.#next = 0;
    const first = this.#frames[0];
    if (!first) return;
    const known = Math.round(audioMs * BYTES_A_MS) - first.start;
    if (known > 0) {
      first.pcm = first.pcm.slice(known);
      first.start += known;
    }
  }

  /** Another session begins with what is left: its clock starts there. */
  rebase() {
    const base = this.#frames[0]?.start ?? this.#end;
    for (const frame of this.#frames) frame.start -= base;
    this.#end -= base;
    this.#next = 0;
  }

  /** Return the frame to send next; throws RangeError where all are sent. */
  take() {
    const frame = this.#frames[this.#next];
    if (!frame) throw new RangeError("Every frame is sent");
    this.#next++;
    return frame.pcm;
  }
}
