/**
 * Every word the page says, in English. A translation is this file once more, in another language, with the same keys.
 * Labels, units and help of the fields come from the schema, English reasons from the model.
 */

import { formats, risks } from "../js/formats.js";
import { locale } from "../js/language.js";

const format = formats(locale);
const { risk, apart } = risks(format, "under 0.1%", "over 99.9%");
const customers = (/** @type {number} */ n) => `${format.count(n)} ${n === 1 ? "customer" : "customers"}`;
const rows = (/** @type {number} */ n) => `${format.count(n)} ${n === 1 ? "row" : "rows"}`;

/** A label inside a sentence; an acronym keeps its capitals. */
const insideSentence = (/** @type {string} */ label) => {
  const [first, ...rest] = label.split(" ");
  return [/^[A-Z]+$/.test(first) ? first : first.toLowerCase(), ...rest].join(" ");
};

export const text = {
  ...format,
  risk,
  skip: "Skip to the content",
  brand: "Churn risk",
  views: "Views",
  language: "Language",
  signIn: {
    title: "Sign in to go on",
    lede: "Which customers may leave is for those who look after them. Sign in with the account that you were invited to.",
    button: "Sign in",
    failed: "The sign-in came to nothing. It may have taken too long; try it once more.",
    again: "Sign in and go on",
    blocked: "The browser opened no window to sign in. Allow this page to open one, then try again; all is kept here.",
    second: "You are signed in",
    secondHelp: "The work goes on in the window that you came from; this one may be closed.",
    out: "Sign out",
    groups: { agent: "agent", analyst: "analyst" },
    noGroup: "Your account is in no group yet",
    noGroupHelp: "You are signed in, but nobody has said what you may do here. Ask the people who invited you to add you " +
      "to a group, then sign in again.",
  },
  nav: { customer: "One customer", list: "A list", model: "The model" },
  environment: (/** @type {string} */ name) => `Environment: ${name}`,
  madeUp: "This model learnt from made-up customers. Its answers show how the system works, " +
    "not how real customers behave.",

  title: "Will this customer stay?",
  lede: "Enter what the account shows. The model answers with the risk that the customer leaves, " +
    "a decision, its reasons, and what might change them.",
  customerTitle: "The customer",
  examples: { loyal: "Load a loyal customer", at_risk: "Load a customer at risk" },
  predict: "Predict the risk",
  predicting: "Predicting…",
  clear: "Clear",
  undo: "Undo",
  copyLink: "Copy link",
  choose: "Choose…",
  yes: "Yes",
  no: "No",
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
  /** The model's own words are English; other languages say the same with what they have. */
  reason: (/** @type {string} */ told, /** @type {string} */ label, /** @type {string} */ value,
    /** @type {"raises"|"lowers"|"hardly"} */ does) => told || `${label}: ${value} (${does}).`,
  moreReasons: (/** @type {number} */ count) => `${count} smaller reasons`,

  offers: {
    title: "Suggested offer",
    none: "No offer pays for this customer",
    noneHelp: "Each of them would cost more than the lower risk is worth.",
    value: "expected value",
    effect: (/** @type {number} */ from, /** @type {number} */ to) => `Risk ${risk(from)} → ${risk(to)}`,
    cost: (/** @type {number} */ usd) => `costs ${format.dollars(usd)}`,
    change: (/** @type {string} */ label, /** @type {string} */ from, /** @type {string} */ to) =>
      `${label}: ${from} → ${to}`,
    others: (/** @type {number} */ count) => (count === 1 ? "One other offer" : `${count} other offers`),
  },
  whatIf: {
    title: "What if…",
    help: "Change a value and see what the model would say. The form keeps its own.",
    more: (/** @type {number} */ count) => `${count} more fields`,
    reset: "Back to the customer’s values",
    result: (/** @type {number} */ p) => `Risk with these changes: ${risk(p)}`,
    points: (/** @type {number} */ effect) => `${format.points(effect)} points`,
    same: "no change yet",
    was: (/** @type {string} */ value) => `was ${value}`,
    failed: "The model did not answer. Change a value to try again.",
    note: "These are associations in past data: customers who differ in this leave less or more often. " +
      "The change itself need not be what keeps them.",
  },

  modelTitle: "About the model",
  modelLink: "How good it is, on customers it has never seen",
  trained: "Trained",
  version: "Version",
  metrics: {
    average_precision: "Average precision",
    auc: "AUC",
    accuracy: "Accuracy",
    precision: "Precision",
    recall: "Recall",
    f1: "F1",
    log_loss: "Log loss",
  },
  measured: "Measured on",
  splits: { test: "test customers", validation: "validation customers" },
  measuredOn: {
    test: "Measured on customers that took no part in the training.",
    validation: "Training has seen the validation customers: they decided when to stop. Expect somewhat worse " +
      "figures for new customers.",
  },

  announce: {
    answer: (/** @type {number} */ p, /** @type {string} */ decision) =>
      `Risk of leaving: ${risk(p)}. ${decision}.`,
    loaded: "Example loaded.",
    cleared: "Form cleared.",
    restored: "Your values are back.",
    fromLink: "The customer of the link is in the form.",
    copied: "Link copied. It holds the values; whoever opens it sees them.",
    notCopied: "The browser did not let the page copy. The link is in the address bar.",
  },

  failure: {
    offline: ["No connection", "The page could not reach the service. Check the connection; " +
      "your values are kept."],
    timeout: ["No answer in time", "The service took too long. It may be starting up; your values are kept."],
    unavailable: ["The model is not available", "It may be starting, updating or busy. Your values are kept."],
    throttled: ["Too many requests", "The service asks for a short pause. Your values are kept."],
    signedOut: ["You are signed out", "Your session has ended. Sign in again; your values are kept."],
    broken: ["Something went wrong", "The service could not answer. Your values are kept."],
    start: ["The form could not be loaded", "The page could not fetch the model's schema."],
    view: ["This view could not be loaded", "Check the connection and try again."],
  },
  waitHint: (/** @type {number} */ seconds) => `Try again in about ${seconds} seconds.`,
  retry: "Try again",
  requestId: (/** @type {string} */ id) => `Request ${id}`,

  list: {
    title: "Who is about to leave?",
    lede: "Give a list of customers; the riskiest come first. The file is read in your browser, and only the fields " +
      "that the model needs are sent. A very long list is sent whole, once you say so.",
    drop: "Drop a CSV file here",
    or: "or",
    pick: "Choose a file",
    formats: "Comma, semicolon or tab; any order of columns. Columns that the model does not know are kept for the " +
      "download. What has more than 100,000 rows is sent and scored as a whole.",
    template: "Download a template",
    another: "Another file",
    reading: (/** @type {string} */ name) => `Reading ${name}…`,
    cannot: "This file cannot be used",
    problems: {
      empty: "It holds no rows. The first line must name the columns, and each further line is a customer.",
      binary: "It is no text file. In your spreadsheet, choose “Save as” and CSV.",
      quotes: (/** @type {number} */ line) => `A quotation mark that opens in line ${format.count(line)} never closes.`,
      missing: (/** @type {string[]} */ names) => `These columns are missing: ${names.join(", ")}. ` +
        "Name them in the first line; their order does not matter.",
      twice: (/** @type {string[]} */ names) => `These columns are there twice: ${names.join(", ")}. Leave one of each.`,
    },
    file: (/** @type {string} */ name, /** @type {number} */ count) => `${name}: ${rows(count)}`,
    facts: {
      delimiters: { ",": "separated by commas", ";": "separated by semicolons", "\t": "separated by tabs" },
      comma: "decimal commas",
      extra: (/** @type {number} */ count) =>
        count === 1 ? "one column that the model does not use" : `${count} columns that the model does not use`,
    },
    progress: (/** @type {number} */ done, /** @type {number} */ all) =>
      `${format.count(done)} of ${customers(all)} scored`,
    progressLabel: "Progress of scoring",
    waiting: (/** @type {number} */ seconds) => `The service is busy; the next try is in ${seconds} s.`,
    cancel: "Stop",
    resume: "Go on",
    stopped: "Stopped. What was scored is below.",
    interrupted: "Interrupted. What was scored is below.",
    signedOut: "Your session has ended. What was scored is kept below. Sign in, in a window that opens for it, and " +
      "the rest follows.",
    done: (/** @type {number} */ count) => `Done: ${customers(count)} scored.`,
    tiles: {
      scored: "customers scored",
      risky: "to make an offer",
      share: (/** @type {number} */ share) => `${format.share(share)} of the list`,
      loss: "expected loss if nobody is called",
      saving: "expected saving if they are",
      lossHelp: (/** @type {number} */ usd) => `at ${format.dollars(usd)} for each who leaves`,
      savingHelp: (/** @type {number} */ usd) => `after incentives of ${format.dollars(usd)}`,
    },
    spread: "How many customers have which risk",
    spreadLabel: (/** @type {number} */ below, /** @type {number} */ above) =>
      `${customers(below)} below the threshold, ${format.count(above)} at or above it.`,
    search: "Search",
    searchHelp: "in all columns",
    filter: "Show",
    filters: { all: "All", risky: "Offer", safe: "No offer", refused: "Not scored" },
    columns: { name: "Customer", risk: "Risk", decision: "Decision", offer: "Suggested offer", reason: "Strongest reason" },
    caption: "The customers of the file",
    row: (/** @type {number} */ line) => `Line ${format.count(line)}`,
    open: (/** @type {string} */ name) => `Open ${name}`,
    notScored: "Not scored",
    pending: "waiting",
    noOffer: "none pays",
    offerValue: (/** @type {number} */ usd) => `worth ${format.dollars(usd)}`,
    nothing: "No customer matches.",
    page: (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ all) =>
      `${format.count(from)}–${format.count(to)} of ${format.count(all)}`,
    pages: "Pages of the table",
    first: "First page",
    previous: "Previous page",
    next: "Next page",
    last: "Last page",
    bad: (/** @type {number} */ count) => `${rows(count)} could not be scored`,
    badHelp: "The others are scored. Mend these in your file and load it again.",
    badMore: (/** @type {number} */ count) => `And ${format.count(count)} more; “Not scored” lists all of them.`,
    columnsShort: (/** @type {number} */ found, /** @type {number} */ wanted) =>
      `has ${found} columns instead of ${wanted}`,
    download: "Download the results",
    outcome: { probability: "probability", decision: "decision", offer: "offer", reason: "reason", problem: "problem" },
    leave: "Results that were not downloaded are lost.",
    batch: {
      unnamed: "The file",
      title: (/** @type {string} */ when) => `The file of ${when}`,
      ask: "It is larger than what the page scores itself: 100,000 rows or 50 MB. It can be sent, with all its columns, to be " +
        "scored as a whole. File and results are deleted after some days.",
      send: "Send the file",
      sending: (/** @type {number} */ share) => `${format.share(share)} sent`,
      notSent: "Stopped. The file was not sent.",
      tooLarge: (/** @type {string} */ megabytes) =>
        `It is larger than the ${megabytes} MB that can be sent. Split it into several files.`,
      kept: (/** @type {string} */ when) =>
        `This page may be closed; its address leads back here. Kept until ${when}.`,
      waiting: "Waiting for the file.",
      checking: (/** @type {number} */ read, /** @type {number} */ refused) =>
        `${rows(read)} checked, ${format.count(refused)} of them refused`,
      scoring: (/** @type {number} */ share, /** @type {number} */ all) =>
        `${format.share(share)} of ${customers(all)} scored`,
      expired: "No file came in time. Send it once more.",
      gone: "You have sent no such file. What was scored is shown to its sender alone, and kept for some days.",
      refusals: "Download the refused rows",
      report: "Download the report",
      of: (/** @type {number} */ read) => `of ${rows(read)} read`,
      rows,
      row: "A row",
    },
  },

  model: {
    title: "How good is the model?",
    lede: (/** @type {number} */ count) => `Measured on ${customers(count)} that took no part in its training.`,
    loading: "Fetching the model’s report…",
    none: "No report yet",
    noneHelp: "The model in service has no report that could be found.",
    notYours: "The whole report is for analysts",
    notYoursHelp: "What the model costs, how it treats groups and how it has changed is read by people in the group " +
      "“analyst”. Whoever invited you can add you to it.",
    validation: "Its report cannot be reached. These figures are the model’s own, from the customers that decided when " +
      "training stopped; they flatter it somewhat.",
    about: (/** @type {string} */ version, /** @type {string} */ when) => `Version ${version}, trained ${when}`,
    quality: "Quality",
    explained: {
      average_precision: "How well churners are ranked before others; 1 is perfect.",
      auc: "How often a churner scores above another customer.",
      precision: "Of those called churners, how many leave.",
      recall: "Of those who leave, how many are found.",
      accuracy: "Share of right decisions.",
      log_loss: "How far off the probabilities are; lower is better.",
    },
    cost: {
      title: "What the decision costs",
      help: "Drag the threshold, or put in what your customers cost. Nothing is sent: the page reckons from how the test " +
        "customers were scored.",
      own: "Your own figures",
      missed_churner: "A customer who leaves uncalled",
      wasted_incentive: "An incentive for one who stays anyway",
      saved_customer: "An incentive that keeps one",
      unit: "USD",
      reset: "The model’s figures",
      wrong: "Enter amounts from 0; keeping a customer must not cost more than losing one.",
      axisX: "Threshold",
      axisY: "USD per customer",
      handle: "Threshold",
      spoken: (/** @type {number} */ t, /** @type {number} */ usd) =>
        `${format.share(t)}, ${format.cents(usd)} per customer`,
      chart: "Cost per customer by threshold",
      chosen: "At this threshold",
      least: (/** @type {number} */ t) => `Least, at ${format.share(t)}`,
      nothing: "If nobody is called",
      each: "per customer",
      useLeast: "Go to the least cost",
      useModel: (/** @type {number} */ t) => `The model’s: ${format.share(t, 1)}`,
      breakEven: (/** @type {number} */ p) => `An incentive pays from a risk of ${format.share(p, 1)} on.`,
      never: "With these figures no incentive ever pays.",
      absent: "This version was tested before the figures for this were kept.",
    },
    matrix: {
      title: "Decisions at this threshold",
      called: "Offer made",
      left: "No offer",
      churned: "Left",
      stayed: "Stayed",
      tp: "found",
      fn: "missed",
      fp: "called for nothing",
      tn: "left in peace",
      told: (/** @type {number} */ tp, /** @type {number} */ churners, /** @type {number} */ fp) =>
        `${format.count(tp)} of ${format.count(churners)} churners are found; ${format.count(fp)} loyal ` +
        `${fp === 1 ? "customer is" : "customers are"} called too.`,
    },
    calibration: {
      title: "Can the probabilities be believed?",
      help: "Groups of customers by predicted risk, and how many of each really left. On the line, they agree.",
      axisX: "Predicted",
      axisY: "Left",
      customers: "Customers",
      table: "The figures",
      chart: "Predicted and observed share of churners",
    },
    scores: {
      title: "How well they are told apart",
      help: "How many test customers got which risk. The scale is logarithmic.",
      churners: "left",
      others: "stayed",
      axisX: "Risk",
      chart: "Test customers by risk",
      bin: (/** @type {number} */ from, /** @type {number} */ to, /** @type {number} */ left, /** @type {number} */ stayed) =>
        `${format.share(from)}–${format.share(to)}: ${format.count(left)} left, ${format.count(stayed)} stayed`,
    },
    bias: {
      title: "Does it treat groups alike?",
      help: "The difference from all other customers, with the interval that chance allows. The gate refuses a model " +
        "whose whole interval lies beyond the marks.",
      group: "Group",
      customers: "Customers",
      AD: "Accuracy, points",
      RD: "Churners found, points",
      few: "too few to tell",
      fine: "within the limits",
      beyond: "beyond the limit",
      spoken: (/** @type {string} */ value, /** @type {string} */ low, /** @type {string} */ high) =>
        `${value}, from ${low} to ${high}`,
      none: "No group is marked in the schema, or the report has none.",
    },
    drift: {
      title: "Do customers still look the same?",
      none: "No watch has reported yet.",
      noneHelp: "Once customers have been scored for a while, this compares them with those that the model learnt from.",
      few: "Too few customers to compare.",
      period: (/** @type {string} */ from, /** @type {string} */ to, /** @type {number} */ count) =>
        `${from} to ${to}, ${customers(count)}`,
      fine: "Nothing has moved more than chance explains.",
      moved: (/** @type {number} */ count) => (count === 1 ? "One field has moved." : `${count} fields have moved.`),
      field: "Field",
      index: "Shift",
      indexHelp: "Population stability index: from 0.1 on somewhat, from 0.2 on much",
      verdict: "Verdict",
      drifted: "moved",
      steady: "steady",
      prediction: "Predicted risk",
      more: (/** @type {number} */ count) => (count === 1 ? "One steady field" : `${count} steady fields`),
    },
    live: {
      title: "Is it still as good?",
      none: "Not known yet.",
      noneHelp: "Once it is known which of the customers left, this sets practice beside the test.",
      told: (/** @type {number} */ count, /** @type {number} */ left, /** @type {string} */ when) =>
        `${customers(count)} whose fate is known, ${format.count(left)} of whom left; looked at ${when}.`,
      fine: "As good as when it was tested.",
      worse: "Worse than when it was tested.",
      measure: "Measure",
      now: "In practice",
      interval: "Interval",
      then: "When tested",
      fell: "worse",
      holds: "holds",
    },
    versions: {
      title: "Versions",
      since: "In service since",
      liveSince: (/** @type {string} */ when) => `in service since ${when}`,
      version: "Version",
      registered: "Registered",
      approval: "Decision",
      live: "in service",
      approvals: { Approved: "approved", Rejected: "rejected", PendingManualApproval: "waiting for a decision" },
      precision: "Average precision",
      cost: "Cost per customer",
      note: "Each on its own run’s test customers.",
    },
    missing: {
      title: "What this report comes without",
      of: (/** @type {string} */ part, /** @type {string} */ version) => `${part} of version ${version}`,
      parts: { description: "Details", evaluation: "Evaluation", bias: "Fairness", watch: "The latest watch" },
      why: {
        "not named": "the version names none",
        gone: "no longer there",
        elsewhere: "kept elsewhere",
        refused: "the page may not read it",
        "no answer": "no answer; try again in a minute",
        "another form": "in a form that is not known here",
      },
    },
  },
};
