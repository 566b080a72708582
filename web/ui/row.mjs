// One track of the player: its name, what it is, its waveform, its state, its file.

import { address, decibels, el, icon, setText, swatch } from "./dom.mjs";
import { FIDELITY } from "./fidelity.mjs";
import { drawWaveform } from "./waveform.mjs";

export class Row {
  /** @param lane called with the waveform's element, to make it take gestures */
  constructor(key, choose, lane) {
    this.key = key;
    this.number = el("kbd", { class: "vvc-key", "aria-hidden": "true" });
    this.swatch = el("span", { class: "vvc-swatch-box" });
    this.title = el("span", { class: "vvc-title" });
    this.radio = el("button", { type: "button", role: "radio", class: "vvc-choose" }, this.number, this.swatch, this.title);
    this.badges = el("p", { class: "vvc-badges" });
    this.canvas = el("canvas", { class: "vvc-wave", "aria-hidden": "true" });
    this.state = el("p", { class: "vvc-state" });
    this.share = el("div", { class: "vvc-share", "aria-hidden": "true" }, el("div")); // the words beside it say the same
    this.lane = el("div", { class: "vvc-lane" }, el("div", { class: "vvc-loop" }), this.canvas, el("div", { class: "vvc-playhead" }));
    this.gain = el("span", { class: "vvc-gain" });
    this.download = el("a", { class: "vvc-download", download: "" }, icon("download"));
    this.notes = el("ul", { class: "vvc-notes" });
    this.element = el(
      "div",
      { class: "vvc-row" },
      el("div", { class: "vvc-head" }, this.radio, this.badges),
      el("div", { class: "vvc-stage" }, this.lane, this.state, this.share),
      el("div", { class: "vvc-side" }, this.gain, this.download),
      this.notes,
    );
    this.radio.addEventListener("click", () => choose(key));
    lane(this.lane);
  }

  /** @param view {track, place, selected, tabbable, matched, sound, problem, frames, loudest} */
  update(view) {
    this.view = view;
    const { track, place, selected, tabbable, sound } = view;
    const state = this.stateOf(view);
    this.element.dataset.state = state;
    this.element.dataset.selected = String(selected);
    setText(this.number, place <= 9 ? String(place) : "·");
    setText(this.title, track.title);
    this.radio.setAttribute("aria-checked", String(selected));
    this.radio.setAttribute("aria-disabled", String(!sound));
    this.radio.tabIndex = tabbable ? 0 : -1;
    if (place <= 9) this.radio.setAttribute("aria-keyshortcuts", String(place));
    this.paint(track);
    this.badge(track);
    setText(this.state, this.sentence(state, view));
    this.progress(state, track);
    setText(this.gain, sound ? (view.matched ? decibels(track.gain_db ?? 0) : "as is") : "");
    this.gain.title = sound && view.matched ? "Gain that matches its loudness" : "";
    this.link(track);
    this.note(view);
    this.draw();
  }

  stateOf({ track, sound, problem }) {
    if (problem) return "failed";
    if (track.state === "ready") return sound ? "ready" : "loading";
    return track.state;
  }

  sentence(state, { track, problem }) {
    if (state === "failed") return problem || track.message || "This system gave no sound: run it again.";
    if (track.doing && (state === "waiting" || state === "running")) return track.doing;
    return { waiting: "Waiting for its turn", running: "Running", loading: "Loading the sound" }[state] ?? "";
  }

  progress(state, { share_done: share }) {
    this.share.hidden = state !== "running" || !Number.isFinite(share);
    this.share.firstChild.style.width = this.share.hidden ? "0" : `${100 * Math.min(1, Math.max(0, share))}%`;
  }

  paint({ colour, dash }) {
    const look = `${colour} ${dash}`;
    if (this.look === look) return;
    this.look = look;
    this.swatch.replaceChildren(swatch(colour, dash));
  }

  badge({ key, fidelity, hides, keeps_timing: keepsTiming, duration_s: durationS }) {
    const [word, meaning] = key === "original" ? ["as it came", null] : (FIDELITY[fidelity] ?? [fidelity, null]);
    const badges = [
      word && [word, meaning],
      hides?.length && [`hides ${hides.join(", ")}`, "What it tries to hide"],
      keepsTiming === false && ["own timing", "It says the words anew: the same moment is another word"],
      Number.isFinite(durationS) && [`${durationS.toFixed(1)} s`, null],
    ].filter(Boolean);
    const text = badges.map(([words]) => words).join("|");
    if (this.badges.dataset.text === text) return;
    this.badges.dataset.text = text;
    this.badges.replaceChildren(...badges.map(([words, title]) => el("span", { class: "vvc-badge", text: words, title })));
  }

  link({ title, download, state }) {
    const href = state === "ready" && download ? address(download).href : null;
    this.download.hidden = href === null;
    if (href === null) return this.download.removeAttribute("href");
    if (this.download.href !== href) this.download.href = href;
    this.download.setAttribute("aria-label", `Download ${title} as WAV`);
    this.download.title = "Download as WAV";
  }

  note({ track, matched }) {
    const notes = (track.notes ?? []).map((text) => ["vvc-note", text]);
    if (matched && track.short_by_db > 0.05) {
      const short = track.short_by_db.toFixed(1);
      notes.unshift(["vvc-note", `${short} dB quieter than the others: its peaks leave no room.`]);
    }
    if (track.transcript) notes.push(["vvc-note vvc-heard", `What the recogniser heard: “${track.transcript}”`]);
    const text = JSON.stringify(notes);
    if (this.notes.dataset.text === text) return;
    this.notes.dataset.text = text;
    this.notes.hidden = notes.length === 0;
    this.notes.replaceChildren(...notes.map(([style, words]) => el("li", { class: style, text: words })));
  }

  draw() {
    const { track, sound, matched, frames, loudest } = this.view;
    if (!sound || frames === 0) return this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
    const gain = matched ? amplitude(track) : 1;
    drawWaveform(this.canvas, { outline: sound.outline, frames, gain, loudest, colour: track.colour });
  }
}

export function amplitude(track) {
  return 10 ** ((track.gain_db ?? 0) / 20);
}
