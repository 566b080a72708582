// The tracks as the server tells of them, and the sounds that have come for them.

import { Sounds } from "./sounds.mjs";

export class Tracks {
  /** @param on {dropped(key), loaded(key, buffer), changed()} */
  constructor(on) {
    this.on = on;
    this.sounds = new Sounds();
    this.list = [];
    this.run = null;
    this.loaded = new Map(); // key -> {url, buffer, outline}
    this.problems = new Map(); // key -> {url, sentence}
  }

  get urls() {
    return new Map(this.list.map((track) => [track.key, track.url]));
  }

  find(key) {
    return this.list.find((track) => track.key === key);
  }

  /** Takes over a player's value; the sounds of another run are forgotten, of the same run kept. */
  take(value) {
    const run = value?.run ?? null;
    if (run !== this.run) {
      this.run = run;
      this.loaded.clear();
      this.problems.clear();
    }
    this.list = value?.tracks ?? [];
    this.sounds.keep(new Set([...this.urls.values()].filter(Boolean)));
    this.drop();
    for (const track of this.list) this.load(track);
  }

  drop() {
    const { urls } = this;
    for (const [key, { url }] of this.loaded) {
      if (urls.get(key) === url) continue;
      this.loaded.delete(key);
      this.on.dropped(key);
    }
    for (const [key, { url }] of this.problems) if (urls.get(key) !== url) this.problems.delete(key);
  }

  retry(key) {
    this.problems.delete(key);
    this.load(this.find(key));
  }

  async load({ key, url, state }) {
    if (state !== "ready" || !url || this.loaded.has(key) || this.problems.has(key)) return;
    const { run } = this;
    const wanted = () => this.run === run && this.urls.get(key) === url && !this.loaded.has(key);
    try {
      const { buffer, outline } = await this.sounds.get(url);
      if (!wanted()) return;
      this.loaded.set(key, { url, buffer, outline });
      this.on.loaded(key, buffer);
    } catch (error) {
      if (!wanted()) return;
      this.problems.set(key, { url, sentence: error.message });
    }
    this.on.changed();
  }
}
