// The microphone as frames of 16 kHz PCM (pcm-worklet.js): asked for, opened, paused and closed.

// Firefox waits for a device that plays sound, and without one never ends to.
const START_MS = 8000;

/** Why there is no microphone: `code` is one of the values below. */
export class MicrophoneError extends Error {
  /**
   * @param {string} code
   * @param {unknown} [cause]
   */
  constructor(code, cause) {
    super(code, { cause });
    this.code = code;
  }
}

// https://developer.mozilla.org/docs/Web/API/MediaDevices/getUserMedia#exceptions
/** @type {Record<string, string>} */
const CODES = {
  NotAllowedError: "permission_denied",
  SecurityError: "permission_denied",
  NotFoundError: "no_microphone",
  OverconstrainedError: "no_microphone",
  NotReadableError: "microphone_busy",
  AbortError: "microphone_busy",
};

/** @typedef {{onInterrupt: (isInterrupted: boolean) => void, onLost: () => void}} Watchers */

/**
 * Ask for the microphone and return `{deviceId, pause, resume, close}`; `deviceId` is the one that
 * was opened: another than the wanted one where that isn't there any more.
 *
 * `onFrame(pcm, level)` is called every 100 ms; `onInterrupt(isInterrupted)` when the system takes
 * the microphone away for a while (a telephone call); `onLost()` when it is unplugged. `close()`
 * resolves once the last frame was handed over. Throws MicrophoneError.
 *
 * @param {Watchers & {onFrame: (pcm: ArrayBuffer, level: number) => void, deviceId?: string}} options
 */
export async function openMicrophone({ onFrame, onInterrupt, onLost, deviceId = "" }) {
  if (!navigator.mediaDevices || !globalThis.AudioWorkletNode)
    throw new MicrophoneError(globalThis.isSecureContext ? "no_microphone" : "insecure_origin");
  const stream = await askForMicrophone(deviceId);
  const context = new AudioContext({ latencyHint: "interactive" });
  try {
    await context.audioWorklet.addModule(new URL("pcm-worklet.js", import.meta.url));
    await Promise.race([context.resume(), new Promise((wake) => setTimeout(wake, START_MS))]);
  } catch (problem) {
    stopAll(stream, context);
    throw new MicrophoneError("microphone_busy", problem);
  }
  if (context.state !== "running") {
    stopAll(stream, context);
    throw new MicrophoneError("no_sound_device");
  }
  const node = connect(context, stream);
  /** @type {Promise<void>} */
  const last = new Promise((resolve) => {
    node.port.onmessage = ({ data }) => (data.isLast ? resolve() : onFrame(data.pcm, data.level));
  });
  watch(stream, context, { onInterrupt, onLost });
  return {
    deviceId: stream.getAudioTracks()[0]?.getSettings().deviceId ?? "",
    pause: () => node.port.postMessage("pause"),
    resume: () => {
      resumeContext(context);
      node.port.postMessage("resume");
    },
    close: async () => {
      node.port.postMessage("flush");
      await Promise.race([last, new Promise((wake) => setTimeout(wake, 500))]); // a suspended context answers never
      node.port.onmessage = null;
      stopAll(stream, context);
    },
  };
}

/** @param {string} deviceId */
async function askForMicrophone(deviceId) {
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: {
        ...(deviceId && { deviceId: { ideal: deviceId } }),
        channelCount: 1,
        echoCancellation: true,
        noiseSuppression: true,
        autoGainControl: true,
      },
    });
  } catch (problem) {
    const name = problem instanceof DOMException ? problem.name : "";
    throw new MicrophoneError(CODES[name] ?? "no_microphone", problem);
  }
}

/**
 * @param {AudioContext} context
 * @param {MediaStream} stream
 */
function connect(context, stream) {
  const node = new AudioWorkletNode(context, "pcm", {
    numberOfInputs: 1,
    numberOfOutputs: 1,
    channelCount: 1,
    channelCountMode: "explicit",
  });
  // Its output is silence; not every browser runs a node that leads nowhere.
  context.createMediaStreamSource(stream).connect(node).connect(context.destination);
  return node;
}

/** Refused until the system gives the device back, which `onstatechange` follows.
 * @param {AudioContext} context */
const resumeContext = (context) => context.resume().catch(() => {});

/**
 * @param {MediaStream} stream
 * @param {AudioContext} context
 * @param {Watchers} watchers
 */
function watch(stream, context, { onInterrupt, onLost }) {
  const [track] = stream.getAudioTracks();
  if (!track) return;
  track.onmute = () => onInterrupt(true);
  track.onunmute = () => {
    resumeContext(context);
    onInterrupt(false);
  };
  track.onended = onLost;
  context.onstatechange = () => {
    if (context.state !== "closed") onInterrupt(context.state !== "running");
  };
}

/**
 * @param {MediaStream} stream
 * @param {AudioContext} context
 */
function stopAll(stream, context) {
  for (const track of stream.getTracks()) {
    track.onmute = track.onunmute = track.onended = null;
    track.stop();
  }
  context.onstatechange = null;
  context.close();
}
