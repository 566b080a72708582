// Drawing: the outline of a sound on a canvas, and the marks of a time ruler.

/** Draws an outline; `frames` is the length of the whole lane, `gain` and `loudest` set the height. */
export function drawWaveform(canvas, { outline, frames, gain, loudest, colour }) {
  const box = canvas.getBoundingClientRect();
  if (box.width === 0 || box.height === 0) return;
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(box.width * ratio);
  const height = Math.round(box.height * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  const pen = canvas.getContext("2d");
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = colour;
  const { low, high } = outline;
  const drawn = Math.min(width, Math.max(1, Math.round((width * outline.frames) / frames)));
  const middle = height / 2;
  const scale = loudest > 0 ? ((middle - ratio) * gain) / loudest : 0;
  for (let x = 0; x < drawn; x += 1) {
    const first = Math.floor((x * low.length) / drawn);
    const last = Math.max(first + 1, Math.floor(((x + 1) * low.length) / drawn));
    let least = 0;
    let most = 0;
    for (let b = first; b < last; b += 1) {
      least = Math.min(least, low[b]);
      most = Math.max(most, high[b]);
    }
    const top = middle - most * scale;
    pen.fillRect(x, top, 1, Math.max(ratio, (most - least) * scale));
  }
}

const STEPS_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600];

/** The times to write on a ruler, so that marks are at least 72 CSS pixels apart. */
export function marks(durationS, widthPx) {
  if (durationS <= 0 || widthPx <= 0) return [];
  const step = STEPS_S.find((s) => (s / durationS) * widthPx >= 72) ?? STEPS_S.at(-1);
  const times = [];
  for (let i = 0; i * step <= durationS; i += 1) times.push(i * step);
  return times;
}

/** 0.5 -> "0.5 s", 75 -> "1:15" */
export function markText(seconds) {
  if (seconds < 60) return `${Number(seconds.toFixed(1))} s`;
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, "0")}`;
}
