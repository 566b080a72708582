// One cell of the gallery: a button that plays, with the outline of its sound.

import { el, icon, setText } from "./dom.mjs";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 100;
const HEIGHT = 28;
const WORDS = { waiting: "waiting", running: "being made", failed: "no sound" };

export class Cell {
  constructor(column, press) {
    this.column = column;
    this.icon = el("span", { class: "vvg-icon" }, icon("play"));
    this.name = el("span", { class: "vvg-name" });
    this.wave = el("span", { class: "vvg-wave" });
    this.time = el("span", { class: "vvg-time" });
    this.button = el("button", { type: "button", class: "vvg-cell", tabindex: -1 }, this.icon, this.name, this.wave, this.time);
    this.element = el("div", { role: "gridcell", class: "vvg-slot" }, this.button);
    this.button.addEventListener("click", press);
  }

  /** @param view {cell, title, colour, spoken, longestS, loudest, now: null | "loading" | "playing", atS} */
  update(view) {
    const { cell, title, spoken, now } = view;
    this.cell = cell;
    this.button.dataset.state = now ?? cell.state;
    this.button.setAttribute("aria-disabled", String(cell.state !== "ready"));
    this.button.setAttribute("aria-pressed", String(now !== null));
    const length = cell.state === "ready" ? `${cell.duration_s.toFixed(1)} s` : WORDS[cell.state];
    this.button.setAttribute("aria-label", `${title}, ${spoken}, ${length}`);
    setText(this.name, title);
    setText(this.time, cell.state === "ready" ? `${cell.duration_s.toFixed(1)} s` : WORDS[cell.state]);
    if (this.shown !== now) this.icon.replaceChildren(icon(now ? "stop" : "play"));
    this.shown = now;
    this.draw(view);
  }

  draw({ cell, colour, longestS, loudest }) {
    const look = cell.state === "ready" ? `${colour} ${longestS} ${loudest} ${cell.url}` : "";
    if (this.look === look) return;
    this.look = look;
    this.wave.replaceChildren();
    if (!look) return;
    this.wave.append(outline(cell.peaks, loudest), el("span", { class: "vvg-playhead" }));
    this.wave.style.color = colour;
    this.wave.style.setProperty("--share", String(cell.duration_s / longestS));
  }

  /** Where the sound is, in seconds; null for nowhere. */
  at(seconds) {
    if (seconds === null) return this.wave.style.removeProperty("--at");
    this.wave.style.setProperty("--at", String(Math.min(1, seconds / this.cell.duration_s)));
    setText(this.time, `${Math.min(seconds, this.cell.duration_s).toFixed(1)} s`);
  }

  rest() {
    this.at(null);
    if (this.cell?.state === "ready") setText(this.time, `${this.cell.duration_s.toFixed(1)} s`);
  }
}

function outline(peaks, loudest) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const step = WIDTH / peaks.length;
  const bars = peaks.map((peak, at) => {
    const height = Math.max(1, (peak / (loudest || 1)) * HEIGHT);
    return `M${(at + 0.5) * step} ${(HEIGHT - height) / 2}v${height}`;
  });
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", bars.join(""));
  path.setAttribute("stroke-width", String(0.6 * step));
  svg.append(path);
  return svg;
}
