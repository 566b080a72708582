// The gallery's grid: a row an utterance, a column a system, every cell and every heading a button; arrows move.

import { el, icon, setText, swatch } from "./dom.mjs";
import { Cell } from "./showcase_cell.mjs";

const HEAD_PX = 200;
const COLUMN_PX = 116;

export class Grid {
  /** @param on {cell(row, column), row(row), column(column)} */
  constructor(on) {
    this.on = on;
    this.element = el("div", { class: "vvg-grid", role: "grid" });
    this.heads = new Map(); // column -> button
    this.rows = new Map(); // number -> {element, head, cells, notes}
    this.groups = [];
    this.element.addEventListener("focusin", ({ target }) => this.tabbable(target.closest("button")));
    new ResizeObserver(() => this.fit()).observe(this.element);
  }

  build(data) {
    this.data = data;
    this.heads.clear();
    this.rows.clear();
    this.groups = [];
    this.element.setAttribute("aria-label", `${data.title}: a row an utterance, a column a system`);
    this.element.replaceChildren(this.buildHeads(data));
    for (const name of new Set(data.rows.map((row) => row.group))) this.buildGroup(name, data);
    this.tabbable(this.element.querySelector(".vvg-cell"));
  }

  buildHeads({ columns }) {
    const cells = columns.map((column) => {
      const button = el("button", { type: "button", class: "vvg-head", tabindex: -1 });
      button.append(el("kbd", { class: "vvc-key", "aria-hidden": "true" }), swatch(column.colour, column.dash));
      button.append(el("span", { class: "vvg-head-name", text: column.title }), el("span", { class: "vvg-icon" }, icon("play")));
      button.addEventListener("click", () => this.on.column(column.name));
      this.heads.set(column.name, button);
      return el("div", { role: "columnheader", class: "vvg-slot" }, button);
    });
    const corner = el("div", { role: "columnheader", class: "vvg-corner", text: "The first button of a row or column plays all of it, in order." });
    return el("div", { role: "row", class: "vvg-row vvg-heads" }, corner, ...cells);
  }

  buildGroup(name, data) {
    const label = name || "Without a group";
    const title = el("div", { role: "row", class: "vvg-group-row" }, el("div", { role: "rowheader", "aria-colspan": data.columns.length + 1, class: "vvg-group-name", text: label }));
    const element = el("div", { role: "rowgroup", class: "vvg-group", "aria-label": `${data.grouped_by}: ${label}` }, title);
    for (const row of data.rows) if (row.group === name) element.append(this.buildRow(row, data.columns));
    this.groups.push({ name, element });
    this.element.append(element);
  }

  buildRow(row, columns) {
    const head = el("button", { type: "button", class: "vvg-row-play", tabindex: -1 }, el("span", { class: "vvg-icon" }, icon("play")));
    const words = el("span", { class: "vvg-words" }, el("span", { class: "vvg-text", text: row.text }), el("span", { class: "vvg-who", text: row.who }));
    head.append(words);
    head.addEventListener("click", () => this.on.row(row.number));
    const cells = new Map(columns.map((column) => [column.name, new Cell(column.name, () => this.on.cell(row.number, column.name))]));
    const notes = el("ul", { class: "vvg-notes" });
    const slots = [...cells.values()].map((cell) => cell.element);
    const last = el("div", { role: "gridcell", "aria-colspan": columns.length + 1, class: "vvg-noted" }, notes);
    const element = el("div", { role: "row", class: "vvg-row" }, el("div", { role: "rowheader", class: "vvg-slot" }, head), ...slots, last);
    this.rows.set(row.number, { element, head, cells, notes, last });
    return element;
  }

  /** @param view {data, now, atS, problem, columns: Set of those shown, groups: Set of those shown} */
  update(view) {
    this.view = view;
    const { data, now, columns, groups } = view;
    data.columns.filter(({ name }) => columns.has(name)).forEach((column, place) => this.updateHead(column, place + 1, now));
    for (const { name } of data.columns) this.heads.get(name).parentElement.hidden = !columns.has(name);
    for (const { name, element } of this.groups) element.hidden = !groups.has(name);
    for (const row of data.rows) if (groups.has(row.group)) this.updateRow(row, view);
    this.element.setAttribute("aria-busy", String(Boolean(data.busy)));
    if (this.current?.closest("[hidden]")) this.tabbable(this.element.querySelector(".vvg-group:not([hidden]) .vvg-cell"));
    this.fit();
  }

  updateHead(column, place, now) {
    const head = this.heads.get(column.name);
    const plays = now?.along === "column" && now.column === column.name;
    setText(head.firstChild, place <= 9 ? String(place) : "·");
    if (place <= 9) head.setAttribute("aria-keyshortcuts", String(place));
    press(head, plays, `${column.title}: ${plays ? "stop" : "play this column in order"}`);
    head.dataset.heard = String(now?.column === column.name);
  }

  updateRow(row, { data, now, problem, columns }) {
    const parts = this.rows.get(row.number);
    const plays = now?.along === "row" && now.row === row.number;
    press(parts.head, plays, `${row.text}. ${row.who}. ${plays ? "Stop" : "Play this row in order"}`);
    parts.element.dataset.heard = String(now?.row === row.number);
    const ready = row.cells.filter((cell) => cell.state === "ready" && columns.has(cell.column));
    const longestS = Math.max(...ready.map((cell) => cell.duration_s));
    const loudest = Math.max(...ready.flatMap((cell) => cell.peaks));
    row.cells.forEach((cell, place) => {
      const { title, colour } = data.columns[place];
      const part = parts.cells.get(cell.column);
      part.element.hidden = !columns.has(cell.column);
      const heard = now?.row === row.number && now.column === cell.column ? now.state : null;
      part.update({ cell, title, colour, spoken: `${row.text}. ${row.who}`, longestS, loudest, now: heard });
      if (!heard) part.rest();
    });
    this.note(parts, notesOf(row, data, problem, columns));
  }

  note({ notes, last }, sentences) {
    const text = JSON.stringify(sentences);
    if (notes.dataset.text === text) return;
    notes.dataset.text = text;
    last.hidden = sentences.length === 0;
    notes.replaceChildren(...sentences.map(([style, words]) => el("li", { class: style, text: words })));
  }

  /** The playhead of the cell that is heard. */
  position(now, seconds) {
    if (now?.state === "playing") this.rows.get(now.row)?.cells.get(now.column)?.at(seconds);
  }

  /** Narrow: a row becomes a stack. */
  fit() {
    if (!this.view) return;
    const count = this.view.columns.size;
    this.element.style.setProperty("--columns", String(count));
    this.element.dataset.stack = String(this.element.clientWidth < HEAD_PX + count * COLUMN_PX);
  }

  // -- keyboard ------------------------------------------------------------------------------------------

  tabbable(button) {
    if (!button || button === this.current) return;
    if (this.current) this.current.tabIndex = -1;
    this.current = button;
    button.tabIndex = 0;
  }

  /** The buttons as they stand: the headings first, each row with its own heading first. */
  matrix() {
    const shown = [...this.element.querySelectorAll("[role=row]:not(.vvg-group-row)")].filter((row) => !row.closest("[hidden]"));
    return shown.map((row) => [...row.children].filter((slot) => !slot.hidden && !slot.classList.contains("vvg-noted")).map((slot) => slot.querySelector("button")));
  }

  /** Whether the key moved the focus. */
  move(key, target) {
    const matrix = this.matrix();
    const y = matrix.findIndex((row) => row.includes(target));
    if (y < 0) return false;
    const x = matrix[y].indexOf(target);
    const places = {
      ArrowLeft: [y, x - 1],
      ArrowRight: [y, x + 1],
      ArrowUp: [y - 1, x],
      ArrowDown: [y + 1, x],
      Home: [y, matrix[y][0] ? 0 : 1],
      End: [y, matrix[y].length - 1],
    };
    if (!(key in places)) return false;
    const [row, column] = places[key];
    const next = matrix[row]?.[column];
    if (next) {
      next.focus();
      next.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
    return true;
  }

  /** The row in which the keyboard is, or the first that is shown. */
  rowHere() {
    const here = [...this.rows].find(([, { element }]) => element.contains(this.current) && !element.closest("[hidden]"));
    const shown = [...this.rows].find(([, { element }]) => !element.closest("[hidden]"));
    return (here ?? shown)?.[0] ?? null;
  }
}

function press(button, plays, label) {
  button.setAttribute("aria-label", label);
  button.setAttribute("aria-pressed", String(plays));
  if (button.dataset.plays === String(plays)) return;
  button.dataset.plays = String(plays);
  button.querySelector(".vvg-icon").replaceChildren(icon(plays ? "stop" : "play"));
}

function notesOf(row, data, problem, columns) {
  const notes = [];
  row.cells.forEach((cell, place) => {
    if (!columns.has(cell.column)) return;
    const { title } = data.columns[place];
    if (cell.problem) notes.push(["vvg-problem", `${title}: ${cell.problem}`]);
    if (problem?.row === row.number && problem.column === cell.column) notes.push(["vvg-problem", `${title}: ${problem.sentence}`]);
    if (cell.transcript) notes.push(["vvg-note", `${title} heard “${cell.transcript}” and said that.`]);
    if (cell.short_by_db > 0.05) notes.push(["vvg-note", `${title} is ${cell.short_by_db.toFixed(1)} dB quieter than the others: its peaks leave no room.`]);
    for (const warning of cell.warnings ?? []) notes.push(["vvg-note", `${title}: ${warning}`]);
  });
  return notes;
}
