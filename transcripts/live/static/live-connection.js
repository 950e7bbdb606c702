// One connection of a live session: opened with a fresh token, and dead once the server is silent.
// What is to be done about a lost one is live-client.js's affair.

const MAX_BUFFERED_BYTES = 64_000; // 2 s: more waits with its sender, where it can be sent again
const SILENCE_MS = 20_000; // the server sends something every 5 s
const TOKEN_MS = 20_000;

/** @typedef {ReturnType<typeof setTimeout>} Timer */
/** @typedef {Record<string, any>} Message what the server sends, parsed */

/**
 * @typedef {object} Handlers
 * @property {string | URL} url
 * @property {() => string | Promise<string>} getToken
 * @property {() => Message} describe returns the first message, once the socket is open
 * @property {(message: Message) => void} onMessage
 * @property {(code: number) => void} onClosed by the server, or on the way
 * @property {() => void} onDead silent for too long, or what came is none of our server's
 */

export class LiveConnection {
  /** @type {Handlers} */
  #with;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {Timer | undefined} */
  #silence;
  #isClosed = false;

  /** @param {Handlers} handlers */
  constructor(handlers) {
    this.#with = handlers;
  }

  /** Throws what `getToken` throws, or that it took too long. */
  async open() {
    const address = new URL(this.#with.url);
    const token = await within(TOKEN_MS, this.#with.getToken());
    if (this.#isClosed) return;
    if (token) address.searchParams.set("token", token);
    const socket = (this.#socket = new WebSocket(address));
    socket.onopen = () => socket.send(JSON.stringify(this.#with.describe()));
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = ({ code }) => this.#isClosed || this.#with.onClosed(code);
    this.#expectMessage();
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Whether more should be given to it now. */
  get hasRoom() {
    return (this.#socket?.bufferedAmount ?? 0) < MAX_BUFFERED_BYTES;
  }

  /** @param {string | ArrayBuffer} data */
  send(data) {
    this.#socket?.send(data);
  }

  /** Nothing of it is reported any more. */
  close() {
    this.#isClosed = true;
    clearTimeout(this.#silence);
    this.#socket?.close();
  }

  /** @param {string} data */
  #receive(data) {
    if (this.#isClosed) return;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return this.#with.onDead(); // a proxy in between, or a cut message
    }
    this.#expectMessage();
    this.#with.onMessage(message);
  }

  #expectMessage() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#with.onDead(), SILENCE_MS);
  }
}

/**
 * The answer, unless it takes longer than `ms`: then it throws.
 * @template Answer
 * @param {number} ms
 * @param {Answer | Promise<Answer>} answer
 * @returns {Promise<Answer>}
 */
async function within(ms, answer) {
  /** @type {Timer | undefined} */
  let timer;
  const tooLate = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("Too late")), ms);
  });
  try {
    return await /** @type {Promise<Answer>} */ (Promise.race([answer, tooLate]));
  } finally {
    clearTimeout(timer);
  }
}
