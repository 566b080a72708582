// Small tools that both components share. Text reaches the page through textContent alone.

const SVG = "http://www.w3.org/2000/svg";

const ICONS = {
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M7 5h3.5v14H7zM13.5 5H17v14h-3.5z",
  download: "M12 3.5v11m0 0-4.5-4.5M12 14.5l4.5-4.5M4.5 19.5h15",
  record: "M12 6a6 6 0 1 0 0 12 6 6 0 0 0 0-12z",
  stop: "M6.5 6.5h11v11h-11z",
};
const OUTLINED = new Set(["download"]);

/** An element; `attributes` may hold text and class, and null or false leaves an attribute out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", OUTLINED.has(name) ? "vvc-icon vvc-icon-line" : "vvc-icon");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A short line in a system's colour and line style, as its curves have it in the plots. */
export function swatch(colour, dash) {
  const pattern = { dot: "2 3", dash: "7 4", longdash: "11 4", dashdot: "7 3 2 3" }[dash] ?? null;
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 28 8");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "vvc-swatch");
  const line = document.createElementNS(SVG, "line");
  for (const [name, value] of Object.entries({ x1: 1, x2: 27, y1: 4, y2: 4 })) line.setAttribute(name, value);
  if (pattern) line.setAttribute("stroke-dasharray", pattern);
  line.style.stroke = colour;
  svg.append(line);
  return svg;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** 63.24 -> "1:03.2" */
export function clock(seconds) {
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  const rest = tenths % 600;
  return `${Math.floor(tenths / 600)}:${String(Math.floor(rest / 10)).padStart(2, "0")}.${rest % 10}`;
}

/** -3.2 -> "−3.2 dB" with a true minus sign */
export function decibels(value) {
  const rounded = Math.abs(value) < 0.05 ? 0 : value;
  const sign = rounded < 0 ? "−" : rounded > 0 ? "+" : "";
  return `${sign}${Math.abs(rounded).toFixed(1)} dB`;
}

/** A number as people write it, with a true minus sign. */
export function number(value) {
  return String(value).replace("-", "−");
}

export function plain(value) {
  return JSON.parse(JSON.stringify(value ?? null));
}

/** An address of this app: relative to the page, so that a root path in front of it holds. */
export function address(path) {
  return new URL(path, document.baseURI);
}

/** A style sheet of this folder, once per page; resolves when it applies (or cannot). */
export function styled(name = "components.css") {
  const href = new URL(name, import.meta.url).href;
  const found = [...document.querySelectorAll("link[rel~=stylesheet]")].find((link) => link.href.split("?")[0] === href);
  const link = found ?? el("link", { rel: "stylesheet", href });
  if (link.sheet) return Promise.resolve();
  const settled = new Promise((resolve) => {
    link.addEventListener("load", resolve, { once: true });
    link.addEventListener("error", resolve, { once: true });
  });
  if (!found) document.head.append(link);
  return settled;
}
