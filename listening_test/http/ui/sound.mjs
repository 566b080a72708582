// The sounds of a page: fetched until they are there, played one at a time, and a record of what was really heard.
// Times are in seconds of the sound.

const RATE_HZ = 48000; // everything is decoded at the rate it is played at: browsers resample well only when decoding
const LEAD_S = 0.04;
const RAMP_S = 0.008;
const STUCK_MS = 3000;
const STALLED_MS = 15000;
const PAUSES_S = [0.5, 1, 2, 4, 8, 15, 30];

/** Seconds to wait before attempt number `failed` + 1. */
export function pauseAfter(failed) {
  return PAUSES_S[Math.min(failed, PAUSES_S.length) - 1];
}

/** Stretches of time, united: how much of a sound was heard, however it was paused and repeated. */
export class Stretches {
  constructor(all = []) {
    this.all = [];
    for (const [from, to] of all) this.add(from, to);
  }

  add(from, to) {
    if (!(to > from)) return;
    const apart = this.all.filter(([start, end]) => end < from || start > to);
    const touching = this.all.filter(([start, end]) => end >= from && start <= to);
    const start = Math.min(from, ...touching.map(([one]) => one));
    const end = Math.max(to, ...touching.map(([, one]) => one));
    this.all = [...apart, [start, end]].sort((a, b) => a[0] - b[0]);
  }

  /** Share of a sound of that length, in [0, 1]. */
  share(durationS) {
    const heardS = this.all.reduce((sum, [from, to]) => sum + to - from, 0);
    return durationS > 0 ? Math.min(1, heardS / durationS) : 0;
  }
}

/** The one way out: browsers let sound out only after a tap, and phones take it away for a call. */
export class Output {
  constructor() {
    this.context = null;
    this.sounding = null;
  }

  static get possible() {
    return Boolean(window.AudioContext && window.OfflineAudioContext);
  }

  /** Call it inside a tap or a key press. */
  wake() {
    if (navigator.audioSession) navigator.audioSession.type = "playback"; // else a phone's mute switch silences it
    this.context ??= this.open();
    if (this.context.state !== "running") this.context.resume().catch(() => {});
    return this.context;
  }

  open() {
    const context = new AudioContext({ sampleRate: RATE_HZ, latencyHint: "interactive" });
    let ran = false;
    context.addEventListener("statechange", () => {
      if (context.state === "running") ran = true;
      else if (ran) this.sounding?.pause();
    });
    return context;
  }

  /** Makes `sound` the only one that sounds. */
  take(sound) {
    if (this.sounding && this.sounding !== sound) this.sounding.rewind();
    this.sounding = sound;
  }
}

export class Sound {
  /**
   * @param kept what is known from before a reload: {plays, heard, at}
   * @param on {changed(), gone(), wanted()}: something to draw is new; the server no longer has it; somebody wants to
   *   hear it before it is there
   */
  constructor(url, output, { maxPlays = null, kept = null, on }) {
    Object.assign(this, { url, output, maxPlays, on });
    this.heard = new Stretches(kept?.heard);
    this.plays = kept?.plays ?? 0;
    this.at = kept?.at ?? 0;
    this.buffer = null;
    this.failed = 0;
    this.broken = false;
    this.blocked = false;
    this.wanted = false;
    this.voice = null;
    this.disposed = false;
    this.load();
  }

  get durationS() {
    return this.buffer?.duration ?? 0;
  }

  get playing() {
    return this.voice !== null;
  }

  get share() {
    return this.heard.share(this.durationS);
  }

  /** Whether it may not be played any more; a play that was cut short may be finished. */
  get spent() {
    return this.maxPlays !== null && this.plays >= this.maxPlays && this.at >= this.durationS;
  }

  get record() {
    return { plays: this.plays, heard: this.heard.all, at: this.position() };
  }

  /** Tries until it is there, at once when asked. */
  async load() {
    clearTimeout(this.again);
    this.stop?.abort();
    const stop = (this.stop = new AbortController());
    try {
      const { status, bytes } = await read(this.url, stop);
      if (status === 404 || status === 410) return this.on.gone();
      this.buffer = await decoded(bytes);
      this.failed = 0;
      this.broken = false;
    } catch (error) {
      if (this.disposed || this.stop !== stop) return;
      this.failed += 1;
      this.broken = error instanceof Undecodable;
      if (!this.broken) this.again = setTimeout(() => this.load(), pauseAfter(this.failed) * 1000);
    }
    if (this.disposed || this.stop !== stop) return;
    if (this.buffer && this.wanted) this.play();
    this.on.changed();
  }

  /** Tries at once what would be tried later. */
  hurry() {
    if (!this.buffer && this.failed) this.load();
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  /** Starts, or goes on where it was paused. Before it has arrived: as soon as it has. */
  play() {
    if (this.spent) return;
    const context = this.output.wake();
    if (!this.buffer) {
      this.wanted = true;
      this.hurry();
      this.on.wanted?.();
      return this.on.changed();
    }
    this.wanted = false;
    this.blocked = false;
    this.output.take(this);
    if (this.at >= this.durationS) this.at = 0;
    if (this.at === 0 && (this.plays === 0 || this.heard.all.length > 0)) this.plays += 1;
    this.start(context);
    this.on.changed();
  }

  start(context) {
    const gain = new GainNode(context);
    const source = new AudioBufferSourceNode(context, { buffer: this.buffer });
    source.connect(gain).connect(context.destination);
    const startS = context.currentTime + LEAD_S;
    if (this.at > 0) {
      gain.gain.setValueAtTime(0, startS);
      gain.gain.linearRampToValueAtTime(1, startS + RAMP_S);
    }
    source.onended = () => this.settle(this.durationS);
    source.start(startS, this.at);
    this.voice = { source, gain, startS, from: this.at };
    setTimeout(() => this.checkRunning(context), STUCK_MS);
  }

  checkRunning(context) {
    if (!this.playing || context.state === "running") return;
    this.pause();
    this.blocked = true;
    this.on.changed();
  }

  position() {
    if (!this.playing) return this.at;
    const { startS, from } = this.voice;
    return Math.min(this.durationS, from + Math.max(0, this.output.context.currentTime - startS));
  }

  pause() {
    if (!this.playing) return;
    const { source, gain } = this.voice;
    const { currentTime } = this.output.context;
    source.onended = null;
    gain.gain.cancelScheduledValues(currentTime);
    gain.gain.setTargetAtTime(0, currentTime, RAMP_S / 4);
    source.stop(currentTime + 2 * RAMP_S);
    this.settle(this.position());
  }

  /** Stops and goes back to the beginning, where that does not use up a play. */
  rewind() {
    this.pause();
    this.wanted = false;
    if (this.maxPlays === null) this.at = 0;
    this.on.changed();
  }

  settle(at) {
    this.heard.add(this.voice.from, at);
    this.at = at;
    this.voice = null;
    if (this.output.sounding === this) this.output.sounding = null;
    this.on.changed();
  }

  dispose() {
    this.disposed = true;
    clearTimeout(this.again);
    this.stop.abort();
    this.wanted = false;
    this.pause();
  }
}

/** All of it, or an error; a connection that has gone quiet is one, however slow it may be otherwise. */
async function read(url, stop) {
  let timer = null;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => stop.abort(), STALLED_MS);
  };
  try {
    alive();
    const { ok, status, body } = await fetch(url, { signal: stop.signal, cache: "no-store" });
    if (status === 404 || status === 410) return { status, bytes: null };
    if (!ok) throw new Error(`the server answered ${status}`);
    const parts = [];
    for (const reader = body.getReader(); ; alive()) {
      const { done, value } = await reader.read();
      if (done) break;
      parts.push(value);
    }
    return { status, bytes: await new Blob(parts).arrayBuffer() };
  } finally {
    clearTimeout(timer);
  }
}

class Undecodable extends Error {}

async function decoded(bytes) {
  try {
    return await new OfflineAudioContext(2, 1, RATE_HZ).decodeAudioData(bytes);
  } catch {
    throw new Undecodable("no sound");
  }
}
