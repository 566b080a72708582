// What pages are made of: a sound as a button, and the three kinds of questions. Text is written as text alone.

import { Output } from "./sound.mjs";

const SVG = "http://www.w3.org/2000/svg";
const ICONS = {
  play: "M8 5v14l11-7z",
  pause: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z",
  check: "M9.2 16.2 5 12l-1.4 1.4 5.6 5.6L20.4 7.8 19 6.4z",
  cross: "M18.3 7.1 16.9 5.7 12 10.6 7.1 5.7 5.7 7.1l4.9 4.9-4.9 4.9 1.4 1.4 4.9-4.9 4.9 4.9 1.4-1.4-4.9-4.9z",
};

/** An element; null and false attributes and children are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.filter((child) => child !== null && child !== false));
  return node;
}

export function button(words, kind, onclick) {
  return el("button", { type: "button", class: `vvs-button ${kind}`, text: words, onclick });
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "vvs-icon");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** "{done} of {of}" with its values. */
export function fill(words, values) {
  return words.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

export function paragraphs(texts, className = "") {
  return (texts ?? []).map((text) => el("p", { class: className, text }));
}

export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A sound as a button: its name, what pressing does, how far it is. */
export class Card {
  constructor(sound, { label, slot }, { ui, letter }) {
    Object.assign(this, { sound, ui, label, slot });
    this.inRow = false;
    this.face = el("span", { class: "vvs-face" });
    this.words = el("span", { class: "vvs-does" });
    this.done = el("span", { class: "vvs-track-done" });
    const key = letter ? el("kbd", { "aria-hidden": "true", text: letter }) : null;
    this.button = el(
      "button",
      { type: "button", class: "vvs-play" },
      this.face,
      el("span", { class: "vvs-name" }, el("span", { class: "vvs-label", text: label }), this.words),
      el("span", { class: "vvs-heard" }, icon("check"), el("span", { class: "vvs-hidden", text: ui.heard_all })),
      key,
      el("span", { class: "vvs-track" }, this.done),
    );
    this.button.addEventListener("click", (event) => {
      if (this.button.getAttribute("aria-disabled") === "true") return;
      if (event.detail > 0) this.button.blur(); // so that Space and Enter mean what they mean on the page
      sound.toggle();
    });
    this.element = el("div", { class: "vvs-sound", "data-slot": slot }, this.button);
  }

  focus() {
    this.button.focus();
  }

  state() {
    const { sound } = this;
    if (sound.playing) return "playing";
    if (sound.broken || (sound.failed > 1 && !sound.buffer)) return "failed";
    if (!sound.buffer) return sound.wanted || sound.failed ? "loading" : "coming";
    if (sound.spent) return "spent";
    return sound.plays && sound.at >= sound.durationS ? "again" : "ready";
  }

  /** Why it cannot be heard, as a sentence, or "". */
  get trouble() {
    const { ui, sound } = this;
    if (!Output.possible || sound.broken) return ui.no_audio;
    if (sound.blocked) return ui.sound_blocked;
    return this.state() === "failed" ? ui.sound_failed : "";
  }

  draw(locked) {
    const { ui, sound } = this;
    const state = this.state();
    const once = sound.maxPlays !== null;
    const words = {
      playing: once ? ui.playing : ui.pause,
      failed: ui.try_again,
      loading: ui.loading,
      coming: ui.play,
      spent: ui.played,
      again: ui.play_again,
      ready: ui.play,
    }[state];
    const face = state === "playing" && !once ? "pause" : state === "spent" ? "check" : "play";
    if (this.face.dataset.icon !== face) this.face.replaceChildren(icon(face));
    this.face.dataset.icon = face;
    this.element.dataset.state = state;
    this.element.dataset.heard = String(sound.durationS > 0 && sound.share >= 0.98);
    write(this.words, words);
    this.button.setAttribute("aria-disabled", String(locked || state === "spent" || (once && state === "playing")));
    this.drawPosition();
  }

  drawPosition() {
    const { sound } = this;
    this.done.style.width = sound.durationS ? `${(100 * sound.position()) / sound.durationS}%` : "0";
  }
}

// -- the three widgets: choice, scale, text ------------------------------------------------------------------

/** What can be chosen, as {value, label, shortcut}; a scale without labels counts from 1. */
export function choices(question) {
  if (question.widget === "text") return [];
  const given = question.options ?? [];
  const all = given.length ? given : Array.from({ length: question.points ?? 0 }, (_, i) => ({ value: String(i + 1) }));
  return all.map(({ value, label, shortcut }, i) => ({
    value: String(value),
    label: label || String(value),
    shortcut: String(shortcut || (i < 9 ? i + 1 : "")),
  }));
}

/** The field of a question on a page. */
export function drawn(question, page) {
  if (question.widget === "text") return new TextField(question, page);
  const candidates = page.cards.filter((card) => card.slot === "candidate");
  if (candidates.length && choices(question).length === candidates.length + 1) return new LineUpField(question, page, candidates);
  return new ChoiceField(question, page);
}

function legend(question, ui) {
  const optional = question.required ? null : el("span", { class: "vvs-optional", text: ` (${ui.optional})` });
  return el("legend", { class: "vvs-question" }, el("span", { text: question.text }), optional);
}

class ChoiceField {
  constructor(question, page) {
    Object.assign(this, { question, page, key: question.key });
    this.choices = choices(question);
    this.inputs = new Map();
    this.element = el("fieldset", { class: "vvs-field", "data-look": this.look() }, legend(question, page.ui), ...this.body());
  }

  /** Bare numbers lie in a row between two words; short names in a grid; all else in a list. */
  look() {
    const numbers = this.choices.every(({ label }) => /^\d+$/.test(label));
    if (numbers) return "scale";
    const names = this.choices.every(({ label, value }) => label.length <= 24 && !/^-?\d+$/.test(value));
    return names && this.choices.length > 3 ? "grid" : "list";
  }

  body() {
    const { low, high } = this.question;
    const options = el("div", { class: "vvs-options" }, ...this.choices.map((choice, i) => this.option(choice, i)));
    if (this.look() !== "scale" || !(low || high)) return [options];
    return [options, el("div", { class: "vvs-ends", "aria-hidden": "true" }, el("span", { text: low }), el("span", { text: high }))];
  }

  option(choice, i) {
    const { low, high } = this.question;
    const end = i === 0 ? low : i === this.choices.length - 1 ? high : "";
    const more = this.look() === "scale" && end ? el("span", { class: "vvs-hidden", text: ` ${end}` }) : null;
    const key = this.look() === "scale" ? null : el("kbd", { "aria-hidden": "true", text: choice.shortcut });
    return el("label", { class: "vvs-option" }, this.input(choice), el("span", { class: "vvs-label", text: choice.label }), more, key);
  }

  input({ value }) {
    const input = el("input", { type: "radio", name: `vvs-${this.key}`, value });
    input.addEventListener("change", () => this.page.answer(this.key, value));
    this.inputs.set(value, input);
    return input;
  }

  draw(closed) {
    const answer = this.page.answers.get(this.key);
    for (const [value, input] of this.inputs) {
      input.disabled = closed;
      input.checked = value === answer;
    }
    this.element.dataset.closed = String(closed);
  }

  has(digit) {
    return this.choices.some(({ shortcut }) => shortcut === digit);
  }

  pick(digit) {
    this.page.answer(this.key, this.choices.find(({ shortcut }) => shortcut === digit).value);
  }

  focus() {
    [...this.inputs.values()][0]?.focus();
  }
}

/** The voices of a line-up: each is heard and chosen in its own row; the last answer is "none of them". */
class LineUpField extends ChoiceField {
  constructor(question, page, candidates) {
    super(question, page);
    const rows = candidates.map((card, i) => this.row(card, this.choices[i]));
    const none = this.element.querySelector(".vvs-option:last-child");
    this.element.dataset.look = "line-up";
    this.element.querySelector(".vvs-options").replaceChildren(...rows, none);
    this.rows = true;
  }

  look() {
    return "list";
  }

  row(card, choice) {
    card.inRow = true;
    const pick = this.inputs.get(choice.value).closest("label");
    return el("div", { class: "vvs-row" }, card.element, pick);
  }
}

class TextField {
  constructor(question, page) {
    Object.assign(this, { question, page, key: question.key });
    const id = `vvs-text-${question.key}`;
    this.input = el("textarea", { id, class: "vvs-textarea", rows: 4, maxlength: question.max_chars });
    this.input.value = page.answers.get(this.key) ?? "";
    this.input.addEventListener("input", () => page.answer(this.key, this.input.value));
    this.left = el("p", { class: "vvs-left" });
    const optional = question.required ? null : el("span", { class: "vvs-optional", text: ` (${page.ui.optional})` });
    const label = el("label", { class: "vvs-question", for: id }, el("span", { text: question.text }), optional);
    this.element = el("div", { class: "vvs-field" }, label, this.input, this.left);
  }

  draw(closed) {
    this.input.disabled = closed;
    const left = (this.question.max_chars ?? Infinity) - this.input.value.length;
    write(this.left, left <= 200 ? fill(this.page.ui.characters_left, { left }) : "");
  }

  has() {
    return false;
  }

  pick() {}

  focus() {
    this.input.focus();
  }
}

/** What stays while pages change: progress above, troubles, and the way out below. */
export class Frame {
  constructor(element, about, embedded) {
    const { ui } = about;
    Object.assign(this, { ui, page: el("div", { class: "vvs-stage" }), panel: el("div", { class: "vvs-stage", hidden: true }) });
    this.count = el("span", { class: "vvs-count" });
    this.done = el("div", { class: "vvs-progress-done" });
    this.progress = el("div", { class: "vvs-progress", role: "progressbar", "aria-label": ui.progress_label }, this.done);
    this.head = el("div", { class: "vvs-head", hidden: true }, el("span", { text: about.title }), this.count, this.progress);
    this.trouble = el("div", { class: "vvs-problem", role: "alert" });
    this.status = el("p", { class: "vvs-hidden", role: "status" });
    this.foot = el("div", { class: "vvs-foot", hidden: true });
    const mark = about.preview ? ui.preview : about.simulation ? ui.simulation : "";
    const kind = embedded ? "vvs" : "vvs vvs-alone";
    const marked = mark ? el("p", { class: "vvs-mark", text: mark }) : null;
    const parts = [marked, this.head, this.trouble, this.page, this.panel, this.foot, this.status];
    this.root = el("div", { class: kind, lang: about.language }, ...parts);
    element.replaceChildren(this.root);
    if (!embedded) document.documentElement.lang = about.language;
  }

  /** Shows {element, heading}; the first one does not take the focus from the page around. */
  put({ element, heading }, first) {
    this.opener = null;
    this.close();
    this.page.replaceChildren(element);
    if (first) return;
    if (this.root.getBoundingClientRect().top < 0) this.root.scrollIntoView({ block: "start" });
    heading.focus({ preventScroll: true });
  }

  drawProgress({ done, of }) {
    this.head.hidden = of === 0;
    write(this.count, fill(this.ui.progress, { done, of }));
    this.done.style.width = `${of ? (100 * done) / of : 0}%`;
    for (const [name, value] of Object.entries({ min: 0, max: of, now: done })) this.progress.setAttribute(`aria-value${name}`, value);
  }

  drawFoot(buttons) {
    this.foot.replaceChildren(...buttons);
    this.foot.hidden = false;
  }

  /** A sentence above the page, with what can be done about it; "" takes it away. The same sentence is not read out anew. */
  say(sentence, ...more) {
    const [said, ...rest] = this.trouble.children;
    if (!sentence) return this.trouble.replaceChildren();
    if (said?.textContent !== sentence) return this.trouble.replaceChildren(el("p", { text: sentence }), ...more);
    rest.forEach((node, i) => more[i] && node.replaceWith(more[i]));
  }

  tell(sentence) {
    write(this.status, sentence);
  }

  get covered() {
    return !this.panel.hidden;
  }

  /** Covers the page with {element, heading}. */
  open(panel) {
    this.say("");
    this.opener = document.activeElement;
    this.panel.replaceChildren(panel.element);
    this.cover(true);
    panel.heading.focus();
  }

  close() {
    if (!this.covered) return;
    this.cover(false);
    this.panel.replaceChildren();
    this.opener?.focus();
  }

  cover(covered) {
    this.panel.hidden = !covered;
    this.page.hidden = this.foot.hidden = covered;
  }
}
