/** The offers of this deployment, tried on the customer: the one with the highest expected value first. */

import { el } from "../dom.js";
import { language } from "../language.js";
import { offerText, site, valueText } from "../site.js";
import { text } from "../texts.js";

/**
 * @typedef {{name: string, text: string, cost_usd: number, changes: Record<string, unknown>, probability: number,
 *   effect: number, expected_value_usd: number}} Offer
 */

/**
 * @param {{probability: number, offers?: Offer[], suggested_offer?: string|null}} prediction
 * @param {Record<string, unknown>} customer
 */
export function offerList({ probability, offers = [], suggested_offer: suggested }, customer) {
  if (!offers.length) return null;
  const best = offers.find(({ name }) => name === suggested);
  const others = offers.filter((offer) => offer !== best);
  return el(
    "section",
    { class: "offers", "aria-labelledby": "offers-title" },
    el("h3", { id: "offers-title" }, best ? text.offers.title : text.offers.none),
    best ? card(best, probability, customer) : el("p", { class: "soft" }, text.offers.noneHelp),
    others.length
      ? el("details", {}, el("summary", {}, text.offers.others(others.length)),
        ...others.map((offer) => card(offer, probability, customer)))
      : null,
  );
}

/**
 * @param {Offer} offer
 * @param {number} before
 * @param {Record<string, unknown>} customer
 */
function card(offer, before, customer) {
  const pays = offer.expected_value_usd > 0;
  const words = offerText(offer);
  const foreign = words === offer.text && language !== "en";
  return el(
    "div",
    { class: `offer-card ${pays ? "pays" : ""}`, "data-offer": offer.name },
    el("div", { class: "offer-head" },
      el("p", { class: "offer-name", lang: foreign ? "en" : undefined }, words),
      el("p", { class: "offer-value" }, el("strong", {}, text.dollars(offer.expected_value_usd)),
        el("span", {}, text.offers.value))),
    // Where the settings have no text in this language, what the offer changes says what it is too.
    foreign ? el("p", { class: "soft" }, changesOf(offer, customer)) : null,
    el("p", { class: "soft" },
      `${text.offers.effect(before, offer.probability)} · ${text.offers.cost(offer.cost_usd)}`),
  );
}

/**
 * @param {Offer} offer
 * @param {Record<string, unknown>} customer
 */
function changesOf({ changes }, customer) {
  return Object.entries(changes).flatMap(([field, value]) => {
    const attribute = site.inputs.get(field);
    return attribute
      ? [text.offers.change(attribute.label, valueText(attribute, customer[field]), valueText(attribute, value))]
      : [];
  }).join("; ");
}
