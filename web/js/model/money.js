/** The threshold and what it costs: the curve, one's own figures, and the decisions that follow. */

import { el } from "../dom.js";
import { text } from "../texts.js";
import { parse } from "../customer/validate.js";
import { areUsable, breakEven, costAt, leastPlace, nearest } from "./costs.js";
import { curve } from "./curve.js";
import { matrix } from "./matrix.js";

const COSTS = /** @type {const} */ (["missed_churner", "wasted_incentive", "saved_customer"]);

/**
 * @param {{customers: number, churners: number, threshold: number, costs: import("./costs.js").Costs,
 *   outcomes: import("./costs.js").Outcomes|null}} test
 */
export function money(test) {
  const words = text.model.cost;
  const { outcomes } = test;
  if (!outcomes) return [section("cost", words.title, el("p", { class: "soft" }, words.absent))];
  const counted = { ...test, outcomes };
  const modelPlace = nearest(outcomes.thresholds, test.threshold);
  const chosen = { costs: { ...test.costs }, place: modelPlace };
  const picture = curve(counted, chosen, moveTo);
  const decisions = matrix(counted);
  const figures = el("dl", { class: "figures" });
  const pays = el("p", { class: "soft" });
  const wrong = el("p", { class: "field-error", role: "alert", hidden: true }, words.wrong);
  const inputs = COSTS.map((name) => ({ name, input: /** @type {HTMLInputElement} */ (el("input", {
    id: `cost-${name}`, type: "text", inputmode: "decimal", autocomplete: "off" })) }));
  const toLeast = button(words.useLeast, () => moveTo(leastPlace(counted, chosen.costs)));
  const toModel = button(words.useModel(test.threshold), () => moveTo(modelPlace));
  const reset = button(words.reset, () => {
    chosen.costs = { ...test.costs };
    enter();
    show();
  });

  /** @param {number} place */
  function moveTo(place) {
    chosen.place = place;
    show();
  }

  function enter() {
    for (const { name, input } of inputs) input.value = text.number(chosen.costs[name]);
    wrong.hidden = true;
  }

  function show() {
    const least = leastPlace(counted, chosen.costs);
    const figure = (/** @type {string} */ label, /** @type {number} */ usd, /** @type {string} */ css) =>
      el("div", { class: css }, el("dt", {}, label), el("dd", {}, text.cents(usd)));
    figures.replaceChildren(
      figure(words.chosen, costAt(counted, chosen.costs, chosen.place), "chosen"),
      figure(words.least(outcomes?.thresholds[least] ?? 0), costAt(counted, chosen.costs, least), "least"),
      figure(words.nothing, costAt(counted, chosen.costs, -1), "nothing"));
    const even = breakEven(chosen.costs);
    pays.textContent = even < 1 ? words.breakEven(even) : words.never;
    picture.show();
    decisions.show(chosen.place);
  }

  for (const { input } of inputs) {
    input.addEventListener("input", () => {
      const entered = Object.fromEntries(inputs.map((one) => [one.name, amount(one.input.value)]));
      const costs = /** @type {import("./costs.js").Costs} */ (entered);
      wrong.hidden = areUsable(costs);
      if (!areUsable(costs)) return;
      chosen.costs = costs;
      show();
    });
  }
  enter();
  show();
  return [
    section("cost", words.title,
      el("p", { class: "soft" }, words.help),
      el("div", { class: "cost-body" },
        el("div", {}, picture.node, figures, el("div", { class: "buttons" }, toLeast, toModel)),
        el("fieldset", { class: "own" }, el("legend", {}, words.own),
          ...inputs.map(({ name, input }) => el("div", { class: "own-field" },
            el("label", { for: input.id }, words[name]),
            el("div", { class: "box" }, input, el("span", { class: "unit", "aria-hidden": "true" }, words.unit)))),
          wrong, pays, reset))),
    section("matrix", text.model.matrix.title, decisions.node),
  ];
}

/** @param {string} entered */
const amount = (entered) => Number(parse({ name: "cost", label: "", type: "number", role: "input" }, entered) ?? NaN);

/**
 * @param {string} words
 * @param {() => void} onClick
 */
function button(words, onClick) {
  const node = el("button", { class: "quiet small", type: "button" }, words);
  node.addEventListener("click", onClick);
  return node;
}

/**
 * A card of the view, named by its heading.
 * @param {string} name
 * @param {string} title
 * @param {...(Node|null)} children
 */
export function section(name, title, ...children) {
  const id = `model-${name}`;
  return el("section", { class: `card ${name}`, "aria-labelledby": id }, el("h2", { id }, title), ...children);
}
