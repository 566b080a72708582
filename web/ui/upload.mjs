// Talking to this app's clip routes. Every failure becomes one sentence; a file's name is never sent.

import { address } from "./dom.mjs";

export class Refusal extends Error {
  /** @param again whether the same attempt may succeed later */
  constructor(sentence, again) {
    super(sentence);
    this.again = again;
  }
}

const UNREACHED = "The server could not be reached: check the connection and try again.";

/** Posts `body`; `progress(fraction)` follows the upload; aborting `signal` resolves with null. */
export function post(path, { body = null, progress = () => {}, signal = null } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address(path));
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => settle(request.status, request.responseText, resolve, reject));
    request.addEventListener("error", () => reject(new Refusal(UNREACHED, true)));
    request.addEventListener("abort", () => resolve(null));
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

export async function get(path) {
  let response;
  try {
    response = await fetch(address(path), { headers: { Accept: "application/json" } });
  } catch {
    throw new Refusal(UNREACHED, true);
  }
  const text = await response.text();
  return new Promise((resolve, reject) => settle(response.status, text, resolve, reject));
}

function settle(status, text, resolve, reject) {
  const data = parsed(text);
  if (status >= 200 && status < 300 && data && !data.error) return resolve(data);
  const sentence = typeof data?.error === "string" ? data.error : sentenceFor(status);
  reject(new Refusal(sentence, status >= 500 || status === 429));
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function sentenceFor(status) {
  if (status === 413) return "The file is larger than this server takes: cut it shorter, or save it as FLAC or MP3.";
  return `A clip was expected back, but the server answered ${status}: try again.`;
}
