// The page before the study: what it is, what is agreed to. And, from any page, the same to read again, and the way out.

import { button, el, paragraphs, write } from "./widgets.mjs";

function facts(about) {
  return el("dl", { class: "vvs-facts" }, ...about.facts.map(({ term, text }) => el("div", {}, el("dt", { text: term }), el("dd", { text }))));
}

function title(study, text) {
  return el(study.heading, { class: "vvs-title", tabindex: "-1", text });
}

function subtitle(study, text) {
  return el(study.heading === "h1" ? "h2" : "h3", { class: "vvs-subtitle", text });
}

/** What is agreed to, and the button that starts. */
export class Landing {
  constructor(study) {
    this.study = study;
    const { about } = study;
    const { consent } = about;
    this.heading = title(study, about.title);
    this.boxes = [this.box(consent.agree), this.box(consent.age_ok)];
    this.hint = el("p", { class: "vvs-hint", id: "vvs-hint" });
    this.start = button(consent.start, "vvs-main vvs-next", () => this.press());
    this.start.setAttribute("aria-describedby", "vvs-hint");
    this.element = el(
      "section",
      { class: "vvs-page vvs-landing" },
      el("div", { class: "vvs-top" }, el("p", { class: "vvs-kind", text: about.ui.listening_study }), this.languages()),
      this.heading,
      el("p", { class: "vvs-lead", text: consent.minutes }),
      ...paragraphs(consent.paragraphs),
      subtitle(study, consent.facts_title),
      facts(about),
      el("p", { class: "vvs-fine", text: consent.version_text }),
      subtitle(study, consent.title),
      el("div", { class: "vvs-boxes" }, ...this.boxes.map((box) => box.closest("label"))),
      el("div", { class: "vvs-go" }, this.hint, this.start),
    );
    this.draw();
  }

  box(words) {
    const box = el("input", { type: "checkbox" });
    box.addEventListener("change", () => this.draw());
    el("label", { class: "vvs-option" }, box, el("span", { class: "vvs-label", text: words }));
    return box;
  }

  languages() {
    const { about } = this.study;
    if (about.languages.length < 2) return null;
    const each = about.languages.map(({ code, name }) => {
      const choose = button(name, "vvs-quiet", () => this.study.speak(code));
      choose.lang = code;
      choose.setAttribute("aria-pressed", String(code === about.language));
      return choose;
    });
    return el("div", { class: "vvs-languages", role: "group", "aria-label": about.ui.language_label }, ...each);
  }

  get ready() {
    return this.boxes.every((box) => box.checked);
  }

  draw() {
    this.start.setAttribute("aria-disabled", String(!this.ready || Boolean(this.waiting)));
    write(this.hint, this.ready ? "" : this.study.about.consent.tick_both);
  }

  async press() {
    if (this.waiting) return;
    if (!this.ready) return this.boxes.find((box) => !box.checked).focus();
    this.waiting = true;
    this.draw();
    write(this.start, this.study.ui.waiting);
    this.study.say("");
    const refusal = await this.study.enrol();
    if (!refusal || !this.element.isConnected) return;
    this.waiting = false;
    write(this.start, this.study.about.consent.start);
    this.draw();
    this.study.say(refusal);
  }
}

/** The consent text and the facts once more, and the address that leads back here. */
export class Information {
  constructor(study) {
    const { about, ui } = study;
    this.heading = title(study, ui.study_information);
    this.element = el(
      "section",
      { class: "vvs-page" },
      this.heading,
      study.embedded || !study.token ? null : el("p", { class: "vvs-note", text: ui.keep_link }),
      ...paragraphs(about.consent.paragraphs),
      facts(about),
      el("p", { class: "vvs-fine", text: about.consent.version_text }),
      el("div", { class: "vvs-go" }, button(ui.back, "vvs-main vvs-next", () => study.close())),
    );
  }
}

/** Whether to erase everything: asked once, in place. */
export class Withdrawal {
  constructor(study) {
    this.study = study;
    const { ui, page } = study;
    this.heading = title(study, ui.withdraw_title);
    this.trouble = el("p", { class: "vvs-trouble", role: "alert" });
    this.yes = button(ui.withdraw_yes, "vvs-danger", () => this.erase());
    this.no = button(page.end ? ui.withdraw_no_finished : ui.withdraw_no, "vvs-main", () => study.close());
    const text = el("p", { text: ui.withdraw_text });
    this.element = el("section", { class: "vvs-page" }, this.heading, text, this.trouble, el("div", { class: "vvs-choices" }, this.no, this.yes));
  }

  async erase() {
    this.yes.disabled = true;
    write(this.yes, this.study.ui.withdrawing);
    const refusal = await this.study.withdraw();
    if (!refusal) return;
    this.yes.disabled = false;
    write(this.yes, this.study.ui.withdraw_yes);
    write(this.trouble, refusal);
  }
}
