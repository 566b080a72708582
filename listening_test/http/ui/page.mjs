// One page of a study: what is heard, what is asked, and the button that goes on. It knows no server.

import { Sound } from "./sound.mjs";
import { button, Card, choices, drawn, el, icon, paragraphs, write } from "./widgets.mjs";

export class Page {
  /**
   * @param page what the server says the page is
   * @param ui the words of the page
   * @param options {heading: tag of its heading, output, url(sound) -> address, draft: what is known from before a
   *   reload, or null; on: {submit(), changed(), gone()}}
   */
  constructor(page, ui, { heading, output, url, draft, on }) {
    Object.assign(this, { page, ui, on, output });
    this.answers = new Map(Object.entries(draft?.answers ?? {}).filter(([key]) => this.question(key)));
    this.shownS = draft?.shownS ?? 0;
    this.shownAt = performance.now();
    this.locked = false;
    this.fields = [];
    this.sounds = page.sounds.map((sound, i) => {
      const told = { changed: () => this.draw(), gone: on.gone, wanted: () => this.hurry() };
      return new Sound(url(sound), output, { maxPlays: page.max_plays, kept: draft?.sounds?.[i], on: told });
    });
    this.cards = this.sounds.map((sound, i) => new Card(sound, page.sounds[i], { ui, letter: this.letter(i) }));
    this.build(heading);
    this.draw();
  }

  question(key) {
    return this.page.questions.find((question) => question.key === key);
  }

  /** The question that is answered by going on, where all there is to say is yes. */
  get going() {
    return this.page.questions.find(({ widget, options, required }) => widget === "choice" && options?.length === 1 && required);
  }

  letter(i) {
    return this.page.sounds.length > 1 && this.page.sounds.length < 26 ? String.fromCharCode(65 + i) : "";
  }

  // -- what it looks like ----------------------------------------------------------------------------------

  build(heading) {
    const { page, ui } = this;
    this.heading = el(heading, { class: "vvs-title", tabindex: "-1", text: page.title });
    this.hint = el("p", { class: "vvs-hint", id: "vvs-hint" });
    this.next = el("button", { type: "button", class: "vvs-button vvs-main vvs-next", "aria-describedby": "vvs-hint" });
    this.next.addEventListener("click", (event) => event.detail < 2 && this.press());
    this.trouble = el("p", { class: "vvs-trouble", role: "status" });
    this.outcome = el("div", { class: "vvs-outcome", role: "status" });
    const fields = page.questions.filter((question) => question !== this.going).map((question) => this.field(question));
    const rows = fields.some((field) => field.rows);
    const cards = this.cards.filter((card) => !card.inRow);
    this.element = el(
      "section",
      { class: "vvs-page", "data-block": page.block },
      this.heading,
      page.note ? el("p", { class: "vvs-note", text: page.note }) : null,
      ...paragraphs(page.text, "vvs-text"),
      cards.length
        ? el("div", { class: "vvs-sounds", "data-count": rows ? 1 : cards.length }, ...cards.map((card) => card.element))
        : null,
      ...fields.map((field) => field.element),
      el("div", { class: "vvs-go" }, this.outcome, this.trouble, this.hint, this.next),
      page.sounds.length ? keyboardHelp(ui, page.questions.some((question) => choices(question).length > 1)) : null,
    );
  }

  field(question) {
    const field = drawn(question, this);
    this.fields.push(field);
    return field;
  }

  get unheard() {
    return this.sounds.filter((sound) => sound.share < this.page.heard_share);
  }

  get unanswered() {
    return this.page.questions.filter(
      (question) => question.required && question !== this.going && !this.answers.get(question.key)?.trim(),
    );
  }

  /** What is still to do before going on, as a sentence, or "". */
  get obstacle() {
    const { ui } = this;
    if (this.unheard.length) return this.sounds.length > 1 ? ui.listen_first_all : ui.listen_first;
    if (this.unanswered.length) return this.unanswered.length > 1 ? ui.answer_all_first : ui.answer_first;
    return "";
  }

  draw() {
    if (!this.element) return;
    const closed = this.locked || this.unheard.length > 0;
    for (const card of this.cards) card.draw(this.locked);
    for (const field of this.fields) field.draw(closed);
    const { obstacle } = this;
    const trouble = this.cards.map((card) => card.trouble).find(Boolean) ?? "";
    write(this.trouble, trouble);
    write(this.hint, this.locked || trouble ? "" : obstacle);
    write(this.next, this.saving ? this.ui.saving : this.nextWords());
    this.next.setAttribute("aria-disabled", String(Boolean(this.locked || obstacle)));
    this.follow();
    this.on.changed();
  }

  nextWords() {
    const { going, ui, page } = this;
    if (going) return going.options[0].label;
    return page.block === "break" || page.questions.length === 0 ? ui.continue : ui.next;
  }

  follow() {
    cancelAnimationFrame(this.frame);
    if (!this.sounds.some((sound) => sound.playing)) return;
    this.frame = requestAnimationFrame(() => {
      for (const card of this.cards) card.drawPosition();
      this.follow();
    });
  }

  // -- what one can do -------------------------------------------------------------------------------------

  answer(key, value) {
    this.answers.set(key, value);
    this.draw();
  }

  /** The button that goes on: says what is missing, and leads there. */
  press() {
    if (this.then) return this.then();
    if (this.locked) return;
    if (!this.obstacle) return this.on.submit();
    this.nudge();
    const [unheard] = this.unheard;
    const missing = unheard ? this.cards.find(({ sound }) => sound === unheard) : this.fields.find(({ key }) => key === this.unanswered[0].key);
    missing?.focus();
  }

  /** Draws the eye to what is still to do. */
  nudge() {
    this.hint.classList.remove("vvs-again");
    void this.hint.offsetWidth; // starts the animation anew
    this.hint.classList.add("vvs-again");
  }

  /** Takes a key that has no other meaning where the focus is. */
  key(event) {
    const { key } = event;
    if (key === "Enter") this.press();
    else if (key === " ") this.playNext();
    else if (/^[0-9]$/.test(key)) return this.pick(key);
    else return this.playLetter(key.toUpperCase());
    return true;
  }

  playNext() {
    if (this.locked || !this.sounds.length) return;
    const sounding = this.sounds.find((sound) => sound.playing);
    const paused = this.sounds.find((sound) => sound.at > 0 && sound.at < sound.durationS);
    const sound = sounding ?? paused ?? this.unheard[0] ?? this.latest ?? this.sounds[0];
    this.latest = sound;
    if (sounding && this.page.max_plays !== null) return;
    sound.toggle();
  }

  playLetter(letter) {
    const i = this.sounds.findIndex((_, at) => this.letter(at) === letter);
    if (i < 0) return false;
    if (this.locked) return true;
    this.latest = this.sounds[i];
    this.latest.toggle();
    return true;
  }

  pick(digit) {
    if (this.locked) return true;
    if (this.unheard.length) {
      this.nudge();
      return true;
    }
    const able = this.fields.filter((field) => field.has(digit));
    const focused = able.find((field) => field.element.contains(document.activeElement));
    const open = able.find((field) => !this.answers.get(field.key));
    (focused ?? open ?? able[able.length - 1])?.pick(digit);
    return true;
  }

  // -- what it says to the server --------------------------------------------------------------------------

  get secondsShown() {
    return this.shownS + (performance.now() - this.shownAt) / 1000;
  }

  get draft() {
    return {
      page: this.page.page,
      answers: Object.fromEntries(this.answers),
      sounds: this.sounds.map((sound) => sound.record),
      shownS: this.secondsShown,
    };
  }

  message() {
    const { going } = this;
    const given = this.page.questions.map(({ key }) => [key, key === going?.key ? going.options[0].value : this.answers.get(key)]);
    return {
      page: this.page.page,
      answers: Object.fromEntries(given.filter(([, value]) => value?.trim())),
      heard: this.sounds.map(({ plays, share }) => ({ plays, coverage: Math.round(share * 1e4) / 1e4 })),
      response_time_s: Math.round(this.secondsShown * 1000) / 1000,
    };
  }

  /** Nothing can be changed while it is sent. */
  lock(saving = false) {
    this.rest();
    this.locked = true;
    this.saving = saving;
    this.draw();
  }

  unlock() {
    this.locked = false;
    this.saving = false;
    this.draw();
  }

  /** Shows whether the answer was right; going on is a press of its own. */
  tell({ correct, text }, then) {
    this.lock();
    this.then = then;
    const kind = correct ? "vvs-right" : "vvs-wrong";
    this.outcome.replaceChildren(el("p", { class: `vvs-feedback ${kind}` }, icon(correct ? "check" : "cross"), el("span", { text })));
    this.next.removeAttribute("aria-disabled");
    write(this.next, this.ui.continue);
    write(this.hint, "");
    this.next.focus({ preventScroll: true });
  }

  hurry() {
    for (const sound of this.sounds) sound.hurry();
  }

  /** Stops what sounds, while something else is looked at. */
  rest() {
    for (const sound of this.sounds) sound.pause();
  }

  dispose() {
    cancelAnimationFrame(this.frame);
    for (const sound of this.sounds) sound.dispose();
  }
}

function keyboardHelp(ui, answers) {
  const parts = ui.keyboard.split(/(\{\w+\})/);
  const names = { "{play}": ui.keyboard_play, "{answer}": ui.keyboard_answer };
  if (!answers) return null;
  return el("p", { class: "vvs-keys" }, ...parts.map((part) => (names[part] ? el("kbd", { text: names[part] }) : part)));
}

/** The last page: what happened, the code, the way back. */
export class End {
  constructor({ kind, title, paragraphs: texts, code, url }, ui, { heading, again }) {
    this.heading = el(heading, { class: "vvs-title", tabindex: "-1", text: title });
    const safe = /^https:\/\//.test(url ?? "");
    this.element = el(
      "section",
      { class: "vvs-page", "data-end": kind },
      this.heading,
      ...(code ? [codeBox(code, ui)] : []),
      safe ? el("p", {}, el("a", { class: "vvs-button vvs-main", href: url, rel: "noreferrer", text: ui.completion_link })) : null,
      ...paragraphs(texts),
      again ? el("p", {}, button(ui.start_over, "", again)) : null,
    );
  }

  hurry() {}

  rest() {}

  dispose() {}
}

function codeBox(code, ui) {
  const shown = el("output", { class: "vvs-code", text: code });
  const copy = button(ui.copy, "", async () => {
    const copied = await navigator.clipboard?.writeText(code).then(() => true, () => false);
    if (copied) return write(copy, ui.copied);
    window.getSelection().selectAllChildren(shown); // no clipboard without a secure connection: the rest is one key
  });
  return el("div", { class: "vvs-code-box" }, el("span", { class: "vvs-code-label", text: ui.code_label }), shown, copy);
}
