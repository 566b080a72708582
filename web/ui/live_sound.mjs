// The microphone, the loudspeaker and the processor between them. The microphone is released when it is closed.

const MICROPHONE = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 };

/** Why this cannot work here, as a sentence, or null. */
export function obstacle() {
  if (!window.isSecureContext) {
    return "Browsers give the microphone only to pages that came over https, or from this computer itself: ask whoever runs this server for an address that begins with https.";
  }
  const policy = document.permissionsPolicy ?? document.featurePolicy;
  if (policy?.allowsFeature && !policy.allowsFeature("microphone")) {
    return "This page is shown inside another one, which does not pass the microphone on: open it in a tab of its own.";
  }
  if (!navigator.mediaDevices?.getUserMedia || !window.AudioWorkletNode || !window.WebSocket) {
    return "This browser cannot send live sound: use a current Firefox, Chrome, Edge or Safari.";
  }
  return null;
}

const REFUSALS = {
  NotAllowedError: "The microphone was refused: allow it in the browser's settings for this page, then press Start.",
  NotFoundError: "No microphone was found: connect one, then press Start.",
  NotReadableError: "The microphone is in use by another program: close that one, then press Start.",
};

export class Sound {
  /** @param on {stats(stats), ended(sentence), held(whether another program holds the sound)} */
  constructor(on) {
    this.on = on;
  }

  /** Opens everything; rejects with a sentence. Called from a tap, since browsers start sound only then. */
  async open() {
    // The device's own rate: some browsers connect no microphone to a context at another. The server resamples.
    this.context = new AudioContext({ latencyHint: "interactive" });
    const resumed = this.context.resume();
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ audio: MICROPHONE });
    } catch (error) {
      throw new Error(REFUSALS[error.name] ?? "The microphone could not be opened: try another one, then press Start.");
    }
    if (this.closed) return this.release();
    await this.context.audioWorklet.addModule(new URL("live_worklet.mjs", import.meta.url));
    await resumed;
    if (this.closed) return this.release();
    return this.connect();
  }

  connect() {
    const [track] = this.stream.getAudioTracks();
    this.track = track;
    track.addEventListener("ended", () => this.closed || this.on.ended("The microphone was disconnected: connect it again, then press Start."));
    const mono = { channelCount: 1, channelCountMode: "explicit" };
    this.node = new AudioWorkletNode(this.context, "voiceveil-live", { numberOfInputs: 1, numberOfOutputs: 1, outputChannelCount: [1], ...mono });
    this.node.port.onmessage = ({ data }) => this.on.stats(data);
    this.node.addEventListener("processorerror", () => this.on.ended("The sound stopped for a reason nobody expected: press Start to try again."));
    this.source = this.context.createMediaStreamSource(this.stream);
    this.source.connect(this.node).connect(this.context.destination);
    this.context.addEventListener("statechange", () => this.closed || this.on.held(this.context.state !== "running"));
  }

  tell(type, more = {}, transferred = []) {
    this.node?.port.postMessage({ type, ...more }, transferred);
  }

  /** What browser and devices say of their own share, in ms; null where they say nothing. */
  devices() {
    const { baseLatency, outputLatency } = this.context;
    const known = [baseLatency, outputLatency].filter((each) => Number.isFinite(each));
    const { latency } = this.track?.getSettings() ?? {};
    return { microphoneMs: Number.isFinite(latency) ? 1000 * latency : null, outputMs: known.length ? 1000 * known.reduce((a, b) => a + b) : null };
  }

  close() {
    this.closed = true;
    this.release();
  }

  release() {
    this.stream?.getTracks().forEach((track) => track.stop());
    if (this.node) this.node.port.onmessage = null;
    this.source?.disconnect();
    this.node?.disconnect();
    if (this.context?.state !== "closed") this.context?.close().catch(() => {});
  }
}
