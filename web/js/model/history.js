/** What came before and after: the versions of the model, and whether customers still look as they did. */

import { el } from "../dom.js";
import { site } from "../site.js";
import { text } from "../texts.js";
import { section } from "./money.js";

/** Fields that are shown at once, unless more have moved. */
const FIRST = 4;

/**
 * @typedef {{version: string, registered_at: string, approval: string, in_service: boolean,
 *   average_precision: number|null, cost_per_customer: number|null}} Version
 * @param {Version[]} versions
 */
export function versionList(versions) {
  const words = text.model.versions;
  const heads = [words.version, words.registered, words.approval, words.precision, words.cost];
  const rows = versions.map((one) => el("tr", { class: one.in_service ? "live" : undefined },
    el("th", { scope: "row" }, one.version, one.in_service ? el("span", { class: "pill low" }, words.live) : null),
    el("td", {}, text.when(one.registered_at)),
    el("td", {}, words.approvals[/** @type {keyof typeof words.approvals} */ (one.approval)] ?? one.approval),
    el("td", { class: "number" }, one.average_precision === null ? "–" : text.metric(one.average_precision)),
    el("td", { class: "number" }, one.cost_per_customer === null ? "–" : text.cents(one.cost_per_customer))));
  return section("versions", words.title,
    table(words.title, heads, rows, new Set([3, 4])), el("p", { class: "fine" }, words.note));
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
