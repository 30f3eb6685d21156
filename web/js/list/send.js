/** Sends a file to be scored as a whole: by the form that the service signs for it, straight to storage. */

import { Failure, ask } from "../api.js";
import { site } from "../site.js";

/**
 * @typedef {{url: string, fields: Record<string, string>, maximum_bytes: number}} Form
 * @typedef {{id: string, upload: Form}} Begun
 */

/**
 * Announce a file and send it.
 * @param {File} file
 * @param {object} options
 * @param {AbortSignal} options.signal
 * @param {(sent: number) => void} options.onProgress The share that has left.
 * @returns {Promise<string>} The batch's id.
 * @throws {Failure} `detail` has the most megabytes where the file is too large.
 */
export async function send(file, { signal, onProgress }) {
  /** @type {Begun} */
  const { id, upload } = await ask(`${site.api}/batches`, { method: "POST", signal });
  if (file.size > upload.maximum_bytes) {
    throw new Failure("invalid", { detail: String(Math.floor(upload.maximum_bytes / 2 ** 20)) });
  }
  await post(upload, file, signal, onProgress);
  return id;
}

/**
 * Not by `fetch`, which tells nothing of what has left.
 * @param {Form} form
 * @param {File} file
 * @param {AbortSignal} signal
 * @param {(sent: number) => void} onProgress
 * @returns {Promise<void>}
 */
function post(form, file, signal, onProgress) {
  return new Promise((resolve, reject) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value);
    body.append("file", file);
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const end = (/** @type {() => void} */ told) => () => {
      signal.removeEventListener("abort", stop);
      told();
    };
    request.upload.addEventListener("progress", ({ loaded, total }) => onProgress(total ? loaded / total : 0));
    request.addEventListener("load", end(() =>
      (request.status < 300 ? resolve() : reject(new Failure("broken")))));
    request.addEventListener("error", end(() => reject(new Failure("offline"))));
    request.addEventListener("abort", end(() => reject(new Failure("cancelled"))));
    signal.addEventListener("abort", stop);
    request.open("POST", form.url);
    request.send(body);
  });
}
