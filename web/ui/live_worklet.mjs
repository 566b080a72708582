// On the audio thread: cuts the microphone into blocks, plays what comes back, and counts on one clock, so that how
// late the voice is can be told to the sample. Nothing here grows: what is too late or too much is left out.

const BLOCK_S = 0.02;
const STATS_S = 0.1;
const FIRST_WAIT_S = 0.04; // how much sound is gathered before it plays
const SHORTEST_WAIT_S = 0.03;
const LONGEST_WAIT_S = 0.3;
const LONGER_BY_S = 0.02; // after an underrun
const SHORTER_BY = 0.9; // after a while without one
const WINDOW_S = 2;
const SLACK_S = 0.02; // so much more than needed may wait
const BURST_S = 0.3; // more than this over the wait is skipped at once
const FULL_SCALE = 0.99;
const SMOOTHING_S = 0.003;

class Live extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = Math.round(BLOCK_S * sampleRate);
    this.wait = FIRST_WAIT_S;
    this.keep = Math.exp(-1 / (SMOOTHING_S * sampleRate));
    this.sending = this.expecting = this.hearing = false;
    this.gain = 0;
    this.last = this.step = 0; // the last sample that was played, and how far the next ones still are from it
    this.underruns = this.skipped = this.leftOutMs = 0;
    this.gather();
    this.empty();
    this.measure();
    this.port.onmessage = ({ data }) => this[data.type](data);
  }

  // -- what the page and the link say --------------------------------------------------------------------------

  /** The way to the link, past the page. */
  connect({ port }) {
    this.link = port;
    port.onmessage = ({ data }) => this[data.type](data);
  }

  /** Blocks go out, and sound is expected back. */
  open() {
    this.empty();
    this.gather();
    this.sending = this.expecting = true;
  }

  /** Nothing goes out or comes in for now: what is there is played to its end. */
  pause() {
    this.sending = this.expecting = false;
  }

  hear({ on }) {
    this.hearing = on;
  }

  sound({ frame, samples, computingMs, leftOutMs }) {
    this.computingMs = computingMs;
    this.leftOutMs = leftOutMs;
    this.chunks.push({ frame, samples, came: currentFrame });
    this.queued += samples.length;
    if (this.queued > (this.wait + BURST_S) * sampleRate) this.skip(this.queued - Math.round(this.wait * sampleRate));
  }

  // -- the microphone ------------------------------------------------------------------------------------------

  gather() {
    this.gathered = new Int16Array(this.block);
    this.filled = 0;
  }

  listen(input) {
    for (const sample of input) {
      const size = Math.abs(sample);
      if (size > this.peakIn) this.peakIn = size;
      if (size >= FULL_SCALE) this.clipped += 1;
      this.powerIn += sample * sample;
    }
    this.countIn += input.length;
    if (!this.sending) return;
    for (let i = 0; i < input.length; i += 1) {
      if (this.filled === 0) this.frame = currentFrame + i;
      this.gathered[this.filled] = Math.round(32767 * Math.max(-1, Math.min(1, input[i])));
      this.filled += 1;
      if (this.filled === this.block) this.send();
    }
  }

  send() {
    const { frame, gathered } = this;
    this.gather();
    this.link.postMessage({ frame, samples: gathered }, [gathered.buffer]);
  }

  // -- what comes back -----------------------------------------------------------------------------------------

  empty() {
    this.chunks = [];
    this.queued = 0;
    this.place = 0; // in the first chunk
    this.playing = this.sounded = false;
    this.joint = true;
    this.lowest = Infinity;
    this.windowEnds = currentFrame + WINDOW_S * sampleRate;
    this.calm = true;
  }

  play(output) {
    if (!this.playing && this.queued >= this.wait * sampleRate) this.playing = true;
    if (this.playing && this.chunks.length) this.measureLateness();
    const open = this.hearing ? 1 : 0;
    for (let i = 0; i < output.length; i += 1) {
      const sample = this.next();
      this.gain = open + (this.gain - open) * this.keep;
      output[i] = this.gain * sample;
      const size = Math.abs(sample);
      if (size > this.peakOut) this.peakOut = size;
      this.powerOut += sample * sample;
    }
    this.countOut += output.length;
    if (this.playing) this.regulate();
  }

  /** The next sample, without a click where the sound was interrupted. */
  next() {
    let sample = 0;
    if (this.playing) {
      if (this.queued === 0) this.ranDry();
      else sample = this.taken();
    }
    if (this.joint) {
      this.step = this.last - sample;
      this.joint = false;
    }
    this.step *= this.keep;
    this.last = sample + this.step;
    return this.last;
  }

  taken() {
    const [chunk] = this.chunks;
    const sample = chunk.samples[this.place] / 32768;
    this.place += 1;
    this.queued -= 1;
    if (this.place === chunk.samples.length) {
      this.chunks.shift();
      this.place = 0;
    }
    if (!this.sounded) {
      this.sounded = true;
      this.joint = true;
    }
    return sample;
  }

  ranDry() {
    this.playing = this.sounded = false;
    this.joint = true;
    if (!this.expecting) return;
    this.underruns += 1;
    this.wait = Math.min(LONGEST_WAIT_S, this.wait + LONGER_BY_S);
    this.calm = false;
  }

  skip(count) {
    let left = Math.min(count, this.queued);
    this.skipped += left;
    this.queued -= left;
    while (left > 0) {
      const here = this.chunks[0].samples.length - this.place;
      const now = Math.min(here, left);
      left -= now;
      this.place += now;
      if (now === here) {
        this.chunks.shift();
        this.place = 0;
      }
    }
    this.joint = true;
  }

  /** After a while in which more was waiting than needed, some of it is left out: the voice is sooner there. */
  regulate() {
    this.lowest = Math.min(this.lowest, this.queued);
    if (currentFrame < this.windowEnds) return;
    const spare = Math.round((this.wait / 2) * sampleRate);
    if (this.lowest > spare + SLACK_S * sampleRate) this.skip(this.lowest - spare);
    if (this.calm) this.wait = Math.max(SHORTEST_WAIT_S, SHORTER_BY * this.wait);
    this.lowest = Infinity;
    this.windowEnds = currentFrame + WINDOW_S * sampleRate;
    this.calm = true;
  }

  // -- what is told --------------------------------------------------------------------------------------------

  measure() {
    this.peakIn = this.peakOut = this.powerIn = this.powerOut = this.clipped = this.countIn = this.countOut = 0;
    this.ages = null;
    this.told = currentFrame;
  }

  measureLateness() {
    const [{ frame, came }] = this.chunks;
    const playedAt = currentFrame - this.place; // when the chunk's first sample was or would have been played
    const { computingMs } = this;
    this.ages = { allMs: (1000 * (playedAt - frame)) / sampleRate, waitedMs: (1000 * (playedAt - came)) / sampleRate, computingMs };
  }

  tell() {
    const { peakIn, peakOut, clipped, underruns, ages } = this;
    const power = (sum, count) => (count ? sum / count : 0);
    const levels = { peakIn, peakOut, clipped, powerIn: power(this.powerIn, this.countIn), powerOut: power(this.powerOut, this.countOut) };
    const leftOutMs = this.leftOutMs + (1000 * this.skipped) / sampleRate;
    this.port.postMessage({ ...levels, underruns, leftOutMs, waitMs: 1000 * this.wait, ages });
    this.measure();
  }

  process([input], [output]) {
    if (input.length) this.listen(input[0]);
    this.play(output[0]);
    for (const other of output.slice(1)) other.set(output[0]);
    if (currentFrame - this.told >= STATS_S * sampleRate) this.tell();
    return true;
  }
}

registerProcessor("voiceveil-live", Live);
