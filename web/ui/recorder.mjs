// Recording from the microphone, with a level to watch. The microphone is released when the recording ends.

const FORMATS = ["audio/webm;codecs=opus", "audio/mp4", "audio/ogg;codecs=opus"];
const FLOOR_DB = -60;

/** Why recording cannot work here, as a sentence, or null. */
export function obstacle() {
  if (!navigator.mediaDevices?.getUserMedia) {
    return "Recording needs a secure connection (https or this computer itself): choose a file instead.";
  }
  if (!window.MediaRecorder) return "This browser cannot record sound: choose a file instead.";
  return null;
}

const REFUSALS = {
  NotAllowedError: "The microphone was refused: allow it in the browser's settings for this page, or choose a file.",
  NotFoundError: "No microphone was found: connect one, or choose a file.",
  NotReadableError: "The microphone is in use by another program: close that one, or choose a file.",
};

export class Recorder {
  /** @param on {tick(seconds, level_db), done(blob, seconds), failed(sentence)} */
  constructor(maxS, on) {
    this.maxS = maxS;
    this.on = on;
    this.kept = true;
  }

  async start() {
    try {
      // The voice as it is: no echo canceller, noise gate or gain control between it and the systems.
      const audio = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      this.stream = await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      this.on.failed(REFUSALS[error.name] ?? "The microphone could not be opened: choose a file instead.");
      return false;
    }
    if (!this.kept) {
      this.release();
      return false;
    }
    this.begin();
    return true;
  }

  begin() {
    const mimeType = FORMATS.find((format) => MediaRecorder.isTypeSupported(format));
    this.recorder = new MediaRecorder(this.stream, { ...(mimeType && { mimeType }), audioBitsPerSecond: 128000 });
    const parts = [];
    this.recorder.addEventListener("dataavailable", ({ data }) => data.size && parts.push(data));
    this.recorder.addEventListener("stop", () => {
      this.release();
      if (this.kept) this.on.done(new Blob(parts, { type: this.recorder.mimeType }), this.seconds());
    });
    this.stream.getAudioTracks()[0].addEventListener("ended", () => this.stop());
    this.meter();
    this.recorder.start(250);
    this.startedMs = performance.now();
    this.timer = setInterval(() => this.tick(), 50);
  }

  meter() {
    this.context = new AudioContext();
    this.analyser = new AnalyserNode(this.context, { fftSize: 2048 });
    this.context.createMediaStreamSource(this.stream).connect(this.analyser);
    this.block = new Float32Array(this.analyser.fftSize);
  }

  /** RMS of the last block in dB re full scale, not below -60. */
  levelDb() {
    this.analyser.getFloatTimeDomainData(this.block);
    const power = this.block.reduce((sum, sample) => sum + sample * sample, 0) / this.block.length;
    return Math.max(FLOOR_DB, 10 * Math.log10(power + 1e-12));
  }

  seconds() {
    return ((this.endedMs ?? performance.now()) - this.startedMs) / 1000;
  }

  tick() {
    if (this.seconds() >= this.maxS) return this.stop();
    this.on.tick(Math.min(this.seconds(), this.maxS), this.levelDb());
  }

  stop() {
    if (this.recorder?.state !== "recording") return;
    this.endedMs = performance.now();
    this.recorder.stop();
  }

  discard() {
    this.kept = false;
    if (this.recorder) this.stop();
    else this.release();
  }

  release() {
    clearInterval(this.timer);
    this.stream?.getTracks().forEach((track) => track.stop());
    if (this.context?.state !== "closed") this.context?.close().catch(() => {});
  }
}
