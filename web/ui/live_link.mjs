// The WebSocket, in a worker of its own: between the audio thread and the server nothing waits for the page to paint.
// The audio thread gives blocks and takes the voice through `port`; the page says what is wanted and is told the rest.

const AGAIN_MS = [500, 1000, 2000, 4000, 8000, 8000, 8000, 8000, 8000, 8000]; // about a minute in all
const HEAD_OUT = 8;
const HEAD_IN = 16;
const UNSENT_S = 0.4; // more than this on its way: the connection is too slow, and later blocks are left out
const UNREACHABLE = "The server could not be reached for a minute: press Start to try again.";

class Link {
  /** @param url of the WebSocket; @param port to the audio thread; @param tell (message) to the page */
  constructor(url, port, tell) {
    Object.assign(this, { url, port, tell });
    this.tries = 0;
    this.left = 0; // samples left out on this side, and on the server's before this connection
    this.leftThere = 0; // and on the server's since
    port.onmessage = ({ data }) => this.send(data);
  }

  /** @param asked {system, seed, params, sample_rate_hz}: what is wanted, also after a loss */
  open(asked) {
    this.asked = asked;
    if (this.socket?.readyState === WebSocket.OPEN) this.ask();
    else if (!this.socket && !this.timer) this.connect();
  }

  ask() {
    this.pause();
    this.socket.send(JSON.stringify({ type: "open", ...this.asked }));
  }

  pause() {
    this.ready = false;
    this.port.postMessage({ type: "pause" });
  }

  connect() {
    this.timer = null;
    this.socket = new WebSocket(this.url);
    this.socket.binaryType = "arraybuffer";
    this.socket.onopen = () => this.ask();
    this.socket.onmessage = ({ data }) => (typeof data === "string" ? this.said(JSON.parse(data)) : this.heard(data));
    this.socket.onclose = () => this.lost();
  }

  said(message) {
    if (message.type === "open") {
      this.ready = true;
      this.tries = 0;
      this.port.postMessage({ type: "open" });
      this.tell(message);
    } else if (message.full && this.tries > 0) {
      this.socket.onclose = null; // the place that we had is not free yet
      this.lost();
    } else {
      this.close();
      this.tell(message);
    }
  }

  heard(data) {
    if (!this.ready) return; // of the voice before
    const head = new DataView(data, 0, HEAD_IN);
    this.leftThere = head.getUint32(12, true);
    const leftOutMs = (1000 * (this.left + this.leftThere)) / this.asked.sample_rate_hz;
    const samples = new Int16Array(data, HEAD_IN);
    const facts = { frame: head.getFloat64(0, true), computingMs: head.getFloat32(8, true), leftOutMs };
    this.port.postMessage({ type: "sound", samples, ...facts }, [data]);
  }

  send({ frame, samples }) {
    if (!this.ready || this.socket.readyState !== WebSocket.OPEN) return;
    if (this.socket.bufferedAmount > 2 * UNSENT_S * this.asked.sample_rate_hz) {
      this.left += samples.length;
      return;
    }
    const message = new ArrayBuffer(HEAD_OUT + samples.byteLength);
    new DataView(message).setFloat64(0, frame, true);
    new Int16Array(message, HEAD_OUT).set(samples);
    this.socket.send(message);
  }

  lost() {
    this.socket = null;
    this.pause();
    this.left += this.leftThere;
    this.leftThere = 0;
    const pause = AGAIN_MS[this.tries];
    this.tries += 1;
    if (pause === undefined) return this.tell({ type: "ended", sentence: UNREACHABLE });
    this.timer = setTimeout(() => this.connect(), pause);
    return this.tell({ type: "lost" });
  }

  close() {
    this.pause();
    clearTimeout(this.timer);
    if (!this.socket) return;
    this.socket.onopen = this.socket.onmessage = this.socket.onclose = null;
    this.socket.close();
    this.socket = null;
  }
}

let link = null;

self.onmessage = ({ data }) => {
  if (data.type === "connect") link = new Link(data.url, data.port, (message) => self.postMessage(message));
  else if (data.type === "open") link.open(data.asked);
  else if (data.type === "close") {
    link?.close();
    self.close();
  }
};
