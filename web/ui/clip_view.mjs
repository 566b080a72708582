// The elements of the clip input, and showing them by state. It knows no network and no microphone.

import { clock, el, icon, setText } from "./dom.mjs";

const KEPT = "Your clip stays on this server, in a private temporary folder, for at most one hour, and is never logged.";
const TYPES = "audio/*,.wav,.flac,.mp3,.ogg,.oga,.opus,.m4a,.aac,.webm,.mp4,.aif,.aiff";

export class ClipView {
  /** @param on {file(file), record(), stop(), discard(), cancel(), retry(), another(), back(), play(), example(id), fetch()} */
  constructor(on, { maxMb, maxS, obstacle }) {
    this.on = on;
    this.maxS = maxS;
    this.live = el("p", { class: "vvc-hidden", "aria-live": "polite" });
    this.states = {
      empty: this.buildEmpty(maxMb, obstacle),
      uploading: this.buildUploading(),
      recording: this.buildRecording(),
      ready: this.buildReady(),
    };
    this.problem = this.buildProblem();
    this.box = el("div", { class: "vvc-clip-box" }, ...Object.values(this.states), this.problem);
    const kept = el("p", { class: "vvc-kept", text: KEPT });
    this.element = el("div", { class: "vvc vvc-clip", role: "group", "aria-label": "Clip" }, this.box, kept, this.live);
  }

  buildEmpty(maxMb, obstacle) {
    this.picker = el("input", { type: "file", accept: TYPES, class: "vvc-hidden", tabindex: "-1", "aria-label": "Audio file" });
    this.picker.addEventListener("change", () => {
      const [file] = this.picker.files;
      this.picker.value = ""; // the same file may be chosen again
      if (file) this.on.file(file);
    });
    this.choose = button("vvc-button vvc-button-main", "Choose a file", () => this.picker.click());
    this.record = button("vvc-button", "Record", () => this.on.record(), "record");
    this.record.disabled = Boolean(obstacle);
    this.back = button("vvc-button", "Keep the clip", () => this.on.back());
    this.back.hidden = true;
    this.drop = el(
      "div",
      { class: "vvc-drop" },
      el("p", { class: "vvc-drop-title", text: "Drop a clip here" }),
      el("div", { class: "vvc-actions" }, this.choose, this.record, this.back, this.picker),
      el("p", { class: "vvc-fine", text: `WAV, FLAC, MP3, OGG, Opus, M4A, WebM or AIFF, up to ${maxMb} MB.` }),
      el("p", { class: "vvc-fine", text: obstacle ?? "", hidden: !obstacle }),
    );
    return el("div", { class: "vvc-clip-state" }, this.drop, this.buildExamples());
  }

  buildExamples() {
    this.list = el("ul", { class: "vvc-examples" });
    this.fetch = button("vvc-button", "Fetch licensed real-voice examples", () => this.on.fetch());
    this.fetchDetail = el("p", { class: "vvc-fine" });
    this.fetchBox = el("div", { class: "vvc-fetch", hidden: true }, this.fetch, this.fetchDetail);
    this.examplesTitle = el("p", { class: "vvc-or", text: "Or take an example" });
    this.examplesBox = el("div", { class: "vvc-examples-box", hidden: true }, this.examplesTitle, this.list, this.fetchBox);
    return this.examplesBox;
  }

  buildUploading() {
    this.sending = el("p", { class: "vvc-status" });
    this.bar = el("div", { class: "vvc-bar", role: "progressbar", "aria-label": "Upload", "aria-valuemin": 0, "aria-valuemax": 100 });
    this.bar.append(el("div", { class: "vvc-bar-done" }));
    this.cancel = button("vvc-button", "Cancel", () => this.on.cancel());
    return el("div", { class: "vvc-clip-state vvc-clip-line" }, el("div", { class: "vvc-grow" }, this.sending, this.bar), this.cancel);
  }

  buildRecording() {
    this.timer = el("p", { class: "vvc-timer" });
    this.level = el("div", { class: "vvc-level", role: "meter", "aria-label": "Microphone level", "aria-valuemin": -60, "aria-valuemax": 0 });
    this.level.append(el("div", { class: "vvc-level-now" }));
    this.stop = button("vvc-button vvc-button-main", "Stop and use", () => this.on.stop(), "stop");
    const discard = button("vvc-button", "Discard", () => this.on.discard());
    const meter = el("div", { class: "vvc-grow" }, this.timer, this.level);
    return el("div", { class: "vvc-clip-state vvc-clip-line" }, meter, el("div", { class: "vvc-actions" }, this.stop, discard));
  }

  buildReady() {
    this.play = button("vvc-play", "", () => this.on.play());
    this.name = el("p", { class: "vvc-clip-name" });
    this.facts = el("p", { class: "vvc-clip-facts" });
    this.notes = el("ul", { class: "vvc-notes vvc-clip-notes" });
    this.another = button("vvc-button", "Use another clip", () => this.on.another());
    const words = el("div", { class: "vvc-grow" }, this.name, this.facts);
    this.playing(false);
    return el("div", { class: "vvc-clip-state" }, el("div", { class: "vvc-clip-line" }, this.play, words, this.another), this.notes);
  }

  buildProblem() {
    this.sentence = el("p", { class: "vvc-problem-words" });
    this.retry = button("vvc-button", "Try again", () => this.on.retry());
    return el("div", { class: "vvc-problem", role: "alert", hidden: true }, this.sentence, this.retry);
  }

  /** Shows one state; whoever had the focus inside keeps one, on that state's main control. */
  show(state) {
    const inside = this.element.contains(document.activeElement);
    for (const [name, node] of Object.entries(this.states)) node.hidden = name !== state;
    this.element.dataset.state = state;
    const main = { empty: this.choose, uploading: this.cancel, recording: this.stop, ready: this.another }[state];
    if (inside && document.activeElement.closest("[hidden]")) main.focus();
  }

  say(text) {
    setText(this.live, text);
  }

  fail(sentence, again = false) {
    this.problem.hidden = !sentence;
    this.retry.hidden = !again;
    setText(this.sentence, sentence ?? "");
  }

  sent(words, fraction) {
    setText(this.sending, words);
    if (fraction === null) this.bar.removeAttribute("aria-valuenow");
    else this.bar.setAttribute("aria-valuenow", Math.round(100 * fraction));
    this.bar.dataset.open = String(fraction === null);
    this.bar.firstChild.style.width = fraction === null ? "30%" : `${100 * fraction}%`;
  }

  recorded(seconds, levelDb) {
    setText(this.timer, `Recording ${clock(seconds)} of at most ${clock(this.maxS)}`);
    this.level.firstChild.style.width = `${(100 * (levelDb + 60)) / 60}%`;
    this.level.dataset.hot = String(levelDb > -6);
    this.level.setAttribute("aria-valuenow", Math.round(levelDb));
    this.level.setAttribute("aria-valuetext", `${Math.round(levelDb)} dB`.replace("-", "−"));
  }

  clip({ name, duration_s: durationS, sample_rate_hz: rateHz, channels, notes, url }) {
    setText(this.name, name || "Clip");
    const facts = [Number.isFinite(durationS) && `${durationS.toFixed(1)} s`];
    facts.push(rateHz && `${Number((rateHz / 1000).toFixed(2))} kHz`, channels && (channels === 1 ? "mono" : `${channels} channels`));
    setText(this.facts, facts.filter(Boolean).join(" · "));
    this.notes.replaceChildren(...(notes ?? []).map((text) => el("li", { class: "vvc-note", text })));
    this.notes.hidden = !notes?.length;
    this.play.hidden = !url;
  }

  playing(on) {
    this.play.setAttribute("aria-label", on ? "Stop the preview" : "Play the clip");
    this.play.replaceChildren(icon(on ? "stop" : "play"));
  }

  examples({ examples, can_fetch: canFetch, fetch_detail: detail }) {
    this.list.replaceChildren(...examples.map((example) => el("li", {}, this.exampleButton(example))));
    this.examplesTitle.hidden = examples.length === 0;
    this.fetchBox.hidden = !canFetch && !detail;
    this.fetch.hidden = !canFetch;
    setText(this.fetchDetail, detail ?? "");
    this.examplesBox.hidden = examples.length === 0 && this.fetchBox.hidden;
  }

  exampleButton({ id, title, detail, licence }) {
    const node = button("vvc-example", "", () => this.on.example(id, title));
    node.append(el("span", { class: "vvc-example-title", text: title }));
    const facts = [detail, licence].filter(Boolean).join(" · ");
    if (facts) node.append(el("span", { class: "vvc-example-detail", text: facts }));
    return node;
  }
}

function button(style, text, action, picture = null) {
  const node = el("button", { type: "button", class: style }, ...(picture ? [icon(picture)] : []), text);
  node.addEventListener("click", action);
  return node;
}
