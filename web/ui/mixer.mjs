// Several sounds on one clock: all start on the same frame, one is open, switching is an 8 ms ramp.
// Positions and lengths are in frames at `sampleRate`.

export const RAMP_S = 0.008;
// How far ahead sounds are scheduled. A start that reaches the audio thread too late would sound late, and for good:
// so it is checked afterwards, and done again with twice the lead. A sound that joins is silent, so it can wait longer.
const LEAD_S = 0.05;
const JOIN_LEAD_S = 0.1;
const LONGEST_LEAD_S = 2;

export class Mixer {
  /** @param onchange called when playing starts or ends, also by itself at the end of the sound */
  constructor(sampleRate, onchange = () => {}) {
    this.sampleRate = sampleRate;
    this.onchange = onchange;
    this.channels = new Map();
    this.length = 0;
    this.loop = null;
    this.rest = 0;
    this.context = null;
    this.output = null;
    this.current = null;
    this.sounding = new Set();
  }

  get playing() {
    return this.current !== null;
  }

  /** Adds a sound; while others play it joins them on the same frame of the clip. */
  add(key, buffer, gain = 0) {
    this.remove(key);
    this.channels.set(key, { key, buffer, padded: null, gain });
    const grew = buffer.length > this.length;
    this.length = Math.max(this.length, buffer.length);
    if (!this.playing) return;
    if (grew) this.jump((frame) => frame);
    else this.join(key, JOIN_LEAD_S);
  }

  join(key, leadS) {
    const generation = this.current;
    this.voice(key, this.moment((frame) => frame, leadS));
    const { startFrame, source } = generation.voices.get(key);
    this.ifLate(startFrame, leadS, () => {
      if (this.current !== generation || generation.voices.get(key)?.source !== source) return;
      this.silence(generation, key);
      this.join(key, 2 * leadS);
    });
  }

  /** Calls `again` if, by the time everything scheduled now has reached the audio thread, `startFrame` had passed. */
  ifLate(startFrame, leadS, again) {
    if (leadS >= LONGEST_LEAD_S) return;
    setTimeout(() => {
      if (this.context && this.now() >= startFrame) again();
    });
  }

  silence(generation, key) {
    const voice = generation.voices.get(key);
    if (!voice) return;
    voice.source.onended = null;
    voice.source.disconnect();
    generation.voices.delete(key);
  }

  remove(key) {
    this.channels.delete(key);
    for (const generation of this.sounding) this.silence(generation, key);
  }

  /** Stops, forgets every sound, and stands at 0. */
  clear() {
    this.pause();
    this.channels.clear();
    this.length = 0;
    this.loop = null;
    this.rest = 0;
  }

  close() {
    this.clear();
    this.context?.close().catch(() => {});
    this.context = null;
  }

  setGain(key, gain) {
    const channel = this.channels.get(key);
    if (!channel || channel.gain === gain) return;
    channel.gain = gain;
    for (const { voices } of this.sounding) {
      const voice = voices.get(key);
      if (voice) ramp(voice.gain.gain, gain, this.context.currentTime);
    }
  }

  /** Starts at the resting position. Call it inside a tap or key press: browsers allow sound only then. */
  play() {
    if (this.playing || this.length === 0) return;
    this.wake();
    const from = this.inside(this.rest >= this.length ? 0 : this.rest);
    this.start(() => from);
    this.onchange();
  }

  /** Readies the output inside a tap or key press, for a sound that is still to be loaded. */
  wake() {
    if (navigator.audioSession) navigator.audioSession.type = "playback";
    this.context ??= this.open();
    if (this.context.state !== "running") this.context.resume().catch(() => {});
  }

  open() {
    const context = new AudioContext({ sampleRate: this.sampleRate, latencyHint: "interactive" });
    this.output = new GainNode(context);
    this.output.connect(context.destination);
    let ran = context.state === "running";
    context.addEventListener("statechange", () => {
      if (context.state === "running") ran = true;
      else if (ran && this.playing) this.pause(); // a call came in, or the system took the output away
    });
    return context;
  }

  pause() {
    if (!this.playing) return;
    this.rest = this.position();
    this.retire(this.current, this.context.currentTime);
    this.current = null;
    this.onchange();
  }

  seek(frame) {
    const target = this.inside(frame);
    if (this.playing) this.jump(() => target);
    else this.rest = target;
  }

  /** A region {start, end} to repeat, or null. */
  setLoop(loop) {
    const { sampleRate, length } = this;
    this.loop = loop && { start: exact(loop.start, sampleRate), end: Math.min(exact(loop.end, sampleRate), length) };
    if (this.playing) this.jump((frame) => this.inside(frame));
    else this.rest = this.inside(this.rest);
  }

  inside(frame) {
    const clamped = Math.min(Math.max(0, Math.round(frame)), Math.max(0, this.length - 1));
    if (!this.loop || (clamped >= this.loop.start && clamped < this.loop.end)) return clamped;
    return this.loop.start;
  }

  position() {
    return this.playing ? this.positionAt(this.now()) : this.rest;
  }

  now() {
    return Math.round(this.context.currentTime * this.sampleRate);
  }

  positionAt(contextFrame, from = this.current) {
    const elapsed = Math.max(0, contextFrame - from.startFrame);
    const frame = from.offsetFrames + elapsed;
    if (from.loop) return wrap(frame, from.loop);
    return Math.min(frame, this.length);
  }

  /**
   * The next moment at which a start is exact: context frame and clip frame are whole numbers in seconds too.
   * @param place where to be then, from where the sound would be anyway (in clip frames)
   */
  moment(place, leadS) {
    const { sampleRate } = this;
    const earliest = this.now() + Math.ceil(leadS * sampleRate);
    let startFrame = this.playing ? Math.max(earliest, this.current.startFrame) : earliest;
    for (;;) {
      const frame = place(this.playing ? this.positionAt(startFrame) : this.rest);
      const offsetFrames = this.playing && frame === this.positionAt(startFrame) ? frame : exact(frame, sampleRate);
      if (isExact(startFrame, sampleRate) && isExact(offsetFrames, sampleRate)) return { startFrame, offsetFrames };
      startFrame += 1;
    }
  }

  start(place, leadS = LEAD_S) {
    const { startFrame, offsetFrames } = this.moment(place, leadS);
    const startS = startFrame / this.sampleRate;
    const bus = this.context.createGain();
    bus.gain.setValueAtTime(0, startS);
    bus.gain.linearRampToValueAtTime(1, startS + RAMP_S);
    bus.connect(this.output);
    this.current = { startFrame, offsetFrames, startS, bus, loop: this.loop, voices: new Map() };
    this.sounding.add(this.current);
    for (const key of this.channels.keys()) this.voice(key, { startFrame, offsetFrames });
    const generation = this.current;
    this.ifLate(startFrame, leadS, () => {
      if (this.current === generation) this.jump((frame) => frame, 2 * leadS);
    });
  }

  voice(key, { startFrame, offsetFrames }) {
    const channel = this.channels.get(key);
    const generation = this.current;
    channel.padded = padded(channel.padded ?? channel.buffer, this.length);
    const source = new AudioBufferSourceNode(this.context, { buffer: channel.padded });
    const gain = new GainNode(this.context, { gain: channel.gain });
    if (generation.loop) {
      source.loop = true;
      source.loopStart = generation.loop.start / this.sampleRate;
      source.loopEnd = generation.loop.end / this.sampleRate;
    }
    source.connect(gain).connect(generation.bus);
    source.onended = () => this.ended(generation);
    source.start(startFrame / this.sampleRate, offsetFrames / this.sampleRate);
    generation.voices.set(key, { source, gain, startFrame, offsetFrames });
  }

  /** Goes on at another position by a cross-fade; of a sound with itself where the position stays. */
  jump(place, leadS = LEAD_S) {
    const before = this.current;
    this.start(place, leadS);
    this.retire(before, this.current.startS);
  }

  retire(generation, atS) {
    const level = Math.min(1, Math.max(0, (atS - generation.startS) / RAMP_S));
    generation.bus.gain.cancelScheduledValues(atS);
    generation.bus.gain.linearRampToValueAtTime(level, atS);
    generation.bus.gain.linearRampToValueAtTime(0, atS + RAMP_S);
    for (const { source } of generation.voices.values()) source.stop(atS + RAMP_S);
  }

  ended(generation) {
    if (!this.sounding.delete(generation)) return;
    generation.bus.disconnect();
    if (generation !== this.current) return;
    this.current = null;
    this.rest = 0;
    this.onchange();
  }

  /** What plays where, for tests and for the curious. */
  tracks() {
    return [...this.channels.values()].map(({ key, gain }) => {
      const voice = this.current?.voices.get(key);
      return {
        key,
        gain,
        open: gain > 0,
        gainNow: voice ? voice.gain.gain.value : gain,
        startFrame: voice ? voice.startFrame : null,
        offsetFrames: voice ? voice.offsetFrames : null,
        positionFrames: voice ? this.positionAt(this.now(), { ...voice, loop: this.current.loop }) : this.rest,
        lengthFrames: this.length,
      };
    });
  }
}

function ramp(parameter, target, nowS) {
  const value = parameter.value;
  parameter.cancelScheduledValues(nowS);
  parameter.setValueAtTime(value, nowS);
  parameter.linearRampToValueAtTime(target, nowS + RAMP_S);
}

function wrap(frame, loop) {
  if (frame < loop.end) return frame;
  return loop.start + ((frame - loop.end) % (loop.end - loop.start));
}

// Times go to the browser in seconds. Where frame/rate*rate is not the frame again, it would read between samples.
function isExact(frame, sampleRate) {
  return (frame / sampleRate) * sampleRate === frame;
}

function exact(frame, sampleRate) {
  let whole = Math.round(frame);
  while (!isExact(whole, sampleRate)) whole += 1;
  return whole;
}

function padded(buffer, length) {
  if (buffer.length === length) return buffer;
  const { numberOfChannels, sampleRate } = buffer;
  const longer = new AudioBuffer({ length, numberOfChannels, sampleRate });
  for (let c = 0; c < numberOfChannels; c += 1) longer.copyToChannel(buffer.getChannelData(c), c);
  return longer;
}
