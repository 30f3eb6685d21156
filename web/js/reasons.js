/** The reasons as a signed bar chart: one sentence a reason, bars to the left lower the risk. */

import { text } from "../text/en.js";
import { el } from "./dom.js";

const SHOWN = 5;

/** @typedef {{attribute: string, label: string, contribution: number, text: string}} Reason */

/**
 * @param {Reason[]} reasons Strongest first.
 * @returns {HTMLElement}
 */
export function reasonChart(reasons) {
  const largest = Math.max(...reasons.map(({ contribution }) => Math.abs(contribution)), 1e-9);
  const list = (/** @type {Reason[]} */ some) =>
    el("ol", { class: "reasons" }, ...some.map((reason) => row(reason, largest)));
  const rest = reasons.slice(SHOWN);
  return el(
    "div",
    { class: "why" },
    el("h3", {}, text.reasonsTitle),
    el("div", { class: "axis", "aria-hidden": "true" },
      el("span", {}, text.lowers), el("span", {}, text.raises)),
    list(reasons.slice(0, SHOWN)),
    rest.length
      ? el("details", {}, el("summary", {}, text.moreReasons(rest.length)), list(rest))
      : null,
  );
}

/**
 * @param {Reason} reason
 * @param {number} largest
 */
function row(reason, largest) {
  const raises = reason.contribution > 0;
  const bar = el("span", { class: `bar-fill ${raises ? "high" : "low"}` });
  bar.style.setProperty("--share", (Math.abs(reason.contribution) / largest).toFixed(3));
  return el(
    "li",
    { "data-attribute": reason.attribute },
    el("span", { class: "sentence" }, reason.text),
    el("span", { class: "bar-track", "aria-hidden": "true" }, bar),
  );
}
