/** What all views know of the site: the fields of a customer, the examples, and where the API is. */

import { load } from "./api.js";
import { language } from "./language.js";
import { configure } from "./sign_in.js";
import { text } from "./texts.js";

/**
 * @typedef {import("./customer/validate.js").Attribute} Attribute
 * @typedef {{labels: Record<string, string>, groups: Record<string, string>, help: Record<string, string>,
 *   units: Record<string, string>, categories: Record<string, Record<string, string>>}} Overlay
 */

export const site = {
  api: "/api",
  environment: "",
  madeUp: false,
  /** @type {{id: string, label: string}[]} */
  groups: [],
  /** @type {Map<string, Attribute>} Inputs by name, in the form's order. */
  inputs: new Map(),
  /** @type {Attribute[]} Every column of the raw data, inputs or not. */
  attributes: [],
  /** @type {string[]} Names of the attributes that tell customers apart. */
  identifier: [],
  /** @type {Record<string, Record<string, any>>} */
  examples: {},
  /** @type {Record<string, Record<string, string>>} Texts of offers in other languages than English, by their names. */
  offers: {},
  /** @type {Record<string, string>} Names of groups of customers, where the language has its own. */
  facets: {},
};

/** Fetch schema and settings, and the schema's words in the page's language. */
export async function loadSite() {
  const words = language === "en" ? {} : load(`/text/schema.${language}.json`);
  const [{ schema, examples }, config, overlay] = await Promise.all(
    [load("/schema.json"), load("/config.json"), words]);
  site.api = config.api;
  site.environment = config.environment;
  site.madeUp = config.made_up_data;
  site.offers = config.offers ?? {};
  configure(config.sign_in);
  site.examples = examples;
  site.identifier = schema.identifier ?? [];
  site.groups = schema.groups.map((/** @type {any} */ group) =>
    ({ ...group, label: overlay.groups?.[group.id] ?? group.label }));
  site.attributes = schema.attributes.map((/** @type {Attribute} */ attribute) => translated(attribute, overlay));
  const inputs = site.attributes.filter(({ role }) => role === "input");
  site.inputs = new Map(inputs.map((attribute) => [attribute.name, attribute]));
  site.facets = overlay.facets ?? {};
}

/**
 * @param {Attribute} attribute
 * @param {Partial<Overlay>} overlay
 */
function translated(attribute, { labels = {}, help = {}, units = {}, categories = {} }) {
  return {
    ...attribute,
    label: labels[attribute.name] ?? attribute.label,
    help: help[attribute.name] ?? attribute.help,
    unit: units[attribute.unit ?? ""] ?? attribute.unit,
    category_labels: categories[attribute.name] ?? attribute.category_labels,
  };
}

/**
 * An offer in the page's language, or as the API names it.
 * @param {{name: string, text: string}} offer
 */
export function offerText({ name, text: named }) {
  return site.offers[name]?.[language] ?? named;
}

/**
 * A field's value in words, with its unit.
 * @param {Attribute} attribute
 * @param {any} value
 */
export function valueText({ type, unit, category_labels: names = {} }, value) {
  if (type === "boolean") return value ? text.yes : text.no;
  if (type === "category") return names[value] ?? String(value);
  return unit ? `${text.number(value)} ${unit}` : text.number(value);
}
