// A level to watch, and how the lateness adds up.

import { el, number, setText } from "./dom.mjs";

const FLOOR_DB = -60;
const TICKS_DB = [-60, -40, -20, 0];
const HOLD_MS = 1500;
const HOT_MS = 3000;

const toDb = (ratio) => Math.max(FLOOR_DB, 20 * Math.log10(ratio + 1e-9));
const percent = (db) => `${(100 * (db - FLOOR_DB)) / -FLOOR_DB}%`;

export class Meter {
  constructor(label, colour) {
    this.bar = el("div", { class: "vvl-level-now" });
    this.peak = el("div", { class: "vvl-level-peak" });
    this.scale = el("div", { class: "vvl-level", role: "meter", "aria-label": `${label}, dB re full scale`, "aria-valuemin": FLOOR_DB, "aria-valuemax": 0, "aria-valuenow": FLOOR_DB }, this.bar, this.peak);
    this.value = el("span", { class: "vvl-level-value" });
    this.badge = el("span", { class: "vvl-badge", hidden: true });
    const ticks = TICKS_DB.map((db) => {
      const tick = el("span", { text: number(db) });
      tick.style.insetInlineStart = percent(db);
      return tick;
    });
    const head = el("div", { class: "vvl-meter-head" }, el("span", { class: "vvl-meter-name", text: label }), this.badge, this.value);
    this.element = el("div", { class: "vvl-meter" }, head, this.scale, el("div", { class: "vvl-ticks", "aria-hidden": "true" }, ...ticks));
    this.colour(colour);
    this.rest();
  }

  colour(colour) {
    this.element.style.setProperty("--vvl-colour", colour);
  }

  rest() {
    this.held = { db: FLOOR_DB, until: 0 };
    this.hotUntil = 0;
    this.show(FLOOR_DB, FLOOR_DB);
    setText(this.value, "");
  }

  /** @param power mean square; @param peak largest sample; @param hot whether it was too loud just now */
  set({ power, peak, hot }) {
    const now = performance.now();
    const peakDb = toDb(peak);
    if (peakDb >= this.held.db || now > this.held.until) this.held = { db: peakDb, until: now + HOLD_MS };
    if (hot) this.hotUntil = now + HOT_MS;
    this.show(toDb(Math.sqrt(power)), this.held.db);
    setText(this.value, this.held.db <= FLOOR_DB ? "silence" : `peak ${number(Math.round(this.held.db))} dB`);
  }

  get hot() {
    return performance.now() < this.hotUntil;
  }

  show(db, peakDb) {
    this.bar.style.transform = `scaleX(${(db - FLOOR_DB) / -FLOOR_DB})`;
    this.peak.style.insetInlineStart = percent(peakDb);
    this.peak.hidden = peakDb <= FLOOR_DB;
    this.scale.setAttribute("aria-valuenow", String(Math.round(db)));
    this.scale.dataset.hot = String(this.hot);
  }
}

const PARTS = [
  ["algorithmicMs", "The system listens ahead", "algorithmic latency: no computer makes it shorter"],
  ["resamplingMs", "Resampling", "to the system's rate and back, on the server"],
  ["computingMs", "Computing", "of one block, on the server"],
  ["travelMs", "Collecting and travelling", "a block of 20 ms, the network there and back, and waiting for a turn"],
  ["waitedMs", "Waiting to be played", "so that a late block leaves no hole"],
  ["microphoneMs", "Microphone", "as the browser says"],
  ["outputMs", "Sound output", "as the browser says; wireless headphones may add more than it knows"],
];

/** The parts of the lateness in a table, as bars on one scale. */
export class Breakdown {
  constructor() {
    this.rows = PARTS.map(([key, name, note]) => {
      const bar = el("div", { class: "vvl-part-bar" });
      const value = el("td", { class: "vvl-part-value" });
      const words = el("th", { scope: "row" }, el("span", { text: name }), el("span", { class: "vvl-fine", text: note }));
      return { key, bar, value, element: el("tr", {}, words, el("td", { class: "vvl-part-scale", "aria-hidden": "true" }, bar), value) };
    });
    this.sum = el("td", { class: "vvl-part-value" });
    const foot = el("tfoot", {}, el("tr", {}, el("th", { scope: "row", text: "End to end" }), el("td"), this.sum));
    const head = el("caption", { class: "vvc-hidden", text: "Parts of the end-to-end latency in milliseconds" });
    this.table = el("table", { class: "vvl-parts" }, head, el("tbody", {}, ...this.rows.map((row) => row.element)), foot);
    this.element = el("div", { class: "vvl-breakdown" }, this.table);
    this.show(null);
  }

  /** @param parts ms by key, null where not known; or null while nothing is known */
  show(parts) {
    const offsets = { now: 0 };
    for (const { key, bar, value } of this.rows) {
      const ms = parts?.[key] ?? null;
      setText(value, ms === null ? (parts ? "not told" : "–") : `${Math.round(ms)} ms`);
      const share = parts?.totalMs ? Math.max(0, (100 * (ms ?? 0)) / parts.totalMs) : 0;
      bar.style.marginInlineStart = `${offsets.now}%`;
      bar.style.width = `${share}%`;
      offsets.now = Math.min(100, offsets.now + share);
    }
    setText(this.sum, parts ? `${Math.round(parts.totalMs)} ms` : "–");
  }
}
