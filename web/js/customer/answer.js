/** The answer panel: empty, asking, answered, stale or failed. */

import { signInAgainButton } from "../account.js";
import { byId, el } from "../dom.js";
import { text } from "../texts.js";
import { gauge } from "./gauge.js";
import { offerList } from "./offers.js";
import { reasonChart } from "./reasons.js";
import { whatIf } from "./what_if.js";

/**
 * What the model says of itself; metrics by split, then by name.
 * @typedef {{version?: string|null, threshold: number, trained_at?: string,
 *   metrics?: Record<string, Record<string, number>>}} Model
 */

const panel = () => byId("answer");

export function showEmpty() {
  show("empty", gauge(null), el("p", { class: "empty-title" }, text.emptyTitle),
    el("p", { class: "empty-help" }, text.emptyHelp));
}

export function showAsking() {
  show("asking", gauge(null), el("p", { class: "empty-title" }, text.asking));
}

/** The form has moved on: the answer stays, but says that it is about other values. */
export function markStale() {
  if (panel().dataset.state !== "answered" || panel().querySelector(".stale")) return;
  byId("answer-body").prepend(el("p", { class: "stale" }, text.stale));
  panel().classList.add("is-stale");
}

/**
 * @typedef {{probability: number, churn: boolean, reasons: import("./reasons.js").Reason[],
 *   offers?: import("./offers.js").Offer[], suggested_offer?: string|null}} Prediction
 *
 * @param {Prediction} prediction
 * @param {Model} model
 * @param {Record<string, unknown>} customer The values that the answer is about.
 */
export function showAnswer(prediction, model, customer) {
  const { probability, churn, reasons } = prediction;
  const tone = churn ? "high" : "low";
  show(
    "answered",
    gauge({ probability, churn, threshold: model.threshold }),
    el("div", { class: `decision ${tone}` },
      el("p", { class: "decision-title" }, text.decision[churn ? "true" : "false"]),
      el("p", { class: "decision-why" }, text.because(churn, probability, model.threshold))),
    offerList(prediction, customer),
    reasons?.length ? reasonChart(reasons, customer) : null,
    whatIf(prediction, model, customer),
    aboutModel(model),
  );
}

/**
 * @param {import("../api.js").Failure} failure
 * @param {() => void} retry
 */
export function showFailure(failure, retry) {
  const [title, help] = text.failure[failure.kind === "invalid" ? "broken" : failure.kind];
  const signedOut = failure.kind === "signedOut";
  const button = signedOut ? signInAgainButton(retry) : el("button", { class: "primary", type: "button" }, text.retry);
  if (!signedOut) button.addEventListener("click", retry);
  show(
    "failed",
    el("div", { class: "failure", role: "alert" },
      el("p", { class: "failure-title" }, title),
      el("p", {}, help),
      failure.retryAfter ? el("p", {}, text.waitHint(failure.retryAfter)) : null),
    button,
    failure.requestId ? el("p", { class: "fine" }, text.requestId(failure.requestId)) : null,
  );
}

/** Bring the panel into view where it lies below the form, as on a phone; leave the page alone where it is in sight. */
export function reveal() {
  const { top } = panel().getBoundingClientRect();
  // What matters ends with the decision or the failure; reasons may run on below the edge.
  const end = panel().querySelector(".decision, .failure") ?? byId("answer-body");
  if (top >= 0 && end.getBoundingClientRect().bottom <= window.innerHeight) return;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  panel().scrollIntoView({ behavior: still ? "auto" : "smooth", block: "start" });
}

/** @param {Model} model */
function aboutModel({ version, trained_at: trainedAt, metrics = {} }) {
  // Test figures where the model carries them; it is packed before its test, so mostly it cannot.
  const split = Object.keys(text.measuredOn).find((name) => metrics[name]);
  const measured = split ? metrics[split] : {};
  const known = Object.entries(text.metrics).filter(([name]) => typeof measured[name] === "number");
  return el(
    "details",
    { class: "model" },
    el("summary", {}, text.modelTitle),
    el("dl", {},
      ...(version ? [el("dt", {}, text.version), el("dd", {}, version)] : []),
      ...(trainedAt ? [el("dt", {}, text.trained), el("dd", {}, text.when(trainedAt))] : []),
      ...(split ? [el("dt", {}, text.measured), el("dd", {}, text.splits[split])] : []),
      ...known.flatMap(([name, label]) => [
        el("dt", {}, label), el("dd", {}, text.metric(measured[name]))])),
    split ? el("p", { class: "fine" }, text.measuredOn[split]) : null,
    el("p", {}, el("a", { href: "#/model" }, text.modelLink)),
  );
}

/**
 * @param {string} state
 * @param {...(Node|null)} children
 */
function show(state, ...children) {
  panel().dataset.state = state;
  panel().classList.remove("is-stale");
  panel().setAttribute("aria-busy", String(state === "asking"));
  byId("answer-body").replaceChildren(...children.filter((child) => child !== null));
}
