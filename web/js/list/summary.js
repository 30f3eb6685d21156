/** What the list amounts to: how many are at risk, what that costs, and how the risks are spread. */

import { el, svg } from "../dom.js";
import { text } from "../texts.js";

const BINS = 50;
const HEIGHT = 64;

/**
 * @typedef {import("./file.js").Row} Row
 * @typedef {import("../model/costs.js").Costs} Costs
 * @typedef {{threshold: number, costs?: Costs}} Model
 */

/**
 * @param {Row[]} rows
 * @param {Model["costs"]} costs
 */
export function figuresOf(rows, costs) {
  const bins = new Array(BINS).fill(0);
  let [scored, risky, loss, saving] = [0, 0, 0, 0];
  for (const { score } of rows) {
    if (!score) continue;
    const { probability: p, churn } = score;
    scored += 1;
    bins[Math.min(Math.floor(p * BINS), BINS - 1)] += 1;
    if (churn) risky += 1;
    if (!costs) continue;
    loss += p * costs.missed_churner;
    if (churn) saving += p * (costs.missed_churner - costs.saved_customer) - (1 - p) * costs.wasted_incentive;
  }
  return { scored, risky, loss, saving, bins };
}

export function summary() {
  const node = el("section", { class: "tiles", hidden: true });
  return {
    node,
    /**
     * @param {Row[]} rows
     * @param {Model|undefined} model
     */
    show(rows, model) {
      const { scored, risky, loss, saving, bins } = figuresOf(rows, model?.costs);
      node.hidden = !scored || !model;
      if (node.hidden || !model) return;
      const below = spread(bins, model.threshold, scored - risky, risky);
      node.replaceChildren(...figureTiles({ scored, risky, loss, saving }, model.costs, below));
    },
  };
}

/**
 * @param {{scored: number, risky: number, loss: number, saving: number}} figures
 * @param {Model["costs"]} costs
 * @param {Element} more What stands below the number of customers.
 */
export function figureTiles({ scored, risky, loss, saving }, costs, more) {
  const { tiles } = text.list;
  const note = (/** @type {string} */ words) => el("p", { class: "fine" }, words);
  return [
    tile(text.count(scored), tiles.scored, more),
    tile(text.count(risky), tiles.risky, note(tiles.share(scored ? risky / scored : 0)), "high"),
    ...(costs ? [
      tile(text.dollars(loss), tiles.loss, note(tiles.lossHelp(costs.missed_churner))),
      tile(text.dollars(saving), tiles.saving, note(tiles.savingHelp(costs.saved_customer)), "low"),
    ] : []),
  ];
}

/**
 * @param {string} number
 * @param {string} words
 * @param {Element} more
 */
function tile(number, words, more, tone = "") {
  return el("div", { class: `card tile ${tone}` },
    el("p", { class: "tile-number" }, number), el("p", { class: "tile-words" }, words), more);
}

/**
 * How the risks are spread; heights are logarithmic, since most customers are safe.
 * @param {number[]} bins
 * @param {number} threshold
 * @param {number} below
 * @param {number} above
 */
function spread(bins, threshold, below, above) {
  const tallest = Math.log1p(Math.max(...bins, 1));
  const width = 200 / BINS;
  const bars = bins.map((count, place) => {
    const height = count ? Math.max((Math.log1p(count) / tallest) * HEIGHT, 2) : 0;
    return svg("rect", {
      class: (place + 0.5) / BINS >= threshold ? "high" : "low",
      x: String(place * width), y: String(HEIGHT - height), width: String(width - 0.8), height: String(height),
    });
  });
  return svg("svg", {
    class: "spread", viewBox: `0 0 200 ${HEIGHT + 1}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `${text.list.spread}: ${text.list.spreadLabel(below, above)}`,
  }, ...bars, svg("line", { x1: "0", x2: "200", y1: String(HEIGHT + 0.5), y2: String(HEIGHT + 0.5) }));
}
