/** A file that is scored as a whole: sent on demand, followed to its end, its figures shown and its results fetched. */

import { signInAgain } from "../account.js";
import { Failure } from "../api.js";
import { announce, el } from "../dom.js";
import { text } from "../texts.js";
import { fetchFile, lookAt, outcome } from "./outcome.js";
import { meter } from "./progress.js";
import { PASSING, sleep } from "./score.js";
import { send } from "./send.js";

const LOOK_MS = 2000;
/** Where the service names no time. */
const WAIT_S = 5;
const UNDER_WAY = ["waiting", "checking", "scoring"];

/**
 * @param {object} options
 * @param {File|null} options.file To be sent; null where one was sent before.
 * @param {string} options.id Of the batch; "" before the file was sent.
 * @param {AbortSignal} options.signal The view has moved on.
 * @param {(id: string) => void} options.onSent
 * @param {(now: boolean) => void} options.onSending
 * @param {() => void} options.onAnother
 */
export function batchView({ file, id, signal, onSent, onSending, onAnother }) {
  const title = el("h2", { tabindex: "-1" }, file?.name ?? text.list.batch.unnamed);
  const lede = el("p", { class: "soft" }, id ? "" : text.list.batch.ask);
  const { node: progress, bar, words, help, button } = meter();
  const another = el("button", { class: "quiet", type: "button" }, text.list.another);
  const buttons = el("div", { class: "buttons" }, another);
  const results = el("div", { class: "list-body" });
  const node = el("div", { class: "list-body" },
    el("section", { class: "card list-file", "aria-label": text.list.batch.unnamed },
      el("div", {}, title, lede), buttons, progress),
    results);
  /** @type {() => void} */
  let act = () => {};
  progress.hidden = true;
  button.addEventListener("click", () => act());
  another.addEventListener("click", onAnother);

  /**
   * @param {string} label "" for no button.
   * @param {() => void} what
   */
  function offer(label, what, look = "primary") {
    // The focus must not vanish with the button.
    if (!label && document.activeElement === button) title.focus({ preventScroll: true });
    button.textContent = label;
    button.className = look;
    button.hidden = !label;
    act = what;
  }

  /**
   * @param {string} told
   * @param {number|null} share null where nobody knows how much is left.
   */
  function tell(told, share = null) {
    words.textContent = told;
    help.textContent = "";
    progress.hidden = bar.hidden = false;
    if (share === null) bar.removeAttribute("value");
    else bar.value = share;
  }

  /**
   * What went wrong, and what can be done.
   * @param {Failure} failure
   * @param {() => void} again
   */
  function stopped(failure, again) {
    const { kind } = failure;
    progress.hidden = false;
    bar.hidden = true;
    if (kind === "invalid") {
      help.textContent = text.list.batch.tooLarge(failure.detail ?? "");
      return offer("", () => {});
    }
    help.textContent = kind === "cancelled" ? text.list.batch.notSent : `${text.failure[kind][0]}.`;
    if (kind === "signedOut") offer(text.signIn.again, () => signInAgain(again));
    else offer(kind === "cancelled" ? text.list.batch.send : text.retry, again);
    button.focus();
  }

  async function sendIt() {
    const stop = new AbortController();
    buttons.replaceChildren(another);
    offer(text.list.cancel, () => stop.abort(), "quiet");
    tell(text.list.batch.sending(0), 0);
    button.focus();
    onSending(true);
    try {
      const both = AbortSignal.any([signal, stop.signal]);
      const onProgress = (/** @type {number} */ sent) => tell(text.list.batch.sending(sent), sent);
      id = await send(/** @type {File} */ (file), { signal: both, onProgress });
      onSent(id);
      follow();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      words.textContent = "";
      if (!signal.aborted) stopped(error, sendIt);
    } finally {
      onSending(false);
    }
  }

  async function follow() {
    offer("", () => {});
    try {
      while (!signal.aborted) {
        const told = await look();
        if (told) show(told);
        if (told && !UNDER_WAY.includes(told.status)) return await showEnd(told);
        await sleep(LOOK_MS, signal);
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (signal.aborted) return;
      if (error.status === 404) ended(text.list.batch.gone);
      else stopped(error, follow);
    }
  }

  /** How far it is; null where the service is only busy. */
  async function look() {
    try {
      return await lookAt(id, signal);
    } catch (error) {
      if (!(error instanceof Failure) || !PASSING.has(error.kind)) throw error;
      const seconds = error.retryAfter ?? WAIT_S;
      help.textContent = error.kind === "offline" ? `${text.failure.offline[0]}.` : text.list.waiting(seconds);
      await sleep(1000 * seconds, signal);
      return null;
    }
  }

  /** @param {any} told */
  function show({ status, created_at: created, kept_until: until, progress: far }) {
    if (!file) title.textContent = text.list.batch.title(text.when(created));
    lede.textContent = text.list.batch.kept(text.when(until));
    if (status === "waiting") tell(text.list.batch.waiting);
    if (status === "checking") tell(text.list.batch.checking(far.rows_read, far.rows_refused));
    if (status === "scoring") tell(text.list.batch.scoring(far.scored, far.rows_read - far.rows_refused), far.scored);
  }

  /** @param {string} why */
  function ended(why) {
    progress.hidden = true;
    lede.textContent = "";
    results.replaceChildren(el("div", { class: "failure", role: "alert" },
      el("p", { class: "failure-title" }, text.list.cannot), el("p", {}, why)));
  }

  /** @param {any} told */
  async function showEnd(told) {
    const { status, problem } = told;
    if (status === "expired") return ended(text.list.batch.expired);
    if (status === "failed") return ended(`${text.list.batch.unnamed}: ${problem.rule}. ${problem.remedy}`);
    const { scored, nodes } = await outcome(told);
    progress.hidden = false;
    bar.hidden = true;
    words.textContent = text.list.done(scored);
    announce(words.textContent);
    const save = el("button", { class: "primary", type: "button" }, text.list.download);
    save.addEventListener("click", () => fetchFile(id, "result"));
    buttons.replaceChildren(save, another);
    offer(text.list.batch.report, () => fetchFile(id, "report"), "link");
    results.replaceChildren(...nodes);
  }

  if (id) follow();
  else {
    const sender = el("button", { class: "primary", type: "button" }, text.list.batch.send);
    sender.addEventListener("click", sendIt);
    buttons.prepend(sender);
  }
  return node;
}
