// The synchronised player: tracks of one clip on one clock, one of them heard at a time.

import { number, plain, styled } from "./dom.mjs";
import { timeGestures } from "./gestures.mjs";
import { listen } from "./keys.mjs";
import { Mixer } from "./mixer.mjs";
import { Frame } from "./player_frame.mjs";
import { amplitude, Row } from "./row.mjs";
import { Tracks } from "./tracks.mjs";

const STEP_S = 1;
const FINE_S = 0.1;
const SHORTEST_LOOP_S = 0.05;

/** Called by the Gradio component: `picked({key})` tells the server which track was chosen. */
export async function mount({ element, props, watch, picked = () => {} }) {
  await styled();
  if (element.syncPlayer) return;
  const player = new Player(element, picked);
  element.syncPlayer = { state: () => player.state(), player };
  watch("value", () => player.show(plain(props.value)));
  player.show(plain(props.value));
}

class Player {
  constructor(element, picked) {
    this.element = element;
    this.picked = picked;
    this.mixer = null;
    this.rows = new Map();
    this.tracks = new Tracks({
      dropped: (key) => this.mixer?.remove(key),
      loaded: (key, buffer) => this.mix(key, buffer),
      changed: () => this.render(),
    });
    this.wish = null; // the track chosen by hand
    this.selected = null; // the track that is open
    this.matched = true;
    this.frame = new Frame({
      toggle: () => this.toggle(),
      loopStart: () => this.markLoop("start"),
      loopEnd: () => this.markLoop("end"),
      clearLoop: () => this.setLoop(null),
      match: () => this.match(!this.matched),
    });
    element.querySelector(".vvc-player").replaceWith(this.frame.element);
    this.gestures(this.frame.scale, null);
    listen({ element, press: (key, shift, target) => this.press(key, shift, target) });
    new ResizeObserver(() => this.resized()).observe(this.frame.element);
  }

  get rate() {
    return this.mixer?.sampleRate ?? 1;
  }

  get length() {
    return this.mixer?.length ?? 0;
  }

  // -- what the server says ------------------------------------------------------------------------------

  show(value) {
    if ((value?.run ?? null) !== this.tracks.run) {
      if (value) this.element.dispatchEvent(new CustomEvent("vv-run", { bubbles: true })); // see page.mjs
      this.mixer?.clear();
      this.frame.forget();
    }
    this.value = value;
    this.tracks.take(value);
    this.select();
    this.keepRows();
    this.frame.show(value, this.tracks.list);
    this.gains();
    this.render();
  }

  mix(key, buffer) {
    if (this.mixer && this.mixer.sampleRate !== buffer.sampleRate) {
      this.mixer.close();
      this.mixer = null;
    }
    this.mixer ??= new Mixer(buffer.sampleRate, () => this.playingChanged());
    this.select();
    this.mixer.add(key, buffer, this.gainOf(key));
    this.gains();
  }

  /** Opens the wished-for track, or else the first; never another one while something plays. */
  select() {
    if (this.mixer?.playing && this.tracks.loaded.has(this.selected)) return;
    const { list } = this.tracks;
    const first = list.find((track) => this.tracks.loaded.has(track.key)) ?? list[0];
    this.selected = this.tracks.loaded.has(this.wish) ? this.wish : (first?.key ?? null);
  }

  // -- what the person does ------------------------------------------------------------------------------

  toggle() {
    if (this.mixer?.playing) this.mixer.pause();
    else this.mixer?.play();
  }

  choose(key) {
    const track = this.tracks.find(key);
    if (!track) return;
    if (!this.tracks.loaded.has(key)) {
      this.tracks.retry(key);
      this.frame.say(`${track.title} is not ready yet.`);
      return this.render();
    }
    const changed = this.selected !== key;
    this.selected = key;
    this.wish = key;
    this.gains();
    this.render();
    if (!changed) return;
    this.frame.say(`Hearing ${track.title}`);
    this.picked({ key });
  }

  match(on) {
    this.matched = on;
    this.gains();
    this.render();
    this.frame.say(on ? `Loudness matched to ${number(this.target())} LUFS` : "Loudness as delivered");
  }

  seek(seconds) {
    if (!this.length) return;
    const frame = seconds * this.rate;
    const { loop } = this.mixer;
    if (loop && (frame < loop.start || frame >= loop.end)) this.mixer.setLoop(null);
    this.mixer.seek(frame);
    this.paint();
  }

  nudge(seconds) {
    const { loop } = this.mixer;
    const [low, high] = loop ? [loop.start, loop.end - 1] : [0, this.length - 1];
    this.mixer.seek(Math.min(high, Math.max(low, this.mixer.position() + seconds * this.rate)));
    this.paint();
  }

  /** @param loop {start, end} in frames, or null */
  setLoop(loop) {
    if (!this.mixer || (!loop && !this.mixer.loop)) return;
    const shortest = SHORTEST_LOOP_S * this.rate;
    if (loop) {
      const start = Math.max(0, Math.min(loop.start, this.length - shortest));
      loop = { start, end: Math.min(this.length, Math.max(loop.end, start + shortest)) };
    }
    this.mixer.setLoop(loop);
    this.paint();
    const spoken = loop && `Loop from ${(loop.start / this.rate).toFixed(1)} to ${(loop.end / this.rate).toFixed(1)} seconds`;
    this.frame.say(spoken || "Loop cleared");
  }

  markLoop(edge) {
    if (!this.length) return;
    const here = this.mixer.position();
    const { start, end } = this.mixer.loop ?? { start: 0, end: this.length };
    if (edge === "start") this.setLoop({ start: here, end: end > here ? end : this.length });
    else this.setLoop({ start: start < here ? start : 0, end: here });
  }

  stretchLoop(seconds) {
    const here = this.mixer.position();
    const { start, end } = this.mixer.loop ?? { start: here, end: here };
    this.setLoop({ start, end: end + seconds * this.rate });
  }

  step(direction) {
    const ready = this.tracks.list.filter((track) => this.tracks.loaded.has(track.key)).map((track) => track.key);
    const next = ready[(ready.indexOf(this.selected) + direction + ready.length) % ready.length];
    this.choose(next);
    this.rows.get(next)?.radio.focus();
  }

  /** Whether the key was ours. */
  press(key, shift, target) {
    if (this.tracks.loaded.size === 0) return false;
    if (/^[1-9]$/.test(key)) {
      const track = this.tracks.list[Number(key) - 1];
      if (track) this.choose(track.key);
      return Boolean(track);
    }
    const inRadio = target instanceof Element && target.closest("[role=radio]") && this.element.contains(target);
    if ((key === "ArrowUp" || key === "ArrowDown") && inRadio) {
      this.step(key === "ArrowUp" ? -1 : 1);
      return true;
    }
    const action = this.keyActions(shift)[key.length === 1 ? key.toLowerCase() : key];
    if (!action) return false;
    action();
    return true;
  }

  keyActions(shift) {
    return {
      " ": () => this.toggle(),
      ArrowLeft: () => (shift ? this.stretchLoop(-FINE_S) : this.nudge(-STEP_S)),
      ArrowRight: () => (shift ? this.stretchLoop(FINE_S) : this.nudge(STEP_S)),
      ",": () => this.nudge(-FINE_S),
      ".": () => this.nudge(FINE_S),
      Home: () => this.nudge(-Infinity),
      m: () => this.match(!this.matched),
      i: () => this.markLoop("start"),
      o: () => this.markLoop("end"),
      Escape: this.mixer.loop ? () => this.setLoop(null) : null,
    };
  }

  gestures(surface, key) {
    let region = null;
    const edges = () => this.mixer?.loop && [this.mixer.loop.start / this.length, this.mixer.loop.end / this.length];
    timeGestures(surface, edges, {
      tap: (at) => {
        if (!this.length) return;
        if (key !== null && key !== this.selected) this.choose(key);
        this.seek((at * this.length) / this.rate);
      },
      drag: (from, to) => {
        if (!this.length) return;
        region = [from, to];
        this.paint(region);
      },
      drop: () => {
        if (region) this.setLoop({ start: region[0] * this.length, end: region[1] * this.length });
        region = null;
      },
      cancel: () => {
        region = null;
        this.paint();
      },
    });
  }

  // -- what is shown and heard ---------------------------------------------------------------------------

  target() {
    return this.value?.target_lufs ?? -23;
  }

  gainOf(key) {
    if (key !== this.selected) return 0;
    const track = this.tracks.find(key);
    return this.matched && track ? amplitude(track) : 1;
  }

  gains() {
    for (const key of this.tracks.loaded.keys()) this.mixer.setGain(key, this.gainOf(key));
  }

  playingChanged() {
    this.render();
    if (this.mixer.playing) this.animate();
  }

  animate() {
    if (!this.element.isConnected) return this.mixer.close();
    this.paint();
    if (this.mixer.playing) requestAnimationFrame(() => this.animate());
  }

  keepRows() {
    const keys = this.tracks.list.map((track) => track.key);
    for (const [key, row] of this.rows) {
      if (keys.includes(key)) continue;
      row.element.remove();
      this.rows.delete(key);
    }
    keys.forEach((key, place) => {
      if (!this.rows.has(key)) {
        this.rows.set(key, new Row(key, () => this.choose(key), (lane) => this.gestures(lane, key)));
      }
      const { element } = this.rows.get(key);
      if (this.frame.list.children[place] !== element) this.frame.list.insertBefore(element, this.frame.list.children[place] ?? null);
    });
  }

  render() {
    const loudness = (track) => this.tracks.loaded.get(track.key)?.outline.loudest * (this.matched ? amplitude(track) : 1);
    const loudest = Math.max(0, ...this.tracks.list.map(loudness).filter(Number.isFinite));
    const shared = { matched: this.matched, frames: this.length, loudest };
    this.tracks.list.forEach((track, index) => {
      const selected = track.key === this.selected && this.tracks.loaded.has(track.key);
      const view = { ...shared, track, place: index + 1, selected, tabbable: track.key === this.selected };
      view.sound = this.tracks.loaded.get(track.key) ?? null;
      view.problem = this.tracks.problems.get(track.key)?.sentence ?? null;
      this.rows.get(track.key)?.update(view);
    });
    this.frame.controls({
      ready: this.tracks.loaded.size > 0,
      playing: Boolean(this.mixer?.playing),
      matched: this.matched,
      target: this.target(),
    });
    this.frame.ruler(this.length / this.rate);
    this.paint();
  }

  /** The playhead and the loop; `region` is a loop being drawn, as fractions. */
  paint(region = null) {
    const length = this.length || 1;
    const loop = this.mixer?.loop;
    const marked = region ?? (loop && [loop.start / length, loop.end / length]);
    this.frame.position((this.mixer?.position() ?? 0) / this.rate, this.length / this.rate, marked);
  }

  resized() {
    if (!this.element.isConnected) return this.mixer?.close();
    for (const row of this.rows.values()) row.draw();
    this.frame.ruler(this.length / this.rate);
  }

  state() {
    const loop = this.mixer?.loop;
    return {
      playing: Boolean(this.mixer?.playing),
      positionS: (this.mixer?.position() ?? 0) / this.rate,
      durationS: this.length / this.rate,
      loop: loop ? { startS: loop.start / this.rate, endS: loop.end / this.rate } : null,
      matched: this.matched,
      selected: this.selected,
      sampleRateHz: this.mixer?.sampleRate ?? null,
      tracks: this.mixer?.tracks() ?? [],
    };
  }
}
