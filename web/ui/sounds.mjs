// Fetching and decoding, each address once; and the outline that the waveform is drawn from.

import { address } from "./dom.mjs";

const BUCKETS = 2000;
const USUAL_RATE_HZ = 48000;

/** The sample rate written in a WAV header, or null for anything else. */
export function wavRate(bytes) {
  const view = new DataView(bytes);
  if (bytes.byteLength < 44 || view.getUint32(0) !== 0x52494646 || view.getUint32(8) !== 0x57415645) return null;
  for (let at = 12; at + 24 <= bytes.byteLength; at += 8 + view.getUint32(at + 4, true)) {
    if (view.getUint32(at) !== 0x666d7420) continue;
    const rate = view.getUint32(at + 12, true);
    return rate >= 8000 && rate <= 96000 ? rate : null;
  }
  return null;
}

/** Lowest and highest sample in each of at most 2000 equal stretches: {low, high, loudest, durationS}. */
export function outline(buffer) {
  const samples = buffer.getChannelData(0);
  const buckets = Math.max(1, Math.min(BUCKETS, samples.length));
  const low = new Float32Array(buckets);
  const high = new Float32Array(buckets);
  let loudest = 0;
  for (let b = 0; b < buckets; b += 1) {
    const end = Math.floor(((b + 1) * samples.length) / buckets);
    let least = 0;
    let most = 0;
    for (let i = Math.floor((b * samples.length) / buckets); i < end; i += 1) {
      const sample = samples[i];
      if (sample < least) least = sample;
      else if (sample > most) most = sample;
    }
    low[b] = least;
    high[b] = most;
    loudest = Math.max(loudest, most, -least);
  }
  return { low, high, loudest, frames: buffer.length };
}

export class Sounds {
  /** @param read (url, signal) -> the file's bytes; `rate` in Hz, or null for that of the first sound */
  constructor({ read = fetched, rate = null } = {}) {
    this.byUrl = new Map();
    this.read = read;
    this.usual = rate;
    this.rate = rate;
  }

  /** The sound at `url` as {buffer, outline}; rejects with a sentence for people. */
  get(url) {
    if (!this.byUrl.has(url)) {
      const stop = new AbortController();
      const sound = this.load(url, stop.signal);
      this.byUrl.set(url, { sound, stop });
      sound.catch(() => this.byUrl.delete(url)); // the next wish tries again
    }
    return this.byUrl.get(url).sound;
  }

  /** Forgets every sound but these. */
  keep(urls) {
    for (const [url, { stop }] of this.byUrl) {
      if (urls.has(url)) continue;
      this.byUrl.delete(url);
      stop.abort();
    }
    if (this.byUrl.size === 0) this.rate = this.usual;
  }

  async load(url, signal) {
    const bytes = await this.read(url, signal);
    this.rate ??= wavRate(bytes) ?? USUAL_RATE_HZ;
    const decoder = new OfflineAudioContext(1, 1, this.rate); // an AudioContext may exist only after a tap
    const buffer = await decoder.decodeAudioData(bytes).catch(() => {
      throw new Error("The browser could not decode this sound: download the file instead.");
    });
    return { buffer, outline: outline(buffer) };
  }
}

async function fetched(url, signal) {
  try {
    const response = await fetch(address(url), { signal });
    if (response.status === 404 || response.status === 410) {
      throw new Error("This sound is no longer on the server: clips are kept for an hour at most. Run again.");
    }
    if (!response.ok) throw new Error(`The server answered ${response.status} instead of the sound: choose it to try again.`);
    return await response.arrayBuffer();
  } catch (error) {
    if (error.name === "TypeError") throw new Error("The server could not be reached: choose this row to try again.");
    throw error;
  }
}
