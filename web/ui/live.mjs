// The page Live: microphone -> server -> headphones. Muted until the person asks; nothing is kept anywhere.

import { address, el, styled } from "./dom.mjs";
import { listen } from "./keys.mjs";
import { Form } from "./live_form.mjs";
import { obstacle, Sound } from "./live_sound.mjs";
import { View } from "./live_view.mjs";

const INTRO = "Speak, and hear yourself with another voice a moment later. Whether that voice hides you is another question: ";
const KEPT =
  "Your voice goes to this server, through its memory and back. It is not stored, not logged, and nobody else hears it; when you press Stop, the microphone is released.";
const NO_SYSTEM = "No system that works on live sound is part of this server.";
const NOT_READY = "No system that works on live sound is ready here: whoever runs this server can mend that.";
const SILENT_RMS = 10 ** (-55 / 20);
const SMOOTHED = 20; // statistics, 0.1 s apart, of which the median is shown
const LATE_MS = 10_000; // so long ago at most
const LATE_UNDERRUNS = 3; // and so often: the sound does not keep up
const SPOKEN = { running: "You are live.", muted: "You are live, and muted: switch the result on to hear it." };

export async function mount({ element }) {
  await Promise.all([styled(), styled("live.css")]);
  if (element.live) return;
  element.live = new Live(element);
  await element.live.begin();
}

class Live {
  constructor(element) {
    this.element = element;
    this.hearing = false;
    this.body = el("div", { class: "vvl-body" });
    const about = el("a", { href: address("results").href, text: "attackers say more than ears" });
    const intro = el("p", { class: "vvl-intro" }, INTRO, about, ".");
    this.root = el("div", { class: "vvc vvl", role: "region", "aria-label": "Live" }, el("h1", { class: "vvl-title", text: "Live" }), intro, this.body, el("p", { class: "vvl-fine vvl-kept", text: KEPT }));
    const old = element.querySelector(".vvl");
    if (old) old.replaceWith(this.root);
    else element.replaceChildren(this.root);
    listen({ element, press: (key) => this.press(key) });
    addEventListener("pagehide", () => this.stop());
  }

  // -- what there is -----------------------------------------------------------------------------------------

  async begin() {
    const problem = obstacle();
    if (problem) return this.empty([problem]);
    let offer;
    try {
      const response = await fetch(address("api/live"), { cache: "no-store" });
      if (!response.ok) throw new Error(String(response.status));
      offer = await response.json();
    } catch {
      return this.empty(["The server could not be reached: reload the page."]);
    }
    if (offer.closed) return this.empty([offer.closed]);
    if (!offer.systems.some(({ ready }) => ready)) return this.empty(this.missing(offer.systems));
    this.form = new Form(offer.systems, () => this.changed());
    this.view = new View({ start: () => this.start(), stop: () => this.stop(), hear: (on) => this.hear(on) }, offer, this.form.element);
    this.view.result(this.form.chosen.colour);
    this.body.replaceChildren(this.view.element);
    return null;
  }

  missing(systems) {
    if (systems.length === 0) return [NO_SYSTEM];
    return [NOT_READY, ...systems.map(({ title, problem }) => `${title}: ${problem}`)];
  }

  empty(sentences) {
    const way = el("a", { class: "vvc-button", href: address(".").href, text: "Record a clip on the page Compare" });
    const lines = sentences.map((text) => el("p", { text }));
    this.body.replaceChildren(el("div", { class: "vvc-empty vvl-empty", role: "alert" }, ...lines, way));
  }

  // -- what the person does ----------------------------------------------------------------------------------

  async start() {
    if (this.sound) return;
    const sound = new Sound({
      stats: (stats) => this.stats(stats),
      ended: (sentence) => this.over(sentence),
      held: (held) => this.held(held),
    });
    this.sound = sound;
    this.view.phase("asking", "Your browser asks whether this page may use the microphone: allow it.");
    try {
      await sound.open();
    } catch (error) {
      if (this.sound === sound) this.over(error.message);
      return;
    }
    if (this.sound === sound) this.connect();
  }

  connect() {
    this.last = null;
    this.begunMs = performance.now();
    this.heardMs = performance.now();
    this.dried = []; // when the sound ran dry
    this.recent = [];
    this.sound.tell("hear", { on: this.hearing });
    this.view.phase("connecting", "The voice is being made ready.");
    const url = address("api/live/stream");
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const { port1, port2 } = new MessageChannel();
    const link = new Worker(new URL("live_link.mjs", import.meta.url));
    link.onmessage = ({ data }) => this.link === link && this[data.type](data);
    link.onerror = () => this.link === link && this.over("The connection could not be made from this page: reload it.");
    this.link = link;
    this.sound.tell("connect", { port: port2 }, [port2]);
    this.link.postMessage({ type: "connect", url: url.href, port: port1 }, [port1]);
    this.ask();
  }

  ask() {
    this.asked = { ...this.form.asked, sample_rate_hz: this.sound.context.sampleRate };
    this.link.postMessage({ type: "open", asked: this.asked });
  }

  changed() {
    this.view.result(this.form.chosen.colour);
    if (this.link) this.ask();
  }

  hear(on) {
    this.hearing = on;
    this.view.hears(on);
    this.sound?.tell("hear", { on });
    if (this.view.now === "running") this.view.phase("running", this.sentence());
  }

  press(key) {
    if (key !== "Escape" || !this.hearing) return false;
    this.hear(false);
    this.view.say("Muted.");
    return true;
  }

  /** Ends it; `sentence` says why, if not by the person. */
  over(sentence = "") {
    this.link?.postMessage({ type: "close" });
    this.sound?.close();
    this.link = this.sound = null;
    this.view?.phase("idle", sentence, sentence !== "");
  }

  stop() {
    if (this.sound) this.over();
  }

  // -- what happens ------------------------------------------------------------------------------------------

  open(about) {
    this.about = about;
    this.recent = [];
    this.view.opened(about);
    this.view.phase("running", this.sentence());
  }

  sentence() {
    return this.hearing ? SPOKEN.running : SPOKEN.muted;
  }

  ended({ sentence }) {
    this.over(sentence);
  }

  lost() {
    if (this.view.now !== "lost") this.view.phase("lost", "The connection was lost. Trying again; your voice and settings stay.", true);
  }

  held(held) {
    if (held) this.view.phase("held", "Another program holds the sound: it goes on by itself when that one is done.", true);
    else if (this.about && this.view.now === "held") this.view.phase("running", this.sentence());
    if (held) this.sound.context.resume().catch(() => {});
  }

  stats(stats) {
    if (!this.element.isConnected) return this.stop();
    if (!this.link) return null;
    const now = performance.now();
    if (stats.powerIn > SILENT_RMS ** 2) this.heardMs = now;
    if (stats.ages && this.view.now === "running") this.recent = [...this.recent, stats.ages].slice(-SMOOTHED);
    const more = stats.underruns - (this.last?.stats.underruns ?? 0);
    this.dried = [...this.dried, ...Array(Math.max(0, more)).fill(now)].filter((ms) => ms > now - LATE_MS);
    const late = this.dried.length >= LATE_UNDERRUNS;
    this.last = { stats, seconds: (now - this.begunMs) / 1000, quietS: (now - this.heardMs) / 1000, late, parts: this.parts() };
    if (document.visibilityState === "visible") this.view.stats(this.last);
    return null;
  }

  /** How the lateness adds up, in ms: the median of the last two seconds. */
  parts() {
    if (this.recent.length === 0) return null;
    const middle = (name) => this.recent.map((ages) => ages[name]).sort((a, b) => a - b)[this.recent.length >> 1];
    const { algorithmic_ms: algorithmicMs, resampling_ms: resamplingMs } = this.about;
    const [allMs, waitedMs, computingMs] = ["allMs", "waitedMs", "computingMs"].map(middle);
    const devices = this.sound.devices();
    const travelMs = Math.max(0, allMs - waitedMs - computingMs - algorithmicMs - resamplingMs);
    const totalMs = allMs + (devices.microphoneMs ?? 0) + (devices.outputMs ?? 0);
    return { algorithmicMs, resamplingMs, computingMs, travelMs, waitedMs, ...devices, totalMs };
  }

  /** For tests and the curious. */
  state() {
    return { phase: this.view?.now, hearing: this.hearing, rate: this.sound?.context?.sampleRate, asked: this.asked, ...this.last };
  }
}
