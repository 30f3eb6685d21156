/** What came before and after: the versions of the model, and whether customers still look as they did. */

import { el } from "../dom.js";
import { site } from "../site.js";
import { text } from "../texts.js";
import { section } from "./money.js";

/** Fields that are shown at once, unless more have moved. */
const FIRST = 4;

/**
 * @typedef {{version: string, registered_at: string, approval: string, in_service: boolean,
 *   live_since: string|null, average_precision: number|null, cost_per_customer: number|null}} Version
 * @param {Version[]} versions
 */
export function versionList(versions) {
  const words = text.model.versions;
  const heads = [words.version, words.registered, words.approval, words.since, words.precision, words.cost];
  const rows = versions.map((one) => el("tr", { class: one.in_service ? "live" : undefined },
    el("th", { scope: "row" }, one.version, one.in_service ? el("span", { class: "pill low" }, words.live) : null),
    el("td", {}, text.when(one.registered_at)),
    el("td", {}, words.approvals[/** @type {keyof typeof words.approvals} */ (one.approval)] ?? one.approval),
    el("td", {}, one.live_since ? text.when(one.live_since) : "–"),
    el("td", { class: "number" }, one.average_precision === null ? "–" : text.metric(one.average_precision)),
    el("td", { class: "number" }, one.cost_per_customer === null ? "–" : text.cents(one.cost_per_customer))));
  return section("versions", words.title,
    table(words.title, heads, rows, new Set([4, 5])), el("p", { class: "fine" }, words.note));
}

/**
 * What the report comes without, so that a gap is not taken for a finding.
 * @param {{part: string, version: string|null, why: string}[]} missing
 */
export function missingParts(missing) {
  const words = text.model.missing;
  const named = (/** @type {{part: string, version: string|null, why: string}} */ { part, version, why }) => {
    const what = words.parts[/** @type {keyof typeof words.parts} */ (part)] ?? part;
    return `${version ? words.of(what, version) : what}: ${words.why[/** @type {keyof typeof words.why} */ (why)] ?? why}`;
  };
  return section("missing", words.title, el("ul", { class: "soft" }, ...missing.map((one) => el("li", {}, named(one)))));
}

/**
 * @typedef {{name: string, stability_index: number, drifted: boolean}} Moved
 * @typedef {{from: string, to: string, customers: number, verdict: "calm"|"drifted"|"too few", fields: Moved[]}} Drift
 * @param {Drift|null|undefined} drift
 */
export function driftReport(drift) {
  const words = text.model.drift;
  const told = (/** @type {string} */ lead, /** @type {string} */ more) =>
    [el("p", { class: "lead" }, lead), el("p", { class: "soft" }, more)];
  if (!drift) return section("drift", words.title, ...told(words.none, words.noneHelp));
  const { from, to, customers, verdict, fields } = drift;
  const moved = fields.filter(({ drifted }) => drifted).length;
  const found = verdict === "too few" ? words.few : moved ? words.moved(moved) : words.fine;
  const when = words.period(text.when(from), text.when(to), customers);
  const head = told(found, fields.length ? `${when}. ${words.indexHelp}.` : `${when}.`);
  if (!fields.length) return section("drift", words.title, ...head);
  const most = Math.max(0.25, ...fields.map((one) => one.stability_index));
  const heads = [words.field, words.index, words.verdict];
  const shown = Math.max(moved, FIRST);
  const rest = fields.slice(shown);
  return section("drift", words.title, ...head,
    table(words.title, heads, fields.slice(0, shown).map((one) => moves(one, most))),
    rest.length ? el("details", {}, el("summary", {}, words.more(rest.length)),
      table(words.title, heads, rest.map((one) => moves(one, most)))) : null);
}

/**
 * @param {Moved} field
 * @param {number} most
 */
function moves({ name, stability_index: index, drifted }, most) {
  const words = text.model.drift;
  const bar = el("span", { class: `shift ${drifted ? "high" : "low"}`, "aria-hidden": "true" });
  bar.style.setProperty("--share", String(index / most));
  const label = name === "prediction" ? words.prediction : site.inputs.get(name)?.label ?? name;
  return el("tr", {}, el("th", { scope: "row" }, label),
    el("td", { class: "shift-cell" }, el("span", {}, text.metric(index)), bar),
    el("td", {}, el("span", { class: `pill ${drifted ? "high" : "low"}` }, drifted ? words.drifted : words.steady)));
}

/**
 * @typedef {{name: string, live: number, live_low: number, live_high: number, registered: number, worse: boolean}} Judged
 * @param {{to: string, customers: number, churners: number, worse: boolean, metrics: Judged[]}|null|undefined} quality
 */
export function liveQuality(quality) {
  const words = text.model.live;
  if (!quality) {
    return section("live", words.title, el("p", { class: "lead" }, words.none), el("p", { class: "soft" }, words.noneHelp));
  }
  const { to, customers, churners, worse, metrics } = quality;
  const heads = [words.measure, words.now, words.interval, words.then, text.model.drift.verdict];
  return section("live", words.title, el("p", { class: "lead" }, worse ? words.worse : words.fine),
    el("p", { class: "soft" }, words.told(customers, churners, text.when(to))),
    table(words.title, heads, metrics.map(judged), new Set([1, 2, 3])));
}

/** @param {Judged} measure */
function judged({ name, live, live_low: low, live_high: high, registered, worse }) {
  const words = text.model.live;
  const cost = name === "expected_cost_per_customer";
  const shown = cost ? text.cents : text.metric;
  const label = cost ? text.model.versions.cost : text.metrics[/** @type {keyof typeof text.metrics} */ (name)] ?? name;
  return el("tr", { "data-metric": name }, el("th", { scope: "row" }, label),
    el("td", { class: "number" }, shown(live)), el("td", { class: "number" }, `${shown(low)}–${shown(high)}`),
    el("td", { class: "number" }, shown(registered)),
    el("td", {}, el("span", { class: `pill ${worse ? "high" : "low"}` }, worse ? words.fell : words.holds)));
}

/**
 * @param {string} label
 * @param {string[]} heads
 * @param {Node[]} rows
 * @param {Set<number>} numbers Columns of numbers.
 */
function table(label, heads, rows, numbers = new Set()) {
  return el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": label },
    el("table", { class: "plain" },
      el("thead", {}, el("tr", {}, ...heads.map((head, place) =>
        el("th", { scope: "col", class: numbers.has(place) ? "number" : undefined }, head)))),
      el("tbody", {}, ...rows)));
}
