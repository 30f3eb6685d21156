/** How far the scoring is, why it waits, and the button that stops it or goes on. */

import { signInAgain } from "../account.js";
import { el } from "../dom.js";
import { text } from "../texts.js";

/** Words and a bar, what else there is to know, and a button. */
export function meter() {
  const bar = /** @type {HTMLProgressElement} */ (el("progress", { "aria-label": text.list.progressLabel }));
  const words = el("p", { class: "progress-words" });
  const help = el("p", { class: "soft", role: "status" });
  const button = el("button", { class: "quiet", type: "button" });
  return { node: el("div", { class: "progress" }, el("div", {}, words, bar, help), button), bar, words, help, button };
}

/**
 * @typedef {import("./file.js").Row} Row
 * @param {{onStop: () => void, onResume: () => void}} options
 */
export function progressBar({ onStop, onResume }) {
  const { node, bar, words, help, button } = meter();
  let running = false;
  let signedOut = false;
  /** Until when the words about a busy service hold: answers to other requests arrive meanwhile. */
  let waitsUntil = 0;
  button.addEventListener("click", () =>
    (running ? onStop() : signedOut ? signInAgain(onResume) : onResume()));

  /** @param {Row[]} rows */
  function count(rows) {
    const wanted = rows.filter(({ customer, score }) => customer || score).length;
    const done = rows.filter(({ score }) => score).length;
    bar.max = wanted || 1;
    bar.value = done;
    words.textContent = text.list.progress(done, wanted);
  }

  /**
   * @param {boolean} now
   * @param {string} label
   */
  function set(now, label) {
    running = now;
    button.textContent = label;
    button.hidden = !label;
  }

  return {
    node,
    begin(/** @type {Row[]} */ rows) {
      count(rows);
      waitsUntil = 0;
      help.textContent = "";
      bar.hidden = false;
      button.className = "quiet";
      set(true, text.list.cancel);
    },
    step(/** @type {Row[]} */ rows) {
      count(rows);
      if (performance.now() >= waitsUntil) help.textContent = "";
    },
    wait(/** @type {number} */ seconds) {
      waitsUntil = performance.now() + 1000 * seconds;
      help.textContent = text.list.waiting(seconds);
    },
    end(/** @type {Row[]} */ rows) {
      count(rows);
      bar.hidden = true;
      help.textContent = "";
      set(false, "");
    },
    /**
     * @param {Row[]} rows
     * @param {import("../api.js").Failure} failure
     */
    stop(rows, failure) {
      signedOut = failure.kind === "signedOut";
      count(rows);
      const [title, why] = failure.kind === "cancelled" ? [text.list.stopped, ""]
        : [text.list.interrupted, text.failure[failure.kind === "invalid" ? "broken" : failure.kind][0]];
      help.textContent = signedOut ? text.list.signedOut : [why && `${why}.`, title].filter(Boolean).join(" ");
      button.className = signedOut ? "primary" : "quiet";
      set(false, signedOut ? text.signIn.again : text.list.resume);
      button.focus();
    },
  };
}
