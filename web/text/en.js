/**
 * Every word the page says, in English. A translation is this file once more, in another language.
 * Labels, units and help of the fields come from the schema, the reasons from the model.
 */

const percent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 0 });
const finePercent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 1 });
const finestPercent = new Intl.NumberFormat("en", { style: "percent", maximumFractionDigits: 3 });
const decimal = new Intl.NumberFormat("en", { minimumFractionDigits: 3, maximumFractionDigits: 3 });
const plain = new Intl.NumberFormat("en", { maximumFractionDigits: 6, useGrouping: false });
const day = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

/** A probability near 0 or 1 keeps its digits: no risk is ever shown as none, or as certain. */
const risk = (/** @type {number} */ p) =>
  p < 0.001 ? "under 0.1%" : p > 0.999 ? "over 99.9%"
    : (p < 0.01 || p > 0.99 ? finePercent : percent).format(p);

/** Risk and threshold with as many digits as it takes to see which is larger. */
const apart = (/** @type {number} */ p, /** @type {number} */ threshold) =>
  risk(p) === risk(threshold)
    ? [p, threshold].map((share) => finestPercent.format(share))
    : [risk(p), risk(threshold)];

/** A label inside a sentence; an acronym keeps its capitals. */
const insideSentence = (/** @type {string} */ label) => {
  const [first, ...rest] = label.split(" ");
  return [/^[A-Z]+$/.test(first) ? first : first.toLowerCase(), ...rest].join(" ");
};

export const text = {
  skip: "Skip to the form",
  brand: "Churn risk",
  title: "Will this customer stay?",
  lede: "Enter what the account shows. The model answers with the risk that the customer leaves, " +
    "a decision, and its reasons.",
  environment: (/** @type {string} */ name) => `Environment: ${name}`,
  madeUp: "This model learnt from made-up customers. Its answers show how the system works, " +
    "not how real customers behave.",

  customerTitle: "The customer",
  examples: { loyal: "Load a loyal customer", at_risk: "Load a customer at risk" },
  predict: "Predict the risk",
  predicting: "Predicting…",
  clear: "Clear",
  undo: "Undo",
  choose: "Choose…",
  yes: "Yes",
  no: "No",
  number: (/** @type {number} */ value) => plain.format(value),
  range: (/** @type {string} */ low, /** @type {string} */ high) => `${low}–${high}`,
  rangeSpoken: (/** @type {string} */ low, /** @type {string} */ high, /** @type {string} */ unit) =>
    `From ${low} to ${high} ${unit}.`,
  category: (/** @type {string} */ value, /** @type {string|undefined} */ name) =>
    name ? `${name} (${value})` : value,

  // The rules, in the words that schema/attribute.py uses for the API's answers.
  missing: "is missing",
  mustBe: (/** @type {string} */ rule) => `must be ${rule}`,
  remedy: (/** @type {string} */ label, /** @type {string} */ rule) =>
    `Enter the ${insideSentence(label)} as ${rule}.`,
  wholeNumber: "a whole number",
  anyNumber: "a number",
  between: (/** @type {string} */ low, /** @type {string} */ high) => `from ${low} to ${high}`,
  atLeast: (/** @type {string} */ low) => `of at least ${low}`,
  atMost: (/** @type {string} */ high) => `of at most ${high}`,
  yesOrNo: "yes or no",
  oneOf: (/** @type {string[]} */ names) => `one of ${names.join(", ")}`,
  oneOfMany: (/** @type {string[]} */ codes) => `one of ${codes.length} codes, such as ${codes[0]}`,
  remedyFromList: (/** @type {string} */ label, /** @type {string} */ code) =>
    `Choose the ${insideSentence(label)} from the list, or send its code, such as ${code}.`,
  errorsTitle: (/** @type {number} */ count) =>
    count === 1 ? "One field needs another look" : `${count} fields need another look`,
  sentence: (/** @type {string} */ subject, /** @type {string} */ rule) => `${subject} ${rule}.`,

  answerTitle: "The answer",
  emptyTitle: "Nothing predicted yet",
  emptyHelp: "Fill in the form, or load an example, and choose “Predict the risk”. " +
    "The risk, the decision and the reasons appear here.",
  asking: "Asking the model…",
  stale: "The form has changed since this answer.",
  riskOf: "risk of leaving",
  risk,
  gauge: (/** @type {number} */ p, /** @type {number} */ threshold) =>
    `Risk of leaving: ${risk(p)}, on a scale from 0% to 100%. ` +
    `The decision changes at ${risk(threshold)}.`,
  threshold: (/** @type {number} */ threshold) => `threshold ${risk(threshold)}`,
  decision: { true: "Make a retention offer", false: "No offer needed" },
  because: (/** @type {boolean} */ churn, /** @type {number} */ p, /** @type {number} */ threshold) => {
    const [risky, limit] = apart(p, threshold);
    return churn
      ? `The risk of ${risky} reaches the threshold of ${limit}, from which an offer costs less ` +
        "than the customers it keeps."
      : `The risk of ${risky} stays below the threshold of ${limit}, from which an offer would pay.`;
  },
  reasonsTitle: "Why",
  lowers: "Lowers the risk",
  raises: "Raises the risk",
  moreReasons: (/** @type {number} */ count) => `${count} smaller reasons`,
  modelTitle: "About the model",
  trained: "Trained",
  when: (/** @type {string} */ iso) => day.format(new Date(iso)),
  metrics: {
    average_precision: "Average precision",
    auc: "AUC",
    accuracy: "Accuracy",
    precision: "Precision",
    recall: "Recall",
    f1: "F1",
    log_loss: "Log loss",
  },
  metric: (/** @type {number} */ value) => decimal.format(value),
  measured: "Measured on",
  splits: { test: "test customers", validation: "validation customers" },
  measuredOn: {
    test: "Measured on customers that took no part in the training.",
    validation: "Training has seen the validation customers: they decided when to stop. Expect somewhat worse " +
      "figures for new customers. The test on customers that took no part is in the evaluation report " +
      "of the model’s pipeline run.",
  },

  announce: {
    answer: (/** @type {number} */ p, /** @type {string} */ decision) =>
      `Risk of leaving: ${risk(p)}. ${decision}.`,
    loaded: "Example loaded.",
    cleared: "Form cleared.",
    restored: "Your values are back.",
  },

  failure: {
    offline: ["No connection", "The page could not reach the service. Check the connection; " +
      "your values are kept."],
    timeout: ["No answer in time", "The service took too long. It may be starting up; your values are kept."],
    unavailable: ["The model is not available", "It may be starting, updating or busy. Your values are kept."],
    throttled: ["Too many requests", "The service asks for a short pause. Your values are kept."],
    broken: ["Something went wrong", "The service could not answer. Your values are kept."],
    start: ["The form could not be loaded", "The page could not fetch the model's schema."],
  },
  waitHint: (/** @type {number} */ seconds) => `Try again in about ${seconds} seconds.`,
  retry: "Try again",
  requestId: (/** @type {string} */ id) => `Request ${id}`,

};
