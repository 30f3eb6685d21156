/** Scores rows in chunks, a few at a time, patiently: a busy service is asked again when it says. */

import { Failure, predict } from "../api.js";
import { sentence } from "../customer/reasons.js";
import { offerText, site } from "../site.js";
import { text } from "../texts.js";

const CHUNK = 100; // what a request takes at most
const AT_ONCE = 3;
const TRIES = 6;
const REASONS = 3;
/** Failures after which another try makes sense. */
export const PASSING = new Set(["throttled", "unavailable", "timeout", "offline"]);

/**
 * @typedef {{probability: number, churn: boolean, reasons: string[], offer: {text: string, value: number}|null}} Score
 * @typedef {import("./file.js").Row} Row
 */

/**
 * Score the rows that have no score yet.
 * @param {Row[]} rows
 * @param {object} options
 * @param {AbortSignal} options.signal Stops; what was scored keeps its score.
 * @param {(model: any) => void} options.onProgress
 * @param {(seconds: number) => void} options.onWait
 * @throws {Failure} When the service does not come back, or was stopped.
 */
export async function scoreAll(rows, { signal, onProgress, onWait }) {
  const left = rows.filter(({ customer, score }) => customer && !score);
  const chunks = [];
  for (let at = 0; at < left.length; at += CHUNK) chunks.push(left.slice(at, at + CHUNK));
  const stop = new AbortController();
  const both = AbortSignal.any([signal, stop.signal]);
  async function work() {
    for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) {
      const { predictions, model } = await patiently(chunk, both, onWait);
      chunk.forEach((row, place) => take(row, predictions[place]));
      onProgress(model);
    }
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, work));
  } catch (error) {
    stop.abort();
    throw signal.aborted ? new Failure("cancelled") : error;
  }
}

/**
 * @param {Row[]} chunk
 * @param {AbortSignal} signal
 * @param {(seconds: number) => void} onWait
 */
async function patiently(chunk, signal, onWait) {
  const asked = { customers: chunk.map(({ customer }) => customer ?? {}), offers: true };
  for (let tried = 1; ; tried += 1) {
    try {
      return await predict(site.api, asked, { lenient: true, signal });
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.kind === "invalid" && error.errors.length) return { predictions: refused(chunk, error), model: null };
      if (!PASSING.has(error.kind) || tried === TRIES) throw error;
      // Longer each time, where the service names no time itself.
      const seconds = error.retryAfter ?? 2 ** (tried - 1);
      onWait(seconds);
      await sleep(1000 * seconds, signal);
    }
  }
}

/**
 * None of a chunk was valid: each has its errors.
 * @param {Row[]} chunk
 * @param {Failure} failure
 */
function refused(chunk, failure) {
  return chunk.map((_, place) => ({ errors: failure.errors.filter(({ customer }) => customer === place) }));
}

/**
 * @param {Row} row
 * @param {any} prediction
 */
function take(row, { probability, churn, reasons = [], offers = [], suggested_offer: suggested, errors }) {
  if (errors) {
    row.problem = errors.map((/** @type {any} */ one) =>
      text.sentence(site.inputs.get(one.field)?.label ?? one.field, one.rule)).join(" ");
    row.customer = null;
    return;
  }
  const best = offers.find((/** @type {any} */ offer) => offer.name === suggested);
  row.score = {
    probability,
    churn,
    reasons: reasons.slice(0, REASONS).map((/** @type {any} */ reason) => sentence(reason, row.customer ?? {})),
    offer: best ? { text: offerText(best), value: best.expected_value_usd } : null,
  };
}

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 */
export function sleep(ms, signal) {
  return new Promise((resolve, reject) => {
    const stopped = () => {
      clearTimeout(timer);
      reject(new Failure("cancelled"));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stopped);
      resolve(undefined);
    }, ms);
    if (signal.aborted) stopped();
    signal.addEventListener("abort", stopped, { once: true });
  });
}
