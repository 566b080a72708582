// A study in the browser: consent, then page after page until the end. An answer stays here until the server has it.

import { End, Page } from "./page.mjs";
import { Output, pauseAfter } from "./sound.mjs";
import { button, el, fill, Frame, write } from "./widgets.mjs";

const TIMEOUT_MS = 20000;
const NOTHING = { done: 0, of: 0 };
const UNAVAILABLE = new Set(["closed", "full", "not_open"]);
const INTERACTIVE = "button, a[href], summary, label, input, select";
const TYPING = "textarea, select, input:not([type=radio]):not([type=checkbox]), [contenteditable]:not([contenteditable=false])";

/**
 * Shows a study in `element`.
 *
 * @param where {base: what comes before /study and /take in addresses; link: of the study; token: of a personal link;
 *   params: {PROLIFIC_PID, participant, preview, simulation, lang} as far as the address has them;
 *   embedded: whether the page around it is another one, whose address stays}
 */
export async function mount(element, { base = "", link = "", token = "", params = {}, embedded = true, given = {} }) {
  const study = new Study(element, { base, link, params, embedded });
  await Promise.all([embedded ? styled() : null, study.begin(token, given).catch((error) => study.fail(error))]);
  return study;
}

/** {status, data, retryAfterS}; status 0 where no answer of this server came: no network, a captive portal, a proxy. */
async function ask(url, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  const message = body && { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  try {
    const response = await fetch(url, { ...message, signal: stop.signal, cache: "no-store" });
    const data = await response.json();
    return { status: response.status, data, retryAfterS: Number(response.headers.get("Retry-After")) || 0 };
  } catch {
    return { status: 0, data: null, retryAfterS: 0 };
  } finally {
    clearTimeout(timer);
  }
}

function mayWorkLater({ status }) {
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

/** What survives a reload; a browser that keeps nothing is no obstacle. */
class Kept {
  constructor(storage, key) {
    this.key = key;
    try {
      this.storage = window[storage];
    } catch {
      this.storage = null;
    }
  }

  get() {
    try {
      return JSON.parse(this.storage.getItem(this.key));
    } catch {
      return null;
    }
  }

  set(value) {
    try {
      if (value === null) this.storage.removeItem(this.key);
      else this.storage.setItem(this.key, JSON.stringify(value));
    } catch {} // full or forbidden
  }
}

class Study {
  constructor(element, { base, link, params, embedded }) {
    Object.assign(this, { base, link, params, embedded, element });
    this.output = new Output();
    this.view = null;
    this.unsent = null;
    this.waiting = new Set();
    this.personal = new Kept("localStorage", `voiceveil-study-${link}`);
    document.addEventListener("keydown", (event) => this.onKey(event));
    window.addEventListener("pagehide", () => {
      this.view?.rest();
      this.keep();
    });
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    window.addEventListener("beforeunload", (event) => {
      if (this.unsent && this.element.isConnected) event.preventDefault();
    });
    if (embedded) return; // what fails there need not be ours
    window.addEventListener("error", ({ error }) => this.fail(error));
    window.addEventListener("unhandledrejection", ({ reason }) => this.fail(reason));
  }

  /** Something that should not happen: the page around is told, or says so itself. */
  fail(error) {
    if (!this.frame) throw error;
    console.error(error);
    this.say(this.ui.stopped, button(this.ui.try_again, "", () => location.reload()));
  }

  async begin(token, { about = null, page = null }) {
    this.token = token || (this.embedded && this.personal.get()) || "";
    const known = about ?? (await this.fetchAbout());
    if (!known) return;
    this.draw(known);
    if (!this.token) return this.land();
    this.kept = new Kept("sessionStorage", `voiceveil-take-${this.token}`);
    if (page) this.resume(page);
    else await this.load(true);
  }

  url(path) {
    return this.token ? `${this.base}/take/${this.token}/${path}` : `${this.base}/study/${this.link}/${path}`;
  }

  async fetchAbout(language = this.params.lang ?? "") {
    const query = new URLSearchParams({ lang: language });
    for (const name of ["preview", "simulation"]) if (this.params[name]) query.set(name, this.params[name]);
    const reply = await ask(this.url(`about?${query}`));
    if (reply.status === 200) return reply.data;
    if (this.token && reply.status === 404) return this.forget(); // withdrawn elsewhere, or the study is gone
    if (!reply.data?.error) throw new Error(`the server answered ${reply.status} instead of the study`);
    this.element.textContent = reply.data.error;
    return null;
  }

  forget() {
    this.kept?.set(null);
    this.personal.set(null);
    this.token = "";
    return this.link ? this.fetchAbout() : null;
  }

  // -- the frame around the pages --------------------------------------------------------------------------

  draw(about) {
    Object.assign(this, { about, ui: about.ui });
    this.frame = new Frame(this.element, about, this.embedded);
  }

  get heading() {
    return this.embedded ? "h2" : "h1";
  }

  say(sentence, ...more) {
    this.frame.say(sentence, ...more);
  }

  drawFoot(canWithdraw) {
    const about = button(this.ui.study_information, "vvs-quiet", () => this.open("Information"));
    const withdraw = button(this.ui.withdraw, "vvs-quiet", () => this.open("Withdrawal"));
    this.frame.drawFoot(canWithdraw ? [about, withdraw] : [about]);
  }

  async open(name) {
    const parts = await import("./consent.mjs").catch(() => null);
    if (!parts) return this.say(this.ui.unreachable);
    this.view?.rest();
    this.frame.open(new parts[name](this));
  }

  close() {
    this.frame.close();
  }

  // -- before there is a listener --------------------------------------------------------------------------

  async land() {
    if (this.about.refusal) return this.refuse(this.about.refusal);
    const { Landing } = await import("./consent.mjs");
    this.frame.put(new Landing(this), true);
  }

  /** There is nothing to take here, or not now. */
  refuse(sentence) {
    const end = { kind: "refused", title: this.about.title, paragraphs: [sentence] };
    this.view = new End(end, this.ui, { heading: this.heading });
    this.frame.drawProgress(NOTHING);
    this.frame.put(this.view, true);
  }

  async speak(language) {
    const about = await this.fetchAbout(language);
    if (!about) return;
    this.params = { ...this.params, lang: language };
    this.draw(about);
    await this.land();
  }

  /** Agrees; resolves with a sentence if it was refused. */
  async enrol() {
    const { about, params } = this;
    const id = params.PROLIFIC_PID || params.participant || "";
    const reply = await this.insist(this.url("enrol"), {
      language: about.language,
      consent_version: about.consent.version,
      age_ok: true,
      device: window.matchMedia("(pointer: coarse)").matches ? "touch" : "pointer",
      platform: params.PROLIFIC_PID ? "prolific" : id ? "link" : "",
      platform_id: id,
      preview: params.preview ?? "",
      simulation: params.simulation ?? "",
    });
    if (UNAVAILABLE.has(reply.data.code)) this.refuse(reply.data.error);
    if (!reply.data.token) return reply.data.error;
    this.token = reply.data.token;
    this.kept = new Kept("sessionStorage", `voiceveil-take-${this.token}`);
    if (this.embedded) this.personal.set(this.token);
    else history.replaceState(null, "", `${this.base}/take/${this.token}`);
    await this.load(false, reply.data.resumed);
    return "";
  }

  /** Somebody else, or the same person again. */
  async startOver() {
    this.kept.set(null);
    this.personal.set(null);
    this.token = "";
    this.view = null;
    await this.begin("", {});
  }

  // -- page after page -------------------------------------------------------------------------------------

  async load(first, resumed = first) {
    const reply = await this.insist(this.url("page"));
    if (reply.status === 200) return this.resume(reply.data, first, resumed);
    if (this.embedded && this.link) return this.startOver();
    this.kept.set(null);
    this.refuse(reply.data.error);
  }

  resume(page, first = true, resumed = true) {
    const kept = this.kept.get();
    const same = kept?.draft?.page === page.page && !page.end;
    if (resumed && page.progress.done > 0 && !page.end) this.say(this.ui.resumed);
    this.show(page, { draft: same ? kept.draft : null, first });
    if (same && kept.unsent) this.send(kept.unsent);
  }

  show(page, { draft = null, first = false } = {}) {
    this.view?.dispose();
    this.page = page;
    this.frame.drawProgress(!page.end || page.end.kind === "finished" ? page.progress : NOTHING);
    this.drawFoot(page.end ? page.end.can_withdraw : true);
    if (page.end) {
      this.kept.set(null);
      this.view = new End(page.end, this.ui, { heading: this.heading, again: this.embedded && this.link ? () => this.startOver() : null });
    } else {
      const on = { submit: () => this.submit(), changed: () => this.keep(), gone: () => this.reload() };
      const url = (sound) => this.url(sound.url);
      this.view = new Page(page, this.ui, { heading: this.heading, output: this.output, url, draft, on });
      this.keep();
    }
    this.frame.put(this.view, first);
  }

  keep() {
    if (this.view?.draft && this.token && this.view.page === this.page) this.kept.set({ draft: this.view.draft, unsent: this.unsent });
  }

  /** A sound is not there any more: the server knows which page is next; once, not for ever. */
  reload() {
    if (this.reloaded === this.page.page) return this.say(this.ui.stopped);
    this.reloaded = this.page.page;
    this.load(false);
  }

  submit() {
    this.say("");
    this.send(this.view.message());
  }

  async send(message) {
    const { view } = this;
    this.unsent = message;
    view.lock(true);
    const reply = await this.insist(this.url("answer"), message, this.ui.connection_lost);
    this.unsent = null;
    if (this.view !== view) return; // withdrawn meanwhile
    const { data, status } = reply;
    if (status === 200) return this.saved(view, data);
    if (data.next) {
      this.show(data.next);
      return this.say(data.error);
    }
    if (data.code === "page_unknown") return this.load(false);
    view.unlock();
    this.keep();
    this.say(data.error);
  }

  saved(view, { feedback, next }) {
    this.frame.tell(this.ui.saved);
    if (!feedback) return this.show(next);
    this.kept.set(null);
    view.tell(feedback, () => this.show(next));
  }

  /** Asks until this server answers with something other than "not now". */
  async insist(url, body, sentence = this.ui.unreachable) {
    for (let failed = 0; ; ) {
      const reply = await ask(url, body);
      if (!mayWorkLater(reply)) {
        if (failed > 1) this.say("");
        return reply;
      }
      failed += 1;
      await this.wait(Math.max(pauseAfter(failed), reply.retryAfterS), failed > 1 ? (reply.data?.error ?? sentence) : "");
    }
  }

  /** Waits, or until somebody is impatient or the network is back. */
  wait(seconds, sentence) {
    let left = Math.ceil(seconds);
    const words = () => fill(this.ui.retry_in, { seconds: left });
    const next = el("span", { class: "vvs-count", "aria-hidden": "true", text: words() });
    if (sentence) this.say(sentence, next, button(this.ui.try_now, "", () => this.hurry()));
    return new Promise((resolve) => {
      const ticking = setInterval(() => {
        left = Math.max(0, left - 1);
        write(next, words());
      }, 1000);
      const done = () => {
        clearInterval(ticking);
        clearTimeout(timer);
        this.waiting.delete(done);
        resolve();
      };
      const timer = setTimeout(done, seconds * 1000);
      this.waiting.add(done);
    });
  }

  /** Tries at once what would be tried later. */
  hurry() {
    for (const done of [...this.waiting]) done();
    this.view?.hurry();
  }

  async withdraw() {
    const reply = await ask(this.url("withdraw"), {});
    if (reply.status !== 200) return reply.data?.error ?? this.ui.unreachable;
    this.unsent = null;
    this.kept.set(null);
    if (this.embedded) this.personal.set(null);
    this.say("");
    this.show(reply.data.next);
    return "";
  }

  onKey(event) {
    if (!this.element.isConnected || !this.view?.key || this.frame.covered) return;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const target = event.target instanceof Element ? event.target : document.body;
    if (target.closest(TYPING) || (target !== document.body && !this.element.contains(target))) return;
    if (event.key === " " && target.closest(INTERACTIVE)) return;
    if (event.key === "Enter" && target.closest("button, a[href], summary")) return;
    if (event.repeat ? "Enter ".includes(event.key) : this.view.key(event)) event.preventDefault();
  }
}

/** The style sheet, once per page, where the page around does not bring it. */
function styled() {
  const href = new URL("study.css", import.meta.url).href;
  if ([...document.styleSheets].some((sheet) => sheet.href === href)) return null;
  const link = el("link", { rel: "stylesheet", href });
  document.head.append(link);
  return new Promise((resolve) => {
    link.addEventListener("load", resolve, { once: true });
    link.addEventListener("error", resolve, { once: true });
  });
}

/** The pages that hold nothing else say by themselves what they show. */
function mountAlone(element) {
  const read = (id) => JSON.parse(document.getElementById(id)?.textContent ?? "null");
  const { root, link, token } = element.dataset;
  const params = Object.fromEntries(new URLSearchParams(location.search));
  const given = { about: read("about"), page: read("page") };
  return mount(element, { base: root, link, token, params, embedded: false, given });
}

const alone = document.querySelector("main#study[data-mode]");
if (alone) mountAlone(alone);
