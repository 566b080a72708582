// What plays in the gallery, and what comes next. Rows are numbers, columns names; it knows no page.

import { Mixer } from "./mixer.mjs";
import { Sounds } from "./sounds.mjs";

const RATE_HZ = 48000; // one for all sounds, whatever theirs is, so that one output serves every row
const GAP_S = 0.35; // between two sounds that play in order
const LOOK_EVERY_MS = 30;

export class Deck {
  /**
   * @param read (url, signal) -> the file's bytes
   * @param changed called when something begins, ends, switches or fails
   */
  constructor({ read, changed }) {
    this.changed = changed;
    this.sounds = new Sounds({ read, rate: RATE_HZ });
    this.mixer = new Mixer(RATE_HZ, () => this.mixerChanged());
    this.order = []; // the cells that may play, row by row: {row, column, url}
    this.now = null; // {row, column, along: null | "row" | "column", state: "loading" | "playing" | "between"}
    this.lengths = new Map(); // of the row's sounds, in frames
    this.loadedRow = null;
    this.problem = null; // {row, column, sentence}
    this.turn = 0;
    this.timer = null;
  }

  get positionS() {
    return this.mixer.position() / RATE_HZ;
  }

  /** The cells that are ready and shown. What plays goes on unless it is no longer among them. */
  offer(cells) {
    this.order = cells;
    if (this.now && !this.find(this.now.row, this.now.column)) this.stop();
  }

  find(row, column) {
    return this.order.find((cell) => cell.row === row && cell.column === column);
  }

  isNow(row, column) {
    return this.now?.row === row && this.now.column === column;
  }

  /** A tap on a cell: plays it, stops it, or goes on in it where the row is now. */
  press(row, column) {
    if (this.isNow(row, column)) return this.stop();
    if (this.now?.row === row && this.now.state === "playing") return this.switchTo(column);
    return this.start(row, column, null);
  }

  /** Plays every cell of a row, or of a column, in order; stops where that is what plays. */
  playAll(along, name) {
    if (this.now?.along === along && this.now[along] === name) return this.stop();
    const first = this.order.find((cell) => cell[along] === name);
    return first && this.start(first.row, first.column, along);
  }

  stop() {
    this.halt();
    this.now = null;
    this.changed();
  }

  halt() {
    this.turn += 1;
    clearInterval(this.timer);
    if (this.now) this.now.state = "halted";
    this.mixer.pause();
    this.mixer.seek(0);
  }

  /** Call it inside a tap or key press, or after one. */
  async start(row, column, along) {
    this.halt();
    this.mixer.wake();
    this.problem = null;
    this.now = { row, column, along, state: "loading" };
    const { turn } = this;
    this.take(row);
    this.changed();
    if (!(await this.load(row, column)) || turn !== this.turn) return;
    this.gains();
    this.mixer.seek(0);
    this.now.state = "playing";
    this.mixer.play();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
    this.changed();
    for (const cell of this.order) if (cell.row === row) this.load(row, cell.column);
  }

  /** Another cell of the row, at the same moment of it. */
  async switchTo(column) {
    const { row } = this.now;
    const { turn } = this;
    this.problem = null;
    this.now.wish = column;
    if (!(await this.load(row, column)) || turn !== this.turn || this.now?.wish !== column) return;
    this.now.column = column;
    this.gains();
    this.changed();
  }

  /** Makes a row's sounds the mixer's. */
  take(row) {
    if (this.loadedRow === row) return;
    this.loadedRow = row;
    this.mixer.clear();
    this.lengths.clear();
    this.sounds.keep(new Set(this.order.filter((cell) => cell.row === row).map((cell) => cell.url)));
  }

  /** Whether the sound is in the mixer now. */
  async load(row, column) {
    if (this.lengths.has(column) && this.loadedRow === row) return true;
    const { url } = this.find(row, column) ?? {};
    if (!url) return false;
    try {
      const { buffer } = await this.sounds.get(url);
      if (this.loadedRow !== row) return false;
      if (!this.lengths.has(column)) {
        this.lengths.set(column, buffer.length);
        this.mixer.add(column, buffer, 0);
      }
      return true;
    } catch (error) {
      if (this.isNow(row, column) || this.now?.wish === column) this.fail(row, column, error.message);
      return false;
    }
  }

  fail(row, column, sentence) {
    this.problem = { row, column, sentence };
    if (this.isNow(row, column)) this.stop();
    else this.changed();
  }

  gains() {
    for (const column of this.lengths.keys()) this.mixer.setGain(column, column === this.now?.column ? 1 : 0);
  }

  look() {
    if (this.now?.state === "playing" && this.mixer.position() >= this.lengths.get(this.now.column)) this.finish();
  }

  mixerChanged() {
    if (this.mixer.playing || this.now?.state !== "playing") return;
    if (this.mixer.rest > 0) this.stop(); // the system took the output away
    else this.finish();
  }

  finish() {
    const next = this.next();
    if (!next) return this.stop();
    this.halt();
    this.now.state = "between";
    const { turn } = this;
    const { along } = this.now;
    setTimeout(() => turn === this.turn && this.start(next.row, next.column, along), GAP_S * 1000);
    this.changed();
  }

  next() {
    const { row, column, along } = this.now;
    if (!along) return null;
    const line = this.order.filter((cell) => (along === "row" ? cell.row === row : cell.column === column));
    return line[line.findIndex((cell) => cell.row === row && cell.column === column) + 1] ?? null;
  }

  close() {
    this.halt();
    this.now = null;
    this.mixer.close();
  }
}
