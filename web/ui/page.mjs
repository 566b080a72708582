// What the page does by itself: it starts the drawing code before the sounds are there, because that is 4.6 MB and
// keeps a browser busy for a second or two. On a phone, or where data is dear, only once somebody has given a clip.
// The Results pages draw in any case, so there it starts at once.

const plots = document.querySelector('meta[name="vv-plots"]')?.content;
const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 200));
const roomy = window.matchMedia("(min-width: 901px)").matches && !navigator.connection?.saveData;

const load = () => import(new URL(plots, document.baseURI)).catch(() => {}); // without it, plots come later

function start() {
  if (plots) whenIdle(load, { timeout: 3000 });
}

if (plots && /\/(results|machines)\/?$/.test(document.location.pathname)) load();
document.addEventListener(roomy ? "vv-mounted" : "vv-clip", start, { once: true });

// One column: what was asked for appears below, out of sight, so go there once it has been laid out.
document.addEventListener("vv-run", ({ target }) => {
  if (window.matchMedia("(min-width: 901px)").matches) return;
  setTimeout(() => target.closest(".vv-results")?.scrollIntoView({ block: "start" }), 100);
});

// A link to a part of this page: Gradio's <base> would have the browser leave the page for it.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.('a[href^="#"]');
  const part = link && document.getElementById(link.getAttribute("href").slice(1));
  if (!part) return;
  event.preventDefault();
  part.scrollIntoView();
  part.tabIndex = -1; // the keyboard goes on from there
  part.focus({ preventScroll: true });
});
