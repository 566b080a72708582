// One finger or mouse on a time axis: a tap is a position, a drag is a region.

const DRAG_PX = 6;

/**
 * @param surface the element whose width is the whole time axis
 * @param edges () -> the region's ends as fractions, or null
 * @param on {tap(fraction), drag(from, to), drop(), cancel()}
 */
export function timeGestures(surface, edges, on) {
  let gesture = null;
  const fraction = (event) => {
    const box = surface.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
  };

  surface.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary) return;
    const at = fraction(event);
    const anchor = otherEdge(edges(), at, (event.pointerType === "touch" ? 16 : 8) / surface.clientWidth);
    gesture = { id: event.pointerId, x: event.clientX, anchor: anchor ?? at, edge: anchor !== null, dragging: false };
    surface.setPointerCapture(event.pointerId);
  });
  surface.addEventListener("pointermove", (event) => {
    if (gesture?.id !== event.pointerId) return;
    if (!gesture.dragging && Math.abs(event.clientX - gesture.x) < (gesture.edge ? 2 : DRAG_PX)) return;
    gesture.dragging = true;
    const at = fraction(event);
    on.drag(Math.min(gesture.anchor, at), Math.max(gesture.anchor, at));
  });
  surface.addEventListener("pointerup", (event) => {
    if (gesture?.id !== event.pointerId) return;
    const { dragging } = gesture;
    gesture = null;
    if (dragging) on.drop();
    else on.tap(fraction(event));
  });
  surface.addEventListener("pointercancel", () => {
    if (gesture?.dragging) on.cancel();
    gesture = null;
  });
}

/** Where the pointer took hold of one end of a region: the other end, which stays. */
function otherEdge(edges, at, reach) {
  if (!edges) return null;
  const [from, to] = edges;
  if (Math.abs(at - to) <= reach) return from;
  if (Math.abs(at - from) <= reach) return to;
  return null;
}
