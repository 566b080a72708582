// The elements of the page Live. It knows no network and no microphone.

import { clock, el, icon, number, setText } from "./dom.mjs";
import { Breakdown, Meter } from "./live_meter.mjs";

const ORIGINAL = "#8A8F98";
const HEADPHONES =
  "Put headphones on before you switch this on: through a loudspeaker the microphone hears the result again, and it whistles.";
const TOO_LOUD = "Too loud: the microphone clips, and the result crackles. Move away from it a little, or turn it down.";
const LATE = "The sound does not keep up: the network is slow, or the server is busy with others.";
const INCLUDES =
  "Measured on the audio clock of this page: from the moment the browser hands over a sample of your voice to the moment its counterpart is played, plus what the browser says of its sound output. It includes collecting blocks, the network, resampling, the system and the waiting queue. It does not include what a device keeps to itself: microphones and wireless headphones may add more.";
const minutes = (seconds) => `${number(seconds / 60)} minutes`;

export class View {
  /** @param on {start(), stop(), hear(on)}; @param form the Form's element */
  constructor(on, offer, form) {
    this.on = on;
    this.offer = offer;
    this.live = el("p", { class: "vvc-hidden", "aria-live": "polite" });
    const stage = el("section", { class: "vvl-stage", "aria-label": "Your voice" }, this.buildTransport(), this.buildMeters(), this.buildNumbers());
    const choice = el("section", { class: "vvl-choice", "aria-label": "Settings" }, form);
    this.element = el("div", { class: "vvl-columns" }, stage, choice);
    this.phase("idle");
    this.hears(false);
  }

  buildTransport() {
    this.go = el("button", { type: "button", class: "vvc-button vvc-button-main vvl-go" });
    this.go.addEventListener("click", () => (this.now === "idle" ? this.on.start() : this.on.stop()));
    this.hear = el("button", { type: "button", class: "vvc-switch vvl-hear", role: "switch", "aria-describedby": "vvl-headphones" }, el("span", { class: "vvc-switch-track", "aria-hidden": "true" }), el("span", { text: "Hear the result" }));
    this.hear.addEventListener("click", () => this.on.hear(this.hear.getAttribute("aria-checked") !== "true"));
    this.time = el("span", { class: "vvl-time" });
    this.words = el("p", { class: "vvl-words", role: "status" });
    const buttons = el("div", { class: "vvl-buttons" }, this.go, this.hear, this.time);
    const advice = el("p", { class: "vvl-fine", id: "vvl-headphones", text: HEADPHONES }, el("span", { class: "vvl-by-key", text: " Escape mutes at once." }));
    return el("div", { class: "vvl-transport" }, buttons, advice, this.words, this.live);
  }

  buildMeters() {
    this.input = new Meter("Microphone", ORIGINAL);
    this.output = new Meter("Result", ORIGINAL);
    setText(this.output.badge, "muted");
    this.warning = el("p", { class: "vvl-warning" });
    return el("div", { class: "vvl-meters" }, this.input.element, this.output.element, this.warning);
  }

  buildNumbers() {
    const tile = (name, meaning) => {
      const value = el("dd", { class: "vvl-number", text: "–" });
      return { value, element: el("div", { class: "vvl-tile" }, el("dt", { text: name }), value, el("dd", { class: "vvl-fine", text: meaning })) };
    };
    this.algorithmic = tile("Algorithmic latency", "what the system must hear before it can speak");
    this.endToEnd = tile("End-to-end latency", "from your voice to your ear, measured");
    this.underruns = tile("Underruns", "how often the sound ran dry");
    this.leftOut = tile("Left out", "sound that was too late to be of use");
    const tiles = [this.algorithmic, this.endToEnd, this.underruns, this.leftOut].map(({ element }) => element);
    this.breakdown = new Breakdown();
    const details = el("details", { class: "vvl-more" }, el("summary", { text: "Where the time goes" }), this.breakdown.element, el("p", { class: "vvl-fine", text: INCLUDES }));
    return el("div", { class: "vvl-figures" }, el("dl", { class: "vvl-tiles" }, ...tiles), details);
  }

  // -- what changes ------------------------------------------------------------------------------------------

  /** @param phase idle, asking, connecting, running, held or lost */
  phase(phase, sentence = "", alarm = false) {
    this.now = phase;
    const idle = phase === "idle";
    const words = idle ? [icon("record"), "Start"] : [icon("stop"), "Stop"];
    if (this.go.dataset.idle !== String(idle)) this.go.replaceChildren(...words);
    this.go.dataset.idle = String(idle);
    this.element.dataset.phase = phase;
    setText(this.words, sentence || (idle ? this.invitation() : ""));
    this.words.dataset.alarm = String(alarm);
    if (idle) this.rest();
  }

  invitation() {
    const { limit, free, session_s: sessionS } = this.offer;
    const places = limit === 1 ? "One person can speak at a time" : `${limit} people can speak at once`;
    const now = free ? "" : " All places are taken just now.";
    return `${places}, for ${minutes(sessionS)} each.${now}`;
  }

  hears(on) {
    this.hear.setAttribute("aria-checked", String(on));
    this.output.badge.hidden = on;
  }

  say(text) {
    setText(this.live, text);
  }

  result(colour) {
    this.output.colour(colour);
  }

  opened({ algorithmic_ms: ms }) {
    setText(this.algorithmic.value, `${number(Math.round(ms))} ms`);
    setText(this.endToEnd.value, "–");
    this.breakdown.show(null);
  }

  rest() {
    this.input.rest();
    this.output.rest();
    setText(this.time, "");
    setText(this.warning, "");
  }

  stats({ stats, seconds, quietS, late, parts }) {
    const { leftOutMs } = stats;
    this.input.set({ power: stats.powerIn, peak: stats.peakIn, hot: stats.clipped > 0 });
    this.output.set({ power: stats.powerOut, peak: stats.peakOut, hot: stats.peakOut >= 1 });
    setText(this.time, clock(seconds).replace(/\.\d$/, ""));
    setText(this.underruns.value, number(stats.underruns));
    setText(this.leftOut.value, leftOutMs < 1000 ? `${Math.round(leftOutMs)} ms` : `${(leftOutMs / 1000).toFixed(1)} s`);
    setText(this.warning, this.input.hot ? TOO_LOUD : late ? LATE : this.quiet(quietS, stats.peakIn));
    if (!parts) return;
    setText(this.endToEnd.value, `${Math.round(parts.totalMs)} ms`);
    this.breakdown.show(parts);
  }

  quiet(seconds, peak) {
    if (seconds < 5) return "";
    if (peak === 0) return "The microphone gives nothing at all: it is muted, or the browser listens to another one.";
    return `Nothing is heard: speak up, or move closer. After ${minutes(this.offer.silence_s)} of silence the place is given back.`;
  }
}
