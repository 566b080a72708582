// The start of an exported gallery. Opened from disk it may read nothing but scripts, so every sound is one too.

import { mount } from "./showcase.mjs";

const waiting = new Map(); // address of a sound -> what to do with it

window.voiceveilSound = (url, data) => waiting.get(url)?.(data);

function read(url, signal) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    const over = (settle, value) => {
      waiting.delete(url);
      script.remove();
      settle(value);
    };
    waiting.set(url, (data) => over(resolve, bytes(data)));
    script.onerror = () => over(reject, new Error(`The sound was expected in ${url}, but it is not there: copy the whole folder.`));
    signal.addEventListener("abort", () => over(reject, new DOMException("No longer wanted", "AbortError")));
    script.src = url.replace(/\.wav$/, ".js");
    document.head.append(script);
  });
}

function bytes(data) {
  return Uint8Array.from(atob(data), (sign) => sign.charCodeAt(0)).buffer;
}

const data = JSON.parse(document.getElementById("gallery").textContent);
mount({ element: document.getElementById("showcase"), data, read });
