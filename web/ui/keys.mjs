// One key listener for the page, however many players it holds and however often they are mounted.

const players = new Set();
let latest = null;

/** `player`: {element, press(key, shift) -> whether it took the key}. Players that left the page are dropped. */
export function listen(player) {
  if (players.size === 0) document.addEventListener("keydown", onKey);
  players.add(player);
  player.element.addEventListener("pointerdown", () => (latest = player));
  player.element.addEventListener("focusin", () => (latest = player));
}

function onKey(event) {
  for (const player of players) if (!player.element.isConnected) players.delete(player);
  if (players.size === 0) return document.removeEventListener("keydown", onKey);
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  const shown = [...players].filter((player) => player.element.getClientRects().length > 0);
  const player = shown.includes(latest) ? latest : shown[0];
  if (!player || belongsToPage(event, player)) return;
  if (player.press(event.key, event.shiftKey, event.target)) event.preventDefault();
}

const QUIET_INPUTS = new Set(["checkbox", "radio", "button", "submit", "reset", "file", "color", "image"]);
const TYPING = "textarea, select, [contenteditable]:not([contenteditable=false]), [role=textbox], [role=combobox], [role=searchbox]";
const MOVED_BY_ARROWS =
  "input, audio, video, [role=slider], [role=tab], [role=radio], [role=option], [role=listbox], [role=menu], [role=grid], [role=spinbutton]";
const PRESSED_BY_SPACE = "button, a[href], summary, input, label, [role=button], [role=checkbox], [role=switch], [role=tab], [role=option]";

/** Whether the key means something else where the focus is. */
function belongsToPage(event, player) {
  const target = event.target instanceof Element ? event.target : document.body;
  if (target.closest(TYPING)) return true;
  if (target instanceof HTMLInputElement && !QUIET_INPUTS.has(target.type)) return true;
  if (target.closest("dialog[open], [aria-modal=true]") && !player.element.contains(target)) return true;
  const ours = player.element.contains(target);
  if (event.key === " ") return target.closest(PRESSED_BY_SPACE) !== null && !(ours && target.closest("[role=radio], [role=slider]"));
  if (/^(Arrow|Home|End)/.test(event.key)) return !ours && target.closest(MOVED_BY_ARROWS) !== null;
  return false;
}
