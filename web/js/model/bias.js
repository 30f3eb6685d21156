/** How groups of customers fare: each difference with its interval, and the limits of the gate. */

import { el } from "../dom.js";
import { site } from "../site.js";
import { text } from "../texts.js";
import { section } from "./money.js";

const SHOWN = /** @type {const} */ (["AD", "RD"]);

/**
 * @typedef {{name: string, value: number|null, low?: number, high?: number, limit?: number, beyond?: boolean}} Measure
 * @typedef {{attribute: string, group: string, customers: number, churners: number, measures: Measure[]}} Group
 * @param {Group[]} groups
 */
export function bias(groups) {
  const words = text.model.bias;
  if (!groups.length) return section("bias", words.title, el("p", { class: "soft" }, words.none));
  const heads = [words.group, words.customers, words.AD, words.RD].map((head, place) =>
    el("th", { scope: "col", class: place === 1 ? "number" : undefined }, head));
  /** @type {HTMLElement[]} */
  const bodies = [];
  for (const attribute of new Set(groups.map((group) => group.attribute))) {
    const label = site.inputs.get(attribute)?.label ?? attribute;
    bodies.push(el("tbody", {},
      el("tr", { class: "group-head" }, el("th", { colspan: "4", scope: "rowgroup" }, label)),
      ...groups.filter((group) => group.attribute === attribute).map(row)));
  }
  return section("bias", words.title, el("p", { class: "soft" }, words.help),
    el("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": words.title },
      el("table", { class: "plain" }, el("thead", {}, el("tr", {}, ...heads)), ...bodies)));
}

/** @param {Group} group */
function row({ attribute, group, customers, measures }) {
  const cells = SHOWN.map((name) => el("td", {}, interval(measures.find((one) => one.name === name))));
  return el("tr", {}, el("th", { scope: "row" }, named(attribute, group)),
    el("td", { class: "number" }, text.count(customers)), ...cells);
}

/**
 * @param {string} attribute
 * @param {string} group
 */
function named(attribute, group) {
  const { type, category_labels: names = {} } = site.inputs.get(attribute) ?? { type: "" };
  if (type === "boolean") return { yes: text.yes, no: text.no, true: text.yes, false: text.no }[group] ?? group;
  return site.facets[group] ?? names[group] ?? group;
}

/** @param {Measure|undefined} measure */
function interval(measure) {
  const words = text.model.bias;
  if (!measure || measure.value === null || measure.low === undefined || measure.high === undefined) {
    return el("span", { class: "soft" }, words.few);
  }
  const { value, low, high, limit = 0, beyond = false } = measure;
  // The track shows a bit more than the limits on both sides; what is longer is cut at its ends.
  const reach = Math.max(2 * limit, 1e-9);
  const at = (/** @type {number} */ x) => String(Math.max(0, Math.min(1, (x + reach) / (2 * reach))));
  const track = el("span", { class: `interval ${beyond ? "high" : "low"}`, "aria-hidden": "true" },
    ...["limits", "range", "value"].map((part) => el("span", { class: `interval-${part}` })));
  for (const [name, x] of /** @type {[string, number][]} */ ([["--from", low], ["--to", high], ["--value", value]])) {
    track.style.setProperty(name, at(x));
  }
  const points = text.points;
  const spoken = `${words.spoken(points(value), points(low), points(high))}: ${beyond ? words.beyond : words.fine}`;
  return el("span", { class: "interval-cell" },
    el("span", { class: "interval-number" }, el("span", { "aria-hidden": "true" }, points(value)),
      el("span", { class: "unseen" }, spoken)),
    track);
}
