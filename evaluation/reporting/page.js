"use strict";
// Draws the figures; on paper every figure has one width and every table is open. Where an attack is chosen, the figures
// of the others are hidden, and drawn when they are first seen.
const PAPER_PX = 688;
const plots = [];

function draw(data) {
  const element = document.getElementById(data.dataset.for);
  if (plots.includes(element)) return;
  const { data: traces, layout } = JSON.parse(data.textContent);
  Plotly.newPlot(element, traces, layout, { responsive: true, displayModeBar: false });
  plots.push(element);
}

function drawSeen() {
  for (const data of document.querySelectorAll(".plot-data")) {
    if (!data.closest("[hidden]")) draw(data);
  }
}

document.getElementById("condition")?.addEventListener("change", ({ target }) => {
  for (const figure of document.querySelectorAll("[data-condition]")) {
    figure.hidden = figure.dataset.condition !== target.value;
  }
  drawSeen();
});
drawSeen();

const closed = new Set();
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not([open])")) {
    closed.add(details);
    details.open = true;
  }
  for (const element of plots) Plotly.relayout(element, { width: PAPER_PX, autosize: false });
});
addEventListener("afterprint", () => {
  for (const details of closed) details.open = false;
  closed.clear();
  for (const element of plots) Plotly.relayout(element, { width: null, autosize: true });
});
document.documentElement.dataset.drawn = String(plots.length);
