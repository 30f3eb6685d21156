/** Starts the page: texts, schema, form, and the way from the form to an answer. */

import { text } from "../text/en.js";
import { showAnswer, showAsking, showEmpty, showFailure, markStale, reveal } from "./answer.js";
import { Failure, load, predict } from "./api.js";
import { byId, el } from "./dom.js";
import { loadDraft, saveDraft } from "./draft.js";
import { CustomerForm } from "./form.js";

/** @typedef {import("./form.js").Entered} Entered */

async function start() {
  for (const node of document.querySelectorAll("[data-text]")) {
    node.textContent = text[/** @type {HTMLElement} */ (node).dataset.text];
  }
  try {
    const [{ schema, examples }, config] = await Promise.all([load("/schema.json"), load("/config.json")]);
    showSite(config);
    run(schema, examples, config.api);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const again = el("button", { class: "primary", type: "button" }, text.retry);
    again.addEventListener("click", () => location.reload());
    const [title, help] = text.failure.start;
    byId("groups").append(el("div", { class: "failure", role: "alert" },
      el("p", { class: "failure-title" }, title), el("p", {}, help), again));
  }
}

/** @param {{environment: string, made_up_data: boolean}} config */
function showSite({ environment, made_up_data: madeUp }) {
  byId("made-up").hidden = !madeUp;
  const tag = byId("environment");
  tag.hidden = environment === "prod";
  tag.textContent = environment;
  tag.title = text.environment(environment);
}

/**
 * @param {any} schema
 * @param {Record<string, Record<string, unknown>>} examples
 * @param {string} api
 */
function run(schema, examples, api) {
  const page = /** @type {HTMLFormElement} */ (byId("customer"));
  const submit = /** @type {HTMLButtonElement} */ (page.querySelector("[type=submit]"));
  const undo = byId("undo");
  /** @type {Entered|null} */
  let before = null;
  let asking = false;
  const form = new CustomerForm(schema, edited);

  function edited() {
    markStale();
    saveDraft(form.entered);
  }

  /** Replace all values at once; what was there can be brought back. */
  function replace(/** @type {Entered} */ values, /** @type {string} */ message) {
    before = form.isEmpty ? null : form.entered;
    form.entered = values;
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
    reveal();
    const sent = JSON.stringify(form.entered);
    try {
      const { prediction, model } = await predict(api, form.customer);
      showAnswer(prediction, model);
      if (JSON.stringify(form.entered) !== sent) markStale();
      announce(text.announce.answer(prediction.probability, text.decision[String(prediction.churn)]));
      reveal();
    } catch (error) {
      fail(error instanceof Failure ? error : new Failure("broken"));
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
  for (const [name, customer] of Object.entries(examples)) {
    const button = el("button", { class: "quiet", type: "button", "data-example": name },
      text.examples[name] ?? name);
    const entered = Object.fromEntries(Object.entries(customer).map(([key, value]) => [key, String(value)]));
    button.addEventListener("click", () => replace(entered, text.announce.loaded));
    byId("examples").append(button);
  }
  const draft = loadDraft();
  if (draft) form.entered = draft;
  showEmpty();
}

/** @param {string} message */
function announce(message) {
  byId("status").textContent = message;
}

start();
