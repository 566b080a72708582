// Everything of the player around its tracks: status, transport, ruler, key help. It knows no audio.

import { clock, el, icon, number, setText } from "./dom.mjs";
import { marks, markText } from "./waveform.mjs";

const KEYS = [
  [["Space"], "play, pause"],
  [["1", "…", "9"], "choose a track"],
  [["←", "→"], "1 s"],
  [[",", "."], "0.1 s"],
  [["Shift", "←", "→"], "stretch the loop"],
  [["I", "O"], "loop start, end"],
  [["Esc"], "no loop"],
  [["Home"], "start"],
  [["M"], "loudness"],
];

export class Frame {
  /** @param on {toggle, loopStart, loopEnd, clearLoop, match} */
  constructor(on) {
    this.said = new Map();
    this.live = el("p", { class: "vvc-hidden", "aria-live": "polite" });
    this.empty = el("p", {
      class: "vvc-empty",
      text: "Nothing to hear yet. Give a clip, tick the systems to compare, and run them: each one appears here as soon as it is done.",
    });
    this.list = el("div", { class: "vvc-rows", role: "radiogroup", "aria-label": "Tracks: one is heard at a time" });
    this.body = el("div", { class: "vvc-body" }, this.buildStatus(), this.buildTransport(on), this.buildRuler(), this.list, help());
    this.element = el("div", { class: "vvc vvc-player", role: "region", "aria-label": "Player" }, this.empty, this.body, this.live);
  }

  buildStatus() {
    this.status = el("p", { class: "vvc-status" });
    this.timing = el("p", { class: "vvc-timing" });
    this.bar = el("div", { class: "vvc-bar" }, el("div", { class: "vvc-bar-done" }));
    return el("div", { class: "vvc-progress" }, el("div", { class: "vvc-progress-words" }, this.status, this.timing), this.bar);
  }

  buildTransport(on) {
    this.play = button("vvc-play", "", on.toggle);
    this.now = el("span", { class: "vvc-now", text: clock(0) });
    this.total = el("span", { class: "vvc-total" });
    this.loopStart = button("vvc-button", "Loop start", on.loopStart);
    this.loopEnd = button("vvc-button", "Loop end", on.loopEnd);
    this.clear = button("vvc-button", "Clear loop", on.clearLoop);
    this.match = button("vvc-switch", "", on.match);
    this.match.setAttribute("role", "switch");
    this.matchText = el("span");
    this.match.append(el("span", { class: "vvc-switch-track", "aria-hidden": "true" }), this.matchText);
    const loops = el("div", { class: "vvc-loops", role: "group", "aria-label": "Loop" }, this.loopStart, this.loopEnd, this.clear);
    const time = el("p", { class: "vvc-time" }, this.now, this.total);
    return el("div", { class: "vvc-transport" }, this.play, time, loops, this.match);
  }

  buildRuler() {
    this.ticks = el("div", { class: "vvc-ticks", "aria-hidden": "true" });
    this.scale = el(
      "div",
      { class: "vvc-scale", role: "slider", tabindex: "0", "aria-label": "Position", "aria-valuemin": "0" },
      el("div", { class: "vvc-loop" }),
      this.ticks,
      el("div", { class: "vvc-playhead" }),
    );
    return el("div", { class: "vvc-ruler" }, this.scale);
  }

  say(text) {
    setText(this.live, text);
  }

  forget() {
    this.said.clear();
  }

  show(value, tracks) {
    this.empty.hidden = tracks.length > 0;
    this.body.hidden = tracks.length === 0;
    this.progress(value, tracks);
    this.announce(tracks);
  }

  announce(tracks) {
    const news = [];
    for (const { key, title, state, message } of tracks) {
      const before = this.said.get(key);
      this.said.set(key, state);
      if (before === state || before === undefined) continue;
      if (state === "ready") news.push(`${title} is ready.`);
      if (state === "failed") news.push(`${title} gave no sound. ${message ?? ""}`);
    }
    if (news.length) this.say(news.join(" "));
  }

  progress(value, tracks) {
    const { busy = false, progress = null } = value ?? {};
    const done = progress?.done ?? tracks.filter(({ state }) => state === "ready" || state === "failed").length;
    const total = progress?.total ?? tracks.length;
    const words = busy ? running(progress) : outcome(tracks);
    setText(this.status, words);
    const times = busy && progress ? timing(progress) : [];
    setText(this.timing, (busy ? [`${done} of ${total} done`, ...times] : []).join(" · "));
    this.bar.dataset.busy = String(busy);
    this.bar.firstChild.style.width = busy ? `${(100 * done) / Math.max(1, total)}%` : "0";
    if (!busy) {
      for (const name of [...this.bar.getAttributeNames()]) if (/^(role|aria-)/.test(name)) this.bar.removeAttribute(name);
      return;
    }
    const said = { role: "progressbar", "aria-label": "Systems done", "aria-valuemin": 0, "aria-valuemax": total, "aria-valuenow": done };
    for (const [name, text] of Object.entries(said)) this.bar.setAttribute(name, text);
    this.bar.setAttribute("aria-valuetext", `${done} of ${total} done. ${words}`);
  }

  controls({ ready, playing, matched, target }) {
    for (const each of [this.play, this.loopStart, this.loopEnd, this.match]) each.disabled = !ready;
    this.scale.setAttribute("aria-disabled", String(!ready));
    const name = playing ? "Pause" : "Play";
    if (this.play.getAttribute("aria-label") !== name) {
      this.play.setAttribute("aria-label", name);
      this.play.replaceChildren(icon(playing ? "pause" : "play"));
    }
    this.match.setAttribute("aria-checked", String(matched));
    setText(this.matchText, matched ? `Loudness matched to ${number(target)} LUFS` : "Loudness as delivered");
  }

  ruler(durationS) {
    setText(this.total, ` / ${clock(durationS)}`);
    const times = marks(durationS, this.scale.clientWidth);
    const text = times.join();
    if (this.ticks.dataset.text === `${text} ${durationS}`) return;
    this.ticks.dataset.text = `${text} ${durationS}`;
    this.ticks.replaceChildren(
      ...times.map((time) => {
        const room = (1 - time / durationS) * this.scale.clientWidth;
        const tick = el("span", { class: "vvc-tick", text: room < 40 ? "\u00a0" : markText(time) });
        tick.style.left = `${(100 * time) / durationS}%`;
        return tick;
      }),
    );
  }

  /** @param loop [from, to] as fractions of the duration, or null */
  position(seconds, durationS, loop) {
    const { style, dataset } = this.element;
    setText(this.now, clock(seconds));
    style.setProperty("--at", durationS > 0 ? String(Math.min(1, seconds / durationS)) : "0");
    dataset.loop = String(Boolean(loop));
    if (loop) {
      style.setProperty("--from", String(loop[0]));
      style.setProperty("--to", String(loop[1]));
    }
    this.clear.disabled = !loop;
    this.scale.setAttribute("aria-valuemax", durationS.toFixed(1));
    this.scale.setAttribute("aria-valuenow", seconds.toFixed(1));
    this.scale.setAttribute("aria-valuetext", `${seconds.toFixed(1)} of ${durationS.toFixed(1)} seconds`);
  }
}

function button(style, text, action) {
  const node = el("button", { type: "button", class: style, text });
  node.addEventListener("click", action);
  return node;
}

function running(progress) {
  if (!progress) return "Waiting";
  return progress.doing ? `Running ${progress.doing}` : "Waiting";
}

function timing({ elapsed_s: elapsedS, eta_s: etaS }) {
  const words = [];
  if (Number.isFinite(elapsedS)) words.push(`${elapsedS.toFixed(1)} s so far`);
  if (Number.isFinite(etaS)) words.push(etaS < 1 ? "less than 1 s left" : `about ${Math.round(etaS)} s left`);
  return words;
}

function outcome(tracks) {
  const count = (state) => tracks.filter((track) => track.state === state).length;
  const words = [`${count("ready")} of ${tracks.length} ready to hear`];
  if (count("failed")) words.push(`${count("failed")} failed`);
  return words.join(", ");
}

function help() {
  const items = KEYS.map(([keys, meaning]) => {
    const item = el("span", { class: "vvc-help-item" }, ...keys.map((key) => (key === "…" ? key : el("kbd", { text: key }))));
    item.append(` ${meaning}`);
    return item;
  });
  return el(
    "div",
    { class: "vvc-help" },
    el("p", { class: "vvc-help-touch", text: "Tap a waveform to listen from there; drag across it to repeat a part." }),
    el("p", { class: "vvc-help-keys" }, ...items),
  );
}
