// The gallery: the same on a page of the app, which keeps asking while sounds are made, and in an exported folder.

import { address, el, icon, setText, styled, swatch } from "./dom.mjs";
import { FIDELITY } from "./fidelity.mjs";
import { listen } from "./keys.mjs";
import { Deck } from "./showcase_deck.mjs";
import { Grid } from "./showcase_grid.mjs";

const ASK_EVERY_MS = 1000;
const ASK_AGAIN_MS = 4000;
const LOST = "The server could not be reached. What is here goes on playing; new sounds come once it answers.";

/**
 * @param source the address that tells the gallery, or null where `data` is all of it
 * @param data the gallery, as web/showcase/view.py makes it
 * @param read (url, signal) -> a sound's bytes
 */
export async function mount({ element, source = null, data = null, read = fetched }) {
  await Promise.all([styled(), styled("showcase.css")]);
  if (element.showcase) return;
  element.showcase = new Showcase(element, source, read);
  if (data) element.showcase.show(data);
  if (source) element.showcase.ask();
}

async function fetched(url, signal) {
  try {
    const response = await fetch(address(url), { signal });
    if (!response.ok) throw new Error("This sound is no longer part of the gallery: reload the page.");
    return await response.arrayBuffer();
  } catch (error) {
    if (error.name === "TypeError") throw new Error("The server could not be reached: press again to try again.");
    throw error;
  }
}

class Showcase {
  constructor(element, source, read) {
    this.element = element;
    this.source = source;
    this.data = null;
    this.hidden = { columns: new Set(), groups: new Set() };
    this.deck = new Deck({ read, changed: () => this.render() });
    this.grid = new Grid({
      cell: (row, column) => this.press(row, column),
      row: (row) => this.deck.playAll("row", row),
      column: (column) => this.deck.playAll("column", column),
    });
    this.live = el("p", { class: "vvc-hidden", "aria-live": "polite" });
    this.body = el("div", { class: "vvg-body" });
    this.root = el("div", { class: "vvc vvg", role: "region", "aria-label": "Gallery" }, this.body, this.live);
    const old = element.querySelector(".vvg");
    if (old) old.replaceWith(this.root);
    else element.replaceChildren(this.root);
    listen({ element, press: (key, shift, target) => this.key(key, target) });
  }

  // -- what there is ---------------------------------------------------------------------------------------

  async ask() {
    if (!this.element.isConnected) return this.deck.close();
    let again = ASK_EVERY_MS;
    try {
      const response = await fetch(address(this.source), { cache: "no-cache" });
      if (!response.ok) throw new Error(String(response.status));
      this.show(await response.json());
      if (!this.data?.busy) return;
    } catch {
      again = ASK_AGAIN_MS;
      if (this.status) setText(this.status, LOST);
      else this.body.replaceChildren(el("p", { class: "vvc-empty", role: "alert", text: LOST }));
    }
    setTimeout(() => this.ask(), again);
  }

  show(data) {
    if (data.problem) {
      const lines = data.problem.split("\n").map((text) => el("p", { text }));
      this.body.replaceChildren(el("div", { class: "vvc-empty", role: "alert" }, ...lines));
      return;
    }
    const fresh = this.data?.id !== data.id;
    this.data = data;
    if (fresh) this.build();
    this.render();
  }

  build() {
    const { data } = this;
    this.deck.stop();
    this.deck.loadedRow = null; // row numbers mean other sounds now
    this.hidden = { columns: new Set(), groups: new Set() };
    this.grid.build(data);
    this.status = el("p", { class: "vvg-status", role: "status" });
    this.bar = el("div", { class: "vvc-bar" }, el("div", { class: "vvc-bar-done" }));
    const intro = data.intro.map((text) => el("p", { class: "vvg-intro", text }));
    const parts = [el("h1", { class: "vv-title", text: data.title }), ...intro, this.status, this.bar, this.filters(), this.help()];
    this.body.replaceChildren(...parts, this.grid.element, this.deckBar(), ...this.below());
  }

  filters() {
    const { data } = this;
    const groups = [...new Set(data.rows.map((row) => row.group))];
    this.chips = [];
    const chip = (set, name, text, ...before) => {
      const button = el("button", { type: "button", class: "vvg-chip" }, ...before, el("span", { text }));
      button.addEventListener("click", () => this.toggle(set, name));
      this.chips.push({ button, set, name });
      return button;
    };
    const line = (label, ...chips) =>
      el("div", { class: "vvg-filter", role: "group", "aria-label": label }, el("span", { class: "vvg-filter-name", "aria-hidden": "true", text: label }), el("div", { class: "vvg-chips" }, ...chips));
    const lines = [line("Systems", ...data.columns.map((one) => chip("columns", one.name, one.title, swatch(one.colour, one.dash))))];
    if (groups.length > 1) lines.unshift(line(data.grouped_by, ...groups.map((name) => chip("groups", name, name || "none"))));
    const roomy = window.matchMedia("(min-width: 761px)").matches;
    return el("details", { class: "vvg-filters", open: roomy }, el("summary", { text: "Show only some" }), ...lines);
  }

  help() {
    const keys = [["↑ ↓ ← →", "move"], ["Space", "play, stop"], ["1 … 9", "switch in place"], ["Esc", "stop"]];
    const items = keys.map(([key, meaning]) => el("span", {}, el("kbd", { text: key }), ` ${meaning}`));
    return el("p", { class: "vvg-help" }, ...items);
  }

  deckBar() {
    this.heard = el("p", { class: "vvg-heard" });
    this.time = el("span", { class: "vvg-heard-time" });
    const stop = el("button", { type: "button", class: "vvc-button" }, icon("stop"), "Stop");
    stop.addEventListener("click", () => this.deck.stop());
    this.playing = el("div", { class: "vvg-deck" }, this.heard, this.time, stop);
    return this.playing;
  }

  below() {
    const { columns, rows, caveat, version, loudness_lufs: lufs } = this.data;
    const systems = columns.flatMap((one) => {
      const [word, meaning] = one.system === "original" ? ["as it came", ""] : FIDELITY[one.fidelity];
      const badge = el("span", { class: "vvg-badge", text: word, title: meaning || null });
      const hides = one.hides.length ? `Tries to hide: ${one.hides.join(", ")}.` : "";
      const timing = one.keeps_timing ? "" : "It says the words anew, in its own time: the same moment is another word.";
      const small = [hides, one.settings && `Here: ${one.settings}.`].filter(Boolean).join(" ");
      return [
        el("dt", {}, swatch(one.colour, one.dash), el("span", { text: one.title }), badge),
        el("dd", {}, [one.summary, timing].filter(Boolean).join(" "), one.caution ? el("em", { text: ` ${one.caution}` }) : "", el("span", { class: "vvg-small", text: small })),
      ];
    });
    const licences = [...new Set(rows.map((row) => row.licence))].map((licence) => {
      const numbers = rows.filter((row) => row.licence === licence).length;
      return el("li", { text: `${licence}: ${numbers} of ${rows.length} recordings` });
    });
    return [
      el("p", { class: "vvg-caveat" }, el("strong", { text: caveat })),
      ...this.takeAway(),
      el("h2", { class: "vv-step", text: "What each system does" }),
      el("dl", { class: "vvg-systems" }, ...systems),
      el("h2", { class: "vv-step", text: "Licences of the voices" }),
      el("ul", { class: "vvg-licences" }, ...licences),
      el("p", { class: "vvg-small", text: `Every sound is at ${String(lufs).replace("-", "−")} LUFS. Made with VoiceVeil ${version}.` }),
    ];
  }

  takeAway() {
    if (!this.source) return [];
    this.zip = el("a", { class: "vvc-button", href: address("api/showcase/showcase.zip").href, download: "showcase.zip", text: "Download the gallery (ZIP)" });
    const words = el("span", { class: "vvg-small", text: "A folder for any web space, or to open from disk: page, sounds, and a record of every parameter." });
    const compare = el("a", { class: "vvc-button", href: address(this.data.compare ?? ".").href, text: "Try these systems on a clip of yours" });
    return [el("p", { class: "vvg-take" }, compare, this.zip, words)];
  }

  // -- what the person does ----------------------------------------------------------------------------------

  press(row, column) {
    const cell = this.cell(row, column);
    if (cell.state === "ready") return this.deck.press(row, column);
    setText(this.live, cell.problem ?? `${this.titleOf(column)} is not ready yet.`);
    return null;
  }

  toggle(set, name) {
    const hidden = this.hidden[set];
    if (!hidden.delete(name)) hidden.add(name);
    if (this.shown()[set].size === 0) hidden.delete(name); // one of them stays
    this.render();
  }

  /** Whether the key was ours. */
  key(key, target) {
    if (!this.data) return false;
    if (/^[1-9]$/.test(key)) return this.number(Number(key));
    if (key === "Escape" && this.deck.now) {
      this.deck.stop();
      return true;
    }
    if (key === " ") return this.space();
    return this.grid.element.contains(target) && this.grid.move(key, target.closest("button"));
  }

  number(place) {
    const column = this.data.columns.filter(({ name }) => this.shown().columns.has(name))[place - 1];
    const row = this.deck.now?.row ?? this.grid.rowHere();
    if (!column || row === null) return false;
    if (!this.deck.isNow(row, column.name)) this.press(row, column.name);
    return true;
  }

  space() {
    if (this.deck.now) this.deck.stop();
    else if (this.last && this.deck.find(this.last.row, this.last.column)) this.press(this.last.row, this.last.column);
    else if (this.deck.order.length) this.press(this.deck.order[0].row, this.deck.order[0].column);
    return true;
  }

  // -- what is shown -------------------------------------------------------------------------------------------

  cell(row, column) {
    return this.data.rows[row - 1].cells.find((cell) => cell.column === column);
  }

  titleOf(column) {
    return this.data.columns.find(({ name }) => name === column).title;
  }

  shown() {
    const { columns, rows } = this.data;
    const but = (names, hidden) => new Set(names.filter((name) => !hidden.has(name)));
    return {
      columns: but(columns.map(({ name }) => name), this.hidden.columns),
      groups: but(rows.map(({ group }) => group), this.hidden.groups),
    };
  }

  render() {
    if (!this.data || !this.status) return;
    const { data, deck } = this;
    const { columns, groups } = this.shown();
    this.offer(columns, groups);
    const { now } = deck;
    this.grid.update({ data, now, problem: deck.problem, columns, groups });
    for (const { button, set, name } of this.chips) button.setAttribute("aria-pressed", String(!this.hidden[set].has(name)));
    this.progress();
    this.said(now);
    if (now?.state === "playing" && !this.painting) this.paint();
  }

  offer(columns, groups) {
    const cells = this.data.rows
      .filter((row) => groups.has(row.group))
      .flatMap((row) => row.cells.filter((cell) => cell.state === "ready" && columns.has(cell.column)).map((cell) => ({ row: row.number, column: cell.column, url: cell.url })));
    this.deck.offer(cells);
  }

  progress() {
    const { busy, done, of, rows } = this.data;
    const failed = rows.flatMap((row) => row.cells).filter((cell) => cell.state === "failed").length;
    const words = busy ? `${done} of ${of} sounds are ready; the others come by themselves.` : "";
    setText(this.status, failed && !busy ? `${failed} of ${of} sounds could not be made.` : words);
    this.bar.hidden = !busy;
    this.bar.firstChild.style.width = `${(100 * done) / of}%`;
    if (!this.zip) return;
    this.zip.setAttribute("aria-disabled", String(busy));
    this.zip.hidden = busy;
  }

  said(now) {
    this.playing.dataset.open = String(Boolean(now));
    if (!now) return setText(this.heard, "");
    this.last = { row: now.row, column: now.column };
    const row = this.data.rows[now.row - 1];
    const words = `${this.titleOf(now.column)} · ${row.text}`;
    if (this.heard.textContent !== words && now.state === "playing") setText(this.live, `Hearing ${this.titleOf(now.column)}`);
    setText(this.heard, words);
  }

  paint() {
    const { now } = this.deck;
    this.painting = Boolean(now && this.element.isConnected);
    if (!this.element.isConnected) return this.deck.close();
    if (!now) return;
    const { positionS } = this.deck;
    this.grid.position(now, positionS);
    const lastsS = this.cell(now.row, now.column).duration_s ?? 0;
    setText(this.time, `${Math.min(positionS, lastsS).toFixed(1)} of ${lastsS.toFixed(1)} s`);
    requestAnimationFrame(() => this.paint());
  }

  state() {
    const { now, mixer, positionS } = this.deck;
    return { now: now && { ...now }, positionS, playing: mixer.playing, contextS: mixer.context?.currentTime ?? null, tracks: mixer.tracks() };
  }
}
