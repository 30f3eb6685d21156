/** The reasons as a signed bar chart: one sentence a reason, bars to the left lower the risk. */

import { el } from "../dom.js";
import { language } from "../language.js";
import { site, valueText } from "../site.js";
import { text } from "../texts.js";

const SHOWN = 5;
const SLIGHT = 0.05; // log-odds, as in ml/reasons.py

/** @typedef {{attribute: string, label: string, contribution: number, text: string}} Reason */

/**
 * A reason in the page's language.
 * @param {Reason} reason
 * @param {Record<string, unknown>} customer
 */
export function sentence({ attribute: name, contribution, text: told }, customer) {
  const attribute = site.inputs.get(name);
  if (language === "en" || !attribute) return told;
  const does = Math.abs(contribution) < SLIGHT ? "hardly" : contribution > 0 ? "raises" : "lowers";
  return text.reason("", attribute.label, valueText(attribute, customer[name]), does);
}

/**
 * @param {Reason[]} reasons Strongest first.
 * @param {Record<string, unknown>} customer
 * @returns {HTMLElement}
 */
export function reasonChart(reasons, customer) {
  const largest = Math.max(...reasons.map(({ contribution }) => Math.abs(contribution)), 1e-9);
  const list = (/** @type {Reason[]} */ some) =>
    el("ol", { class: "reasons" }, ...some.map((reason) => row(reason, largest, customer)));
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
 * @param {Record<string, unknown>} customer
 */
function row(reason, largest, customer) {
  const raises = reason.contribution > 0;
  const bar = el("span", { class: `bar-fill ${raises ? "high" : "low"}` });
  bar.style.setProperty("--share", (Math.abs(reason.contribution) / largest).toFixed(3));
  return el(
    "li",
    { "data-attribute": reason.attribute },
    el("span", { class: "sentence" }, sentence(reason, customer)),
    el("span", { class: "bar-track", "aria-hidden": "true" }, bar),
  );
}
