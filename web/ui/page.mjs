// What the page does by itself: it fetches the drawing code while somebody chooses systems, not after the sounds are
// there, because it is 4.6 MB and takes a second or two to start.

const plots = document.querySelector('meta[name="vv-plots"]')?.content;
const whenIdle = window.requestIdleCallback ?? ((work) => setTimeout(work, 200));

document.addEventListener(
  "vv-clip",
  () => plots && whenIdle(() => import(new URL(plots, document.baseURI)).catch(() => {}), { timeout: 3000 }), // without it, plots come later
  { once: true },
);
