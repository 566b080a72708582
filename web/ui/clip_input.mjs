// One place to give a clip: a file, the microphone, or an example.

import { ClipView } from "./clip_view.mjs";
import { address, plain, styled } from "./dom.mjs";
import { obstacle, Recorder } from "./recorder.mjs";
import { get, post } from "./upload.mjs";

/** Called by the Gradio component: `changed(value)` tells the server which clip it is now. */
export async function mount({ element, props, watch, changed }) {
  await styled();
  if (element.clipInput) return;
  const input = new ClipInput(element, props, changed);
  element.clipInput = input;
  watch("value", () => input.take(plain(props.value)));
  input.take(plain(props.value));
  await input.listExamples();
  tell(element, "vv-mounted");
}

/** For whom it may concern on the page: see page.mjs. */
function tell(element, name) {
  element.dispatchEvent(new CustomEvent(name, { bubbles: true }));
}

class ClipInput {
  constructor(element, props, changed) {
    this.element = element;
    this.props = props;
    this.changed = changed;
    this.maxBytes = props.max_mb * 1e6;
    this.value = null;
    this.names = new Map(); // token -> file name: known to this page alone
    this.attempt = null;
    this.stop = null;
    this.recorder = null;
    this.preview = null;
    const acts = ["file", "record", "cancel", "retry", "another", "back", "play", "example", "fetch"];
    const on = Object.fromEntries(acts.map((act) => [act, (...args) => this[act](...args)]));
    on.stop = () => this.recorder.stop();
    on.discard = () => this.discard();
    this.view = new ClipView(on, { maxMb: props.max_mb, maxS: props.max_s, obstacle: obstacle() });
    element.querySelector(".vvc-clip").replaceWith(this.view.element);
    this.rest();
    this.acceptDrops();
  }

  // -- the clip itself -----------------------------------------------------------------------------------

  /** A value from the server (or null). */
  take(value) {
    if (value?.token === this.value?.token) return;
    this.silence();
    this.value = value;
    this.rest();
  }

  rest() {
    this.view.back.hidden = this.value === null;
    if (this.value) this.view.clip({ ...this.value, name: this.names.get(this.value.token) ?? this.value.name });
    this.view.show(this.value ? "ready" : "empty");
  }

  another() {
    this.silence();
    this.view.fail(null);
    this.view.show("empty");
  }

  back() {
    this.view.fail(null);
    this.rest();
  }

  file(file) {
    if (file.size === 0) return this.refuse("A recording was expected, but the file is empty: choose another one.");
    if (file.size > this.maxBytes) {
      const size = (file.size / 1e6).toFixed(file.size < 1e7 ? 1 : 0);
      const rule = `At most ${this.props.max_mb} MB are taken, but the file has ${size} MB`;
      return this.refuse(`${rule}: cut it shorter, or save it as FLAC or MP3.`);
    }
    this.send({ path: "api/clips", body: file, shown: file.name, name: "Uploaded clip" });
  }

  example(id, title) {
    this.send({ path: `api/clips/example/${encodeURIComponent(id)}`, body: null, shown: title, name: title });
  }

  retry() {
    if (this.attempt) this.send(this.attempt);
  }

  async send(attempt) {
    this.stop?.abort();
    const stop = new AbortController();
    Object.assign(this, { attempt, stop });
    this.silence();
    this.view.fail(null);
    this.view.sent(attempt.body ? "Uploading 0 %" : "Opening the example", attempt.body ? 0 : null);
    this.view.show("uploading");
    this.view.say(attempt.body ? "Uploading" : "Opening the example");
    const progress = (fraction) => {
      const percent = Math.round(100 * fraction);
      this.view.sent(fraction < 1 ? `Uploading ${percent} %` : "Reading the clip", fraction < 1 ? fraction : null);
    };
    try {
      const clip = await post(attempt.path, { body: attempt.body, progress, signal: stop.signal });
      if (this.stop === stop && clip) this.accept(clip, attempt);
    } catch (error) {
      if (this.stop === stop) this.refuse(error.message, error.again);
    }
  }

  accept(clip, { shown, name }) {
    this.attempt = null;
    this.names.set(clip.token, shown);
    this.value = { ...clip, name };
    this.rest();
    this.view.say(`${shown} is ready.`);
    this.props.value = plain(this.value);
    this.changed(plain(this.value));
    tell(this.element, "vv-clip");
  }

  /** Says why not; a clip that was there before stays. */
  refuse(sentence, again = false) {
    if (!again) this.attempt = null;
    this.view.fail(sentence, again);
    this.rest();
  }

  cancel() {
    this.stop?.abort();
    this.stop = null;
    this.attempt = null;
    this.view.say("Upload cancelled");
    this.rest();
  }

  // -- microphone ----------------------------------------------------------------------------------------

  async record() {
    if (this.recorder) return;
    this.silence();
    this.view.fail(null);
    this.recorder = new Recorder(this.props.max_s, {
      tick: (seconds, levelDb) => (this.element.isConnected ? this.view.recorded(seconds, levelDb) : this.discard()),
      done: (blob, seconds) => this.recorded(blob, seconds),
      failed: (sentence) => {
        this.recorder = null;
        this.refuse(sentence);
      },
    });
    if (!(await this.recorder.start())) return;
    this.view.recorded(0, -60);
    this.view.show("recording");
    this.view.say("Recording");
  }

  recorded(blob, seconds) {
    this.recorder = null;
    const name = `Recording, ${seconds.toFixed(1)} s`;
    if (blob.size === 0) return this.refuse("The microphone gave no sound: try again, or choose a file.");
    this.send({ path: "api/clips", body: blob, shown: name, name });
  }

  discard() {
    this.recorder?.discard();
    this.recorder = null;
    this.view.say("Recording discarded");
    this.rest();
  }

  // -- preview -------------------------------------------------------------------------------------------

  play() {
    if (this.preview) return this.silence();
    const preview = new Audio(address(this.value.url));
    this.preview = preview;
    this.view.playing(true);
    const over = () => this.preview === preview && this.silence();
    preview.addEventListener("ended", over);
    preview.addEventListener("timeupdate", () => this.element.isConnected || over());
    preview.play().catch(() => {
      if (this.preview !== preview) return;
      this.silence();
      this.view.fail("This clip could not be played: it may be older than an hour. Give it once more.");
    });
  }

  silence() {
    this.preview?.pause();
    this.preview = null;
    this.view.playing(false);
  }

  // -- examples ------------------------------------------------------------------------------------------

  async listExamples() {
    try {
      this.view.examples(await get("api/examples"));
    } catch (error) {
      this.view.examples({ examples: [], can_fetch: false, fetch_detail: `No examples just now. ${error.message}` });
    }
  }

  async fetch() {
    this.view.fetch.disabled = true;
    this.view.fetch.textContent = "Fetching…";
    this.view.fail(null);
    this.view.say("Fetching examples");
    try {
      this.view.examples(await post("api/examples/fetch"));
      this.view.say("The examples are there.");
    } catch (error) {
      this.view.fail(error.message);
    }
    this.view.fetch.disabled = false;
    this.view.fetch.textContent = "Fetch licensed real-voice examples";
  }

  // -- drag and drop -------------------------------------------------------------------------------------

  acceptDrops() {
    const { element } = this.view;
    const files = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
    const mark = (on) => (element.dataset.dragging = String(on));
    element.addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      mark(true);
    });
    element.addEventListener("dragleave", (event) => {
      if (!element.contains(event.relatedTarget)) mark(false);
    });
    element.addEventListener("drop", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      mark(false);
      if (this.recorder) return;
      const [file] = event.dataTransfer.files;
      if (file) this.file(file);
      if (event.dataTransfer.files.length > 1) this.view.say("One clip at a time: the first file was taken.");
    });
    keepPage(element);
  }
}

/** A file dropped beside the target must not replace the page. */
function keepPage(element) {
  const guard = (event) => {
    if (!element.isConnected) return ["dragover", "drop"].forEach((name) => document.removeEventListener(name, guard));
    if (event.defaultPrevented || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "none";
  };
  ["dragover", "drop"].forEach((name) => document.addEventListener(name, guard));
}
