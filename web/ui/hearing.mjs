// What machines hear: who speaks, what is said, how it is said; in each list one line a system.

import { el, plain, setText, styled } from "./dom.mjs";
import { FIDELITY } from "./fidelity.mjs";
import { emotionRow, lowest, scaleHead, speakerRow, wordsRow } from "./hearing_rows.mjs";

const ORIGINAL = "original";

/** Called by the Gradio component: `said(text, run)` when words were typed, `halt(run)` when the rest is not wanted. */
export async function mount({ element, props, watch, said = () => {}, halt = () => {} }) {
  await styled("components.css");
  await styled("hearing.css");
  if (element.hearing) return;
  const panel = new Panel(element, said, halt);
  element.hearing = panel;
  watch("value", () => panel.show(plain(props.value)));
  panel.show(plain(props.value));
}

class Panel {
  constructor(element, said, halt) {
    this.said = said;
    this.halt = halt;
    this.run = null;
    this.wanted = null; // words typed while the machines still hear
    this.status = el("p", { class: "vvh-status-words" });
    this.live = el("p", { class: "vvc-hidden", role: "status" }); // the count would be read out again and again
    this.bar = el("div", { class: "vvc-bar" }, el("div", { class: "vvc-bar-done" }));
    this.stop = el("button", { type: "button", class: "vvc-button", text: "Stop" });
    this.stop.addEventListener("click", () => this.stopNow());
    this.progress = el("div", { class: "vvh-progress" }, this.status, this.stop, this.bar);
    this.who = new Block("speaker", "Who speaks", speakerRow);
    this.what = new Block("words", "What is said", wordsRow);
    this.how = new Block("emotion", "How it is said", emotionRow);
    this.what.lead.append(this.buildForm(), legendOfWords());
    this.how.lead.append(legendOfEmotions());
    this.element = el("div", { class: "vvc vvh" }, this.live, this.progress, this.who.element, this.what.element, this.how.element);
    this.element.hidden = true;
    element.querySelector(".vvh").replaceWith(this.element);
  }

  buildForm() {
    this.input = el("input", { type: "text", class: "vvh-input", id: "vvh-said", maxlength: 5000, autocomplete: "off", spellcheck: "false" });
    this.used = el("p", { class: "vvh-used", role: "status" });
    const label = el("label", { for: "vvh-said", text: "What is said? (optional)" });
    const use = el("button", { type: "submit", class: "vvc-button", text: "Mark errors against this" });
    this.form = el("form", { class: "vvh-said" }, label, this.input, use, this.used);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.take(this.input.value);
    });
    return this.form;
  }

  take(text) {
    if (this.busy) {
      this.wanted = text;
      return setText(this.used, "These words are used as soon as everything is heard.");
    }
    this.wanted = null;
    this.said(text, this.run);
  }

  stopNow() {
    this.stop.disabled = true;
    setText(this.status, "Stopping");
    this.halt(this.run);
  }

  get busy() {
    return this.value?.state === "waiting" || this.value?.state === "hearing";
  }

  show(value) {
    this.value = value;
    this.element.hidden = !value?.systems?.length;
    if (this.element.hidden) return;
    if (value.run !== this.run) this.begin(value);
    this.tell(value);
    const { speaker, words, emotion } = value.ears;
    this.how.element.hidden = !emotion;
    const others = value.systems.filter(({ key }) => key !== ORIGINAL);
    const original = value.systems.find(({ key }) => key === ORIGINAL);
    const scale = speaker.scale && { ...speaker.scale, low: lowest(speaker.scale, others) };
    const shared = { busy: this.busy, scale, original, comparedWith: value.compared_with };
    this.who.show(speaker, others, shared, readingOfSpeakers(speaker));
    this.what.show(words, value.systems, shared, readingOfWords(words, value));
    if (emotion) this.how.show(emotion, others, shared, readingOfEmotions(emotion));
    this.who.lead.replaceChildren(...(scale ? [scaleHead(scale)] : []));
    if (!this.busy && this.wanted !== null) this.take(this.wanted);
  }

  begin(value) {
    this.run = value.run;
    this.wanted = null;
    this.input.value = value.said;
    for (const block of [this.who, this.what, this.how]) block.clear();
  }

  tell({ state, done, total, compared_with: against, ears }) {
    const words = { waiting: "Waiting for the machines", hearing: `Computing: ${done} of ${total} heard`, stopped: `Stopped: ${done} of ${total} heard`, done: "" };
    setText(this.status, words[state] ?? "");
    this.progress.hidden = state === "done";
    setText(this.live, { done: "Everything is heard.", stopped: words.stopped }[state] ?? "");
    this.stop.hidden = state !== "hearing";
    this.stop.disabled = false;
    this.bar.hidden = !this.busy;
    this.bar.firstChild.style.width = `${(100 * done) / Math.max(1, total)}%`;
    if (this.wanted !== null) return;
    const own = `Compared with the words that ${ears.words.title} itself heard in the original: what it misheard there counts as said.`;
    setText(this.used, against === "typed" ? "Compared with the words above." : own);
  }
}

/** One list: heading, how to read it, one row a system, and what the machine is. */
class Block {
  constructor(kind, title, row) {
    this.kind = kind;
    this.row = row;
    this.rows = new Map();
    this.reading = el("p", { class: "vvh-reading" });
    this.lead = el("div", { class: "vvh-lead" });
    this.list = el("ul", { class: "vvh-rows", "aria-label": title });
    this.problem = el("p", { class: "vvh-problem" });
    this.about = el("dl", { class: "vvh-about" });
    this.details = el("details", { class: "vvh-details" }, el("summary", { text: "About this machine" }), this.about);
    this.element = el("section", { class: `vvh-block vvh-of-${kind}` }, el("h3", { class: "vvh-title", text: title }), this.reading, this.lead, this.list, this.problem, this.details);
  }

  clear() {
    this.rows.clear();
    this.list.replaceChildren();
  }

  show(ear, systems, shared, reading) {
    setText(this.reading, reading);
    const errors = systems.map((system) => system[this.kind]?.error);
    const common = errors.length > 0 && errors[0] && errors.every((error) => error === errors[0]) ? errors[0] : "";
    setText(this.problem, common);
    this.problem.hidden = !common;
    this.list.hidden = this.lead.hidden = Boolean(common);
    for (const system of systems) this.keep(system, shared);
    this.describe(ear);
  }

  keep(system, shared) {
    if (!this.rows.has(system.key)) {
      this.rows.set(system.key, this.row(system));
      this.list.append(this.rows.get(system.key).element);
    }
    const row = this.rows.get(system.key);
    const heard = system[this.kind];
    const text = JSON.stringify([heard, shared]);
    if (row.text === text) return; // what is open, selected or focused stays so
    row.text = text;
    row.update(heard, shared);
  }

  describe({ title, fidelity, trained_on: trainedOn, caution, version, scale }) {
    const facts = {
      Machine: `${title}, ${FIDELITY[fidelity]?.[0] ?? fidelity}${version ? ` (${version})` : ""}`,
      "Trained on": trainedOn,
      Caution: caution,
      Scale: scale && scaleWords(scale),
    };
    const shown = Object.entries(facts).filter(([, text]) => text);
    const text = JSON.stringify(shown);
    if (this.about.dataset.text === text) return;
    this.about.dataset.text = text;
    this.about.replaceChildren(...shown.flatMap(([name, words]) => [el("dt", { text: name }), el("dd", { text: words })]));
  }
}

function scaleWords({ data, speakers, same_trials: same, different_trials: different, eer, protocol }) {
  const corpora = data.map(({ corpus, clips }) => `${corpus} (${clips})`).join(", ");
  const pairs = `${same.toLocaleString("en")} pairs of one person and ${different.toLocaleString("en")} of two people of one sex`;
  return `${pairs}, ${speakers} speakers whom it never heard: ${corpora}. Among these its equal error rate is ${(100 * eer).toFixed(0)} %. ${protocol}`;
}

function readingOfSpeakers({ title, scale }) {
  const bands = scale ? " The bands hold 90 % of the scores that pairs of recordings get: of two people, of one person." : "";
  return `${title}: how alike the voice is to the original's (cosine).${bands} Both sounds here come from one recording, and that by itself makes them more alike. Low scores mean that this machine is fooled: a better one, or one that knows the system, may not be.`;
}

function readingOfWords({ title }) {
  return `${title}: the words it hears, and where they differ from the original's. It hears English only: in another language its words mean nothing. It also errs on clear speech, so compare the systems with one another.`;
}

function readingOfEmotions({ title, caution }) {
  return `${title}: how likely it finds each of four emotions, before and after. ${caution}`;
}

function legendOfWords() {
  const sample = (style, said, heard, meaning) =>
    el("span", { class: "vvh-legend-item" }, el("span", { class: `vvh-mark vvh-${style}` }, ...(said ? [el("del", { text: said })] : []), ...(heard ? [el("ins", { text: heard })] : [])), ` ${meaning}`);
  return el(
    "p",
    { class: "vvh-legend" },
    sample("substitution", "said", "heard", "another word"),
    sample("deletion", "said", "", "missing"),
    sample("insertion", "", "heard", "added"),
  );
}

function legendOfEmotions() {
  const bar = (style) => el("span", { class: `vvh-sample vvh-${style}`, "aria-hidden": "true" });
  return el("p", { class: "vvh-legend" }, el("span", { class: "vvh-legend-item" }, bar("before"), " original"), el("span", { class: "vvh-legend-item" }, bar("after"), " system"));
}
