// What is chosen before and while one speaks: the system, its parameters, and the voice.

import { el, number, setText, swatch } from "./dom.mjs";
import { FIDELITY } from "./fidelity.mjs";

const AT_ONCE = 4; // parameters in sight; the others are a click away
const HIGHEST_SEED = 4294967295;
const FOUR_DIGITS = 9000;

export class Form {
  /** @param systems as api/live tells them; @param changed() is called when something else is wanted */
  constructor(systems, changed) {
    this.systems = systems;
    this.changed = changed;
    this.values = Object.fromEntries(systems.map(({ key, params }) => [key, Object.fromEntries(params.map(({ name, default: value }) => [name, value]))]));
    this.chosen = systems.find(({ ready }) => ready);
    this.params = el("div", { class: "vvl-params" });
    this.element = el("form", { class: "vvl-form", "aria-label": "What is heard" }, this.buildSystems(), this.params, this.buildVoice());
    this.element.addEventListener("submit", (event) => event.preventDefault());
    this.renew();
    this.show();
  }

  /** {system, seed, params} */
  get asked() {
    const { key } = this.chosen;
    return { system: key, seed: Number(this.seed.value), params: this.values[key] };
  }

  buildSystems() {
    const choices = this.systems.map((system) => {
      const radio = el("input", { type: "radio", name: "vvl-system", value: system.key, disabled: !system.ready, checked: system === this.chosen });
      radio.addEventListener("change", () => this.choose(system));
      const head = el("span", { class: "vvl-system-head" }, swatch(system.colour, system.dash), el("span", { class: "vvl-system-name", text: system.title }), this.badge(system));
      const words = el("span", { class: "vvl-fine", text: system.ready ? system.summary : system.problem });
      return el("label", { class: "vvl-system" }, radio, el("span", { class: "vvl-system-words" }, head, words));
    });
    return el("fieldset", { class: "vvl-systems" }, el("legend", { class: "vvl-legend", text: "System" }), ...choices);
  }

  badge({ fidelity }) {
    const [word, meaning] = FIDELITY[fidelity];
    return el("span", { class: "vvl-badge", text: word, title: meaning });
  }

  choose(system) {
    this.chosen = system;
    this.show();
    this.changed();
  }

  show() {
    const fields = this.chosen.params.map((param) => this.field(param));
    const more = fields.slice(AT_ONCE);
    const rest = more.length ? [el("details", { class: "vvl-more" }, el("summary", { text: "More settings" }), ...more)] : [];
    const caution = this.chosen.caution ? [el("p", { class: "vvl-caution", text: this.chosen.caution })] : [];
    this.params.replaceChildren(...caution, ...fields.slice(0, AT_ONCE), ...rest);
  }

  set(param, value) {
    this.values[this.chosen.key][param.name] = value;
    this.changed();
  }

  field(param) {
    const now = this.values[this.chosen.key][param.name];
    if (param.kind === "flag") return this.flag(param, now);
    if (param.kind === "choice") return this.choice(param, now);
    return this.range(param, now);
  }

  flag(param, now) {
    const box = el("input", { type: "checkbox", checked: now });
    box.addEventListener("change", () => this.set(param, box.checked));
    return el("label", { class: "vvl-field vvl-flag" }, box, el("span", {}, el("span", { class: "vvl-label", text: param.label }), this.help(param)));
  }

  choice(param, now) {
    const select = el("select", {}, ...param.choices.map((each) => el("option", { value: each, text: each, selected: each === now })));
    select.addEventListener("change", () => this.set(param, select.value));
    return el("label", { class: "vvl-field" }, el("span", { class: "vvl-label", text: param.label }), select, this.help(param));
  }

  range(param, now) {
    const { minimum: min, maximum: max, step, unit, kind } = param;
    const slides = min !== null && max !== null;
    const input = el("input", { type: slides ? "range" : "number", min, max, step: step ?? (kind === "int" ? 1 : "any"), value: now });
    const shown = el("span", { class: "vvl-value", "aria-hidden": "true" });
    const say = () => {
      setText(shown, `${number(input.value)} ${unit}`.trim());
      if (slides && unit) input.setAttribute("aria-valuetext", `${input.value} ${unit}`);
    };
    say();
    input.addEventListener("input", say);
    input.addEventListener("change", () => input.value !== "" && input.checkValidity() && this.set(param, Number(input.value)));
    const head = el("span", { class: "vvl-label" }, param.label, slides ? shown : "");
    return el("label", { class: "vvl-field" }, head, input, this.help(param));
  }

  help({ help }) {
    return el("span", { class: "vvl-fine", text: help });
  }

  buildVoice() {
    this.seed = el("input", { type: "number", min: 0, max: HIGHEST_SEED, step: 1, id: "vvl-seed", class: "vvl-seed", inputmode: "numeric" });
    this.seed.addEventListener("change", () => (this.seed.value !== "" && this.seed.checkValidity() ? this.changed() : this.renew()));
    const another = el("button", { type: "button", class: "vvc-button", text: "New voice" });
    another.addEventListener("click", () => {
      this.renew();
      this.changed();
    });
    const words = el("span", { class: "vvl-fine", text: "The number draws the pseudo-speaker: the same number with the same settings is the same voice." });
    const label = el("label", { class: "vvl-label", for: "vvl-seed", text: "Voice number (seed)" });
    return el("div", { class: "vvl-field vvl-voice" }, label, el("div", { class: "vvl-voice-line" }, this.seed, another), words);
  }

  renew() {
    this.seed.value = String(1000 + Math.floor(Math.random() * FOUR_DIGITS));
  }
}
