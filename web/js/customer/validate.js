/** The schema's rules in the browser: the same rules, said in the same words, as the API's. */

import { text } from "../texts.js";

/**
 * One attribute of schema/features.json.
 * @typedef {object} Attribute
 * @property {string} name
 * @property {string} label
 * @property {"integer"|"number"|"category"|"boolean"} type
 * @property {"input"|"label"|"dropped"} role
 * @property {string} [help]
 * @property {string} [group]
 * @property {string} [unit]
 * @property {number} [minimum]
 * @property {number} [maximum]
 * @property {number} [step]
 * @property {string[]} [categories]
 * @property {Record<string, string>} [category_labels]
 *
 * @typedef {{field: string, rule: string, remedy: string}} Problem
 */

const MANY_CATEGORIES = 12;
// A plain decimal: a grouping mark would be a guess, and a wrong guess a wrong score.
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)$/;
// Where decimals are written with a comma it is no guess; both marks in one number are, and a comma in a whole number.
const WITH_COMMA = /^[^.,]*,[^.,]*$/;

/**
 * The value that a field's text stands for; undefined when it stands for none.
 * @param {Attribute} attribute
 * @param {string} entered
 * @param {boolean} decimalComma Whether a comma may be the decimal mark.
 */
export function parse(attribute, entered, decimalComma = text.decimalComma) {
  let trimmed = entered.trim();
  if (attribute.type === "boolean") return { true: true, false: false }[trimmed];
  if (attribute.type === "category") return trimmed || undefined;
  if (decimalComma && attribute.type === "number" && WITH_COMMA.test(trimmed)) trimmed = trimmed.replace(",", ".");
  return NUMBER.test(trimmed) ? Number(trimmed) : undefined;
}

/**
 * The rule that a field's text breaks; null when it is fine.
 * @param {Attribute} attribute
 * @param {string} entered
 * @returns {Problem|null}
 */
export function check(attribute, entered) {
  if (!entered.trim()) return problem(attribute, true);
  return allows(attribute, parse(attribute, entered)) ? null : problem(attribute, false);
}

/**
 * What is wrong with a field, and how to mend it.
 * @param {Attribute} attribute
 * @param {boolean} isMissing
 * @returns {Problem}
 */
export function problem(attribute, isMissing) {
  const rule = ruleOf(attribute);
  return {
    field: attribute.name,
    rule: isMissing ? text.missing : text.mustBe(rule),
    remedy: remedyOf(attribute, rule),
  };
}

/**
 * Whether a value keeps the rule; undefined never does.
 * @param {Attribute} attribute
 * @param {string|number|boolean|undefined} value
 */
export function allows(attribute, value) {
  if (value === undefined) return false;
  if (attribute.type === "boolean") return true;
  if (attribute.type === "category") return attribute.categories?.includes(String(value)) ?? false;
  const { minimum = -Infinity, maximum = Infinity } = attribute;
  const inside = Number(value) >= minimum && Number(value) <= maximum;
  return inside && (attribute.type === "number" || Number.isInteger(value));
}

/**
 * How to keep the rule.
 * @param {Attribute} attribute
 * @param {string} rule
 */
function remedyOf({ label, categories = [], category_labels }, rule) {
  return categories.length > MANY_CATEGORIES && category_labels
    ? text.remedyFromList(label, categories[0])
    : text.remedy(label, rule);
}

/**
 * What values are allowed, in words that follow "must be".
 * @param {Attribute} attribute
 */
function ruleOf({ type, categories = [], minimum, maximum, unit }) {
  if (type === "boolean") return text.yesOrNo;
  if (type === "category") {
    return categories.length <= MANY_CATEGORIES ? text.oneOf(categories) : text.oneOfMany(categories);
  }
  const words = [type === "integer" ? text.wholeNumber : text.anyNumber];
  if (minimum !== undefined && maximum !== undefined) {
    words.push(text.between(text.number(minimum), text.number(maximum)));
  } else if (minimum !== undefined) words.push(text.atLeast(text.number(minimum)));
  else if (maximum !== undefined) words.push(text.atMost(text.number(maximum)));
  if (unit) words.push(unit);
  return words.join(" ");
}
