// One row of each list of hearing.mjs. A row is {element, update(heard, shared)}; heard is null until it is there.

import { el, number, setText, swatch } from "./dom.mjs";

const LONG_WORDS = 60;
const EMOTIONS = ["angry", "happy", "neutral", "sad"];

function named(system, ...cells) {
  const name = el("p", { class: "vvh-name" }, swatch(system.colour, system.dash), el("span", { text: system.title }));
  const element = el("li", { class: "vvh-row" }, name, ...cells);
  element.style.setProperty("--colour", system.colour);
  return element;
}

/** What stands where a number will be, or why there is none. */
function pending(heard, busy) {
  if (heard?.error) return heard.error;
  if (heard) return "";
  return busy ? "computing…" : "not heard";
}

const share = (value) => {
  if (value >= 0.995) return "over 99 %";
  return value < 0.005 ? "under 1 %" : `${Math.round(100 * value)} %`;
};

const percent = (value) => `${Math.round(100 * value)} %`;

// -- who speaks -----------------------------------------------------------------------------------------------

const TOP = 1;

/** Left end of the scale: below both bands and every score, in steps of 0.2. */
export function lowest(scale, systems) {
  const cosines = systems.map(({ speaker }) => speaker?.cosine).filter(Number.isFinite);
  return Math.floor(Math.min(scale.different[0], scale.same[0], ...cosines) * 5) / 5;
}

const at = (value, low) => `${(100 * (value - low)) / (TOP - low)}%`;

function band(kind, { low, [kind]: [from, middle, to] }) {
  const node = el("span", { class: `vvh-band vvh-band-${kind}` }, el("span", { class: "vvh-median" }));
  node.style.insetInlineStart = at(from, low);
  node.style.insetInlineEnd = `calc(100% - ${at(to, low)})`;
  node.firstChild.style.insetInlineStart = `${(100 * (middle - from)) / (to - from)}%`;
  return node;
}

/** The scale's legend: both bands with their names. */
export function scaleHead(scale) {
  const line = (kind, words) => {
    const track = el("div", { class: "vvh-track vvh-track-head", "aria-hidden": "true" }, band(kind, scale));
    const ends = `${cosine(scale[kind][0])} to ${cosine(scale[kind][2])}`;
    return el("p", { class: "vvh-row vvh-head-line" }, el("span", { class: "vvh-name", text: words }), track, el("span", { class: "vvh-text", text: ends }));
  };
  return el("div", { class: "vvh-scale" }, line("different", "Two people"), line("same", "One person"));
}

const cosine = (value) => number(value.toFixed(2));

export function speakerRow(system) {
  const track = el("div", { class: "vvh-track", "aria-hidden": "true" });
  const words = el("p", { class: "vvh-text" });
  const element = named(system, track, words);
  return {
    element,
    update(heard, { busy, scale }) {
      const known = Number.isFinite(heard?.cosine);
      track.hidden = !scale;
      if (scale) {
        const dot = el("span", { class: "vvh-dot", hidden: !known });
        if (known) dot.style.insetInlineStart = at(heard.cosine, scale.low);
        track.replaceChildren(band("different", scale), band("same", scale), dot);
      }
      element.dataset.pending = String(!known);
      if (!known) return words.replaceChildren(pending(heard, busy));
      const [two, one] = [share(heard.above_different), share(heard.above_same)];
      const place = `more alike than ${two} of pairs of two people and ${one === two ? "" : `${one} of pairs `}of one person`;
      words.replaceChildren(el("strong", { class: "vvh-number", text: cosine(heard.cosine) }), ` ${place}`);
    },
  };
}

// -- what is said ---------------------------------------------------------------------------------------------

export function wordsRow(system) {
  const facts = el("p", { class: "vvh-text" });
  const words = el("p", { class: "vvh-words", id: `vvh-words-${system.key}`, lang: "en" });
  const more = el("button", { type: "button", class: "vvh-more", "aria-controls": words.id, hidden: true });
  more.addEventListener("click", () => open(words.dataset.open !== "true"));
  const element = named(system, el("div", { class: "vvh-cell" }, facts, words, more));
  let count = 0;
  const open = (whole) => {
    words.dataset.open = String(whole);
    more.setAttribute("aria-expanded", String(whole));
    setText(more, whole ? "Show fewer words" : `Show all ${count} words`);
  };
  return {
    element,
    update(heard, { busy, comparedWith }) {
      const known = typeof heard?.text === "string";
      element.dataset.pending = String(!known);
      setText(facts, known ? counts(heard, system, comparedWith) : pending(heard, busy));
      const marks = known ? (heard.marks ?? heard.text.split(" ").filter(Boolean).map((word) => ["equal", word, word])) : [];
      count = marks.length;
      words.hidden = count === 0;
      words.replaceChildren(...marks.flatMap(([kind, said, other]) => [marked(kind, said, other), " "]));
      more.hidden = count <= LONG_WORDS;
      if (more.hidden) words.dataset.open = "true";
      else if (words.dataset.open === undefined || !more.textContent) open(false);
      else open(words.dataset.open === "true" && more.getAttribute("aria-expanded") === "true");
    },
  };
}

function counts(heard, system, comparedWith) {
  if (!heard.text && !heard.marks) return "No words heard.";
  if (!Number.isFinite(heard.wer)) {
    if (system.key === "original" && comparedWith === "own") return "What the others are compared with";
    return heard.note ?? "";
  }
  const { substitutions, deletions, insertions, words } = heard;
  const parts = [[substitutions, "other"], [deletions, "missing"], [insertions, "added"]].filter(([count]) => count);
  const errors = parts.length ? `: ${parts.map(([count, word]) => `${count} ${word}`).join(", ")}` : "";
  return `WER ${percent(heard.wer)} · ${substitutions + deletions + insertions} errors to ${words} words${errors}`;
}

/** Not by colour alone: what was said is struck out, what was heard underlined, and each says what it is. */
function marked(kind, said, heard) {
  if (kind === "equal") return el("span", { text: heard });
  const quiet = (text) => el("span", { class: "vvc-hidden", text });
  const node = el("span", { class: `vvh-mark vvh-${kind}` });
  if (kind === "substitution") node.append(quiet("instead of "), el("del", { text: said }), quiet(" heard "), el("ins", { text: heard }));
  if (kind === "deletion") node.append(quiet("missing "), el("del", { text: said }));
  if (kind === "insertion") node.append(quiet("added "), el("ins", { text: heard }));
  return node;
}

// -- how it is said -------------------------------------------------------------------------------------------

export function emotionRow(system) {
  const text = el("p", { class: "vvh-text" });
  const grid = el("div", { class: "vvh-emotions" });
  const element = named(system, el("div", { class: "vvh-cell" }, text, grid));
  const cells = EMOTIONS.map((name) => emotion(name));
  grid.append(...cells.map((cell) => cell.element));
  return {
    element,
    update(heard, { busy, original }) {
      const before = original?.emotion?.probabilities;
      const after = heard?.probabilities;
      element.dataset.pending = String(!after);
      setText(text, pending(heard, busy));
      text.hidden = Boolean(after);
      grid.hidden = !after;
      if (!after) return;
      const likeliest = EMOTIONS.reduce((best, name) => (after[name] > after[best] ? name : best));
      cells.forEach((cell, place) => {
        const name = EMOTIONS[place];
        cell.update(before?.[name], after[name], name === likeliest);
      });
    },
  };
}

function emotion(name) {
  const title = el("span", { class: "vvh-emotion-name", text: name });
  const shares = el("span", { class: "vvh-emotion-shares" });
  const before = el("span", { class: "vvh-bar vvh-before" });
  const after = el("span", { class: "vvh-bar vvh-after" });
  const bars = el("span", { class: "vvh-bars", "aria-hidden": "true" }, before, after);
  return {
    element: el("p", { class: "vvh-emotion" }, title, shares, bars),
    update(was, is, likeliest) {
      shares.replaceChildren(...(Number.isFinite(was) ? [`${Math.round(100 * was)} → `] : []), el(likeliest ? "strong" : "span", { text: percent(is) }));
      before.style.width = `${100 * (was ?? 0)}%`;
      after.style.width = `${100 * is}%`;
    },
  };
}
