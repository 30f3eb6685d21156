/** The view of one customer: the form, and the way from it to an answer. */

import { Failure, predict } from "../api.js";
import { announce, byId, el } from "../dom.js";
import { site } from "../site.js";
import { text } from "../texts.js";
import { markStale, reveal, showAnswer, showAsking, showEmpty, showFailure } from "./answer.js";
import { linkTo, loadDraft, saveDraft } from "./draft.js";
import { CustomerForm } from "./form.js";
import { check, parse } from "./validate.js";

/** @typedef {import("./form.js").Entered} Entered */

/** @param {(customer: Record<string, unknown>) => void} replace */
function exampleButtons(replace) {
  for (const [name, customer] of Object.entries(site.examples)) {
    const button = el("button", { class: "quiet", type: "button", "data-example": name }, text.examples[name] ?? name);
    button.addEventListener("click", () => replace(customer));
    byId("examples").append(button);
  }
}

export function start() {
  const page = /** @type {HTMLFormElement} */ (byId("customer"));
  const submit = /** @type {HTMLButtonElement} */ (page.querySelector("[type=submit]"));
  const undo = byId("undo");
  const copy = byId("copy-link");
  /** @type {Entered|null} */
  let before = null;
  let asking = false;
  /** @type {Record<string, unknown>} Whom the answer is about. */
  let answered = {};
  const form = new CustomerForm(site.inputs.values(), site.groups, edited);

  function edited() {
    markStale();
    saveDraft(form.entered);
  }

  /** Replace all values at once; what was there can be brought back. */
  function replace(/** @type {Record<string, unknown>} */ customer, /** @type {string} */ message) {
    before = form.isEmpty ? null : form.entered;
    form.show(customer);
    undo.hidden = !before;
    edited();
    announce(message);
  }

  async function ask() {
    if (asking) return;
    const problems = form.validate();
    if (problems.length) return form.showErrors(problems);
    form.clearErrors();
    setAsking(true);
    // "Try again" vanishes with the failure it belongs to; the focus must not vanish with it.
    if (byId("answer").contains(document.activeElement)) byId("answer-title").focus({ preventScroll: true });
    showAsking();
    copy.hidden = true;
    reveal();
    const { customer } = form;
    const sent = JSON.stringify(form.entered);
    try {
      const { predictions: [prediction], model } = await predict(site.api, { customers: [customer], offers: true });
      showAnswer(prediction, model, customer);
      answered = customer;
      copy.hidden = false;
      if (JSON.stringify(form.entered) !== sent) markStale();
      announce(text.announce.answer(prediction.probability, text.decision[String(prediction.churn)]));
      reveal();
    } catch (error) {
      fail(error instanceof Failure ? error : new Failure("broken"));
      if (!(error instanceof Failure)) throw error;
    } finally {
      setAsking(false);
    }
  }

  function fail(/** @type {Failure} */ failure) {
    if (failure.kind === "invalid" && failure.errors.length) {
      showEmpty();
      form.showErrors(failure.errors);
    } else {
      showFailure(failure, ask);
      reveal();
    }
  }

  function setAsking(/** @type {boolean} */ now) {
    asking = now;
    // aria-disabled keeps the focus where it is; `disabled` would drop it.
    submit.setAttribute("aria-disabled", String(now));
    submit.textContent = now ? text.predicting : text.predict;
  }

  page.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  page.addEventListener("reset", (event) => {
    event.preventDefault();
    replace({}, text.announce.cleared);
  });
  undo.addEventListener("click", () => {
    form.entered = before ?? {};
    before = null;
    undo.hidden = true;
    edited();
    announce(text.announce.restored);
    submit.focus();
  });
  copy.addEventListener("click", async () => {
    const link = linkTo(answered);
    try {
      await navigator.clipboard.writeText(new URL(link, location.href).href);
      announce(text.announce.copied, { seen: true });
    } catch {
      history.replaceState(null, "", link);
      announce(text.announce.notCopied, { seen: true });
    }
  });
  exampleButtons((customer) => replace(customer, text.announce.loaded));
  const draft = loadDraft();
  if (draft) form.entered = draft;
  showEmpty();

  return {
    /** Take over the customer of a link, and ask at once; values that break rules show as errors of the form. */
    open(/** @type {URLSearchParams} */ values) {
      if (!values.size) return;
      const entered = [...site.inputs.values()].map((attribute) => {
        const given = values.get(attribute.name) ?? "";
        return [attribute.name, check(attribute, given) ? given : parse(attribute, given)];
      });
      replace(Object.fromEntries(entered), text.announce.fromLink);
      ask();
    },
  };
}
