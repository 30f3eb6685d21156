/** What the model would say of the same customer with other values: controls that answer at once. */

import { signInAgainButton } from "../account.js";
import { Failure, predict } from "../api.js";
import { announce, el } from "../dom.js";
import { site } from "../site.js";
import { text } from "../texts.js";
import { lever } from "./lever.js";

const FIRST = 4;
const PAUSE_MS = 90;

/**
 * @param {import("./answer.js").Prediction} prediction
 * @param {{threshold: number}} model
 * @param {Record<string, unknown>} customer
 */
export function whatIf(prediction, model, customer) {
  /** @type {Record<string, unknown>} What differs from the customer. */
  let changes = {};
  /** @type {AbortController|undefined} */
  let underWay;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;

  const number = el("strong", { class: "try-number" });
  const effect = el("span", { class: "try-effect" });
  const fill = el("span", { class: "try-fill" });
  const was = el("span", { class: "try-was" });
  const mark = el("span", { class: "try-mark" });
  was.style.setProperty("--at", String(prediction.probability));
  mark.style.setProperty("--at", String(model.threshold));
  const problem = el("p", { class: "field-error", hidden: true }, text.whatIf.failed);
  const reset = el("button", { class: "quiet small", type: "button", hidden: true }, text.whatIf.reset);
  const levers = inOrder(prediction).map((name) => lever(
    /** @type {import("../site.js").Attribute} */ (site.inputs.get(name)), customer[name],
    (value) => {
      if (value === customer[name]) delete changes[name];
      else changes[name] = value;
      changed();
    }));

  /** @param {{probability: number, churn: boolean}|null} tried null where nothing differs */
  function show(tried) {
    const { probability, churn } = tried ?? prediction;
    number.textContent = text.risk(probability);
    effect.textContent = tried ? text.whatIf.points(probability - prediction.probability) : text.whatIf.same;
    fill.style.setProperty("--at", String(probability));
    fill.className = `try-fill ${churn ? "high" : "low"}`;
    reset.hidden = !tried;
    problem.hidden = true;
    if (tried) announce(text.whatIf.result(probability));
  }

  /** The latest values only: what is under way is about older ones, and its answer is dropped. */
  function changed() {
    clearTimeout(timer);
    underWay?.abort();
    if (!Object.keys(changes).length) return show(null);
    timer = setTimeout(tryIt, PAUSE_MS);
  }

  async function tryIt() {
    const mine = new AbortController();
    underWay = mine;
    try {
      const asked = { customers: [customer], what_if: [{ ...changes }] };
      const answer = await predict(site.api, asked, { signal: mine.signal });
      if (!mine.signal.aborted) show(answer.predictions[0].what_if[0]);
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      if (error.kind === "throttled") timer = setTimeout(tryIt, 1000 * (error.retryAfter ?? 1));
      else {
        if (error.kind === "signedOut") {
          problem.replaceChildren(`${text.failure.signedOut.join(". ")} `, signInAgainButton(tryIt, "link"));
        } else problem.textContent = text.whatIf.failed;
        problem.hidden = false;
      }
    }
  }

  reset.addEventListener("click", () => {
    changes = {};
    for (const one of levers) one.reset();
    changed();
    levers[0].focus();
  });
  show(null);
  return el(
    "section",
    { class: "what-if", "aria-labelledby": "what-if-title" },
    el("h3", { id: "what-if-title" }, text.whatIf.title),
    el("p", { class: "soft" }, text.whatIf.help),
    el("div", { class: "try" },
      el("p", { class: "try-head" }, number, effect),
      el("div", { class: "try-track", "aria-hidden": "true" }, fill, was, mark)),
    problem,
    ...levers.slice(0, FIRST).map(({ node }) => node),
    levers.length > FIRST
      ? el("details", {}, el("summary", {}, text.whatIf.more(levers.length - FIRST)),
        ...levers.slice(FIRST).map(({ node }) => node))
      : null,
    reset,
    el("p", { class: "fine" }, text.whatIf.note),
  );
}

/**
 * What offers change comes first, then what matters most to this customer; what nobody can change comes last.
 * @param {import("./answer.js").Prediction} prediction
 */
function inOrder({ offers = [], reasons = [] }) {
  const offered = new Set(offers.flatMap(({ changes }) => Object.keys(changes)));
  const strength = new Map(reasons.map(({ attribute, contribution }) => [attribute, Math.abs(contribution)]));
  const rank = (/** @type {string} */ name) =>
    (offered.has(name) ? 2000 : site.inputs.get(name)?.type === "category" ? 0 : 1000) + (strength.get(name) ?? 0);
  return [...site.inputs.keys()].sort((one, other) => rank(other) - rank(one));
}
