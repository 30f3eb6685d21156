/** Which column of a file is which field, and a row as a customer. */

import { allows, parse } from "../customer/validate.js";
import { CsvError } from "./csv.js";

/**
 * @typedef {import("../customer/validate.js").Attribute
 *   & {column: string, csv_values?: Record<string, boolean>}} Column
 * @typedef {{places: Map<string, number>, names: number[], extra: number, width: number}} Plan
 *   Where each field is, which columns name the customer, how many columns the model does not use.
 */

const IDS = new Set(["id", "customerid", "customer", "clientid", "customernumber", "idcliente", "cliente", "idklienta",
  "klient"]);
const TRUE = new Set(["true", "yes", "1", "sí", "si", "tak", "y"]);
const FALSE = new Set(["false", "no", "0", "nie", "n"]);
const DECIMAL_COMMA = /^[+-]?\d+,(\d{1,2}|\d{4,})$/;
const DECIMAL_POINT = /^[+-]?\d*\.\d+$/;

/** Letters and digits only: "Int'l Plan", "intl_plan" and "INTL PLAN" are one name. */
export const plainly = (/** @type {string} */ name) => name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, "");

/**
 * @param {string[]} header
 * @param {Column[]} attributes All that the raw data have.
 * @param {string[]} identifier The attributes that tell customers apart.
 * @returns {Plan}
 * @throws {CsvError} When an input is missing or there twice.
 */
export function planOf(header, attributes, identifier) {
  const found = header.map(plainly);
  const inputs = attributes.filter(({ role }) => role === "input");
  const where = ({ name, column, label }) => {
    const known = new Set([name, column, label].map(plainly));
    return found.flatMap((one, place) => (known.has(one) ? [place] : []));
  };
  const places = new Map(inputs.map((attribute) => [attribute.name, where(attribute)]));
  const missing = inputs.filter(({ name }) => !places.get(name)?.length);
  if (missing.length) throw new CsvError("missing", missing.map(({ label }) => label));
  const twice = inputs.filter(({ name }) => (places.get(name)?.length ?? 0) > 1);
  if (twice.length) throw new CsvError("twice", twice.map(({ label }) => label));
  const own = found.findIndex((one) => IDS.has(one));
  const parts = identifier.map((name) => attributes.find((attribute) => attribute.name === name)).map(
    (attribute) => (attribute ? where(attribute)[0] ?? -1 : -1));
  return {
    places: new Map([...places].map(([name, [place]]) => [name, place])),
    names: own >= 0 ? [own] : parts.every((place) => place >= 0) ? parts : [],
    extra: header.length - inputs.length,
    width: header.length,
  };
}

/**
 * Whether a file writes decimals with a comma: some number does that cannot be thousands, and none has a point.
 * @param {Iterable<string[]>} rows
 * @param {Plan} plan
 * @param {Column[]} inputs
 */
export function hasDecimalCommas(rows, plan, inputs) {
  const numbers = inputs.filter(({ type }) => type === "number").map(({ name }) => plan.places.get(name) ?? -1);
  let commas = false;
  for (const cells of rows) {
    for (const place of numbers) {
      const cell = (cells[place] ?? "").trim();
      if (DECIMAL_POINT.test(cell)) return false;
      commas ||= DECIMAL_COMMA.test(cell);
    }
  }
  return commas;
}

/**
 * A row as a customer, and the fields that keep it from being one.
 * @param {string[]} cells
 * @param {Plan} plan
 * @param {Column[]} inputs
 * @param {boolean} decimalComma
 */
export function customerOf(cells, plan, inputs, decimalComma) {
  /** @type {Record<string, unknown>} */
  const customer = {};
  /** @type {{name: string, isMissing: boolean}[]} */
  const wrong = [];
  for (const attribute of inputs) {
    const cell = (cells[plan.places.get(attribute.name) ?? -1] ?? "").trim();
    const value = valueOf(attribute, cell, decimalComma);
    if (allows(attribute, value)) customer[attribute.name] = value;
    else wrong.push({ name: attribute.name, isMissing: !cell });
  }
  return { customer, wrong };
}

/**
 * @param {Column} attribute
 * @param {string} cell
 * @param {boolean} decimalComma
 */
function valueOf(attribute, cell, decimalComma) {
  const { type, csv_values: written = {}, categories = [], category_labels: names = {} } = attribute;
  if (type === "boolean") {
    if (Object.hasOwn(written, cell)) return written[cell];
    const plain = cell.toLowerCase();
    return TRUE.has(plain) ? true : FALSE.has(plain) ? false : undefined;
  }
  if (type === "category") {
    if (categories.includes(cell)) return cell;
    const plain = cell.toLowerCase();
    return categories.find((one) => one.toLowerCase() === plain || names[one]?.toLowerCase() === plain);
  }
  return parse(attribute, cell, decimalComma);
}
