"use strict";
// Draws the figures; on paper every figure has one width and every table is open.
const PAPER_PX = 688;
const plots = [...document.querySelectorAll(".plot-data")].map((data) => {
  const element = document.getElementById(data.dataset.for);
  const { data: traces, layout } = JSON.parse(data.textContent);
  Plotly.newPlot(element, traces, layout, { responsive: true, displayModeBar: false });
  return element;
});
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
