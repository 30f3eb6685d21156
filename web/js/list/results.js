/** The results as a file: the columns as they were, and what the model said of each customer. */

import { el } from "../dom.js";
import { site } from "../site.js";
import { text } from "../texts.js";
import { breathe } from "./file.js";
import { written } from "./csv.js";

const REASONS = 3;
const PER_PART = 2000;

/** @param {import("./file.js").Table} table */
export async function download({ name, header, delimiter, decimalComma, rows }) {
  const { probability, decision, offer, reason, problem } = text.list.outcome;
  const reasons = Array.from({ length: REASONS }, (_, place) => `${reason}_${place + 1}`);
  const head = [...header, probability, decision, offer, ...reasons, problem];
  const parts = [written([head], delimiter)];
  for (let at = 0; at < rows.length; at += PER_PART) {
    const some = rows.slice(at, at + PER_PART).map((row) =>
      [...fitted(row.cells, header.length), ...outcome(row, decimalComma)]);
    parts.push(written(some, delimiter).slice(1)); // one byte order mark is enough
    await breathe();
  }
  save(new Blob(parts, { type: "text/csv" }), name.replace(/(\.[^.]*)?$/, `-${decision}.csv`));
}

/** A row that was too short or too long must not push the results into other columns. */
const fitted = (/** @type {string[]} */ cells, /** @type {number} */ width) =>
  Array.from({ length: width }, (_, place) => cells[place] ?? "");

/**
 * @param {import("./file.js").Row} row
 * @param {boolean} decimalComma
 */
function outcome({ score, problem }, decimalComma) {
  if (!score) return ["", "", "", ...Array(REASONS).fill(""), problem];
  const probability = String(score.probability);
  const shown = decimalComma ? probability.replace(".", ",") : probability;
  const decision = text.decision[score.churn ? "true" : "false"];
  return [shown, decision, score.offer?.text ?? "", ...fitted(score.reasons, REASONS), ""];
}

/** A file with the right header and the example customers, to fill in. */
export function downloadTemplate() {
  const inputs = [...site.inputs.values()];
  const delimiter = text.decimalComma ? ";" : ",";
  const cell = (/** @type {any} */ value) =>
    typeof value === "boolean" ? (value ? "yes" : "no") : typeof value === "number" ? text.number(value) : value;
  const rows = Object.entries(site.examples).map(([name, customer]) =>
    [name, ...inputs.map((attribute) => cell(customer[attribute.name]))]);
  const head = ["id", ...inputs.map(({ name }) => name)];
  save(new Blob([written([head, ...rows], delimiter)], { type: "text/csv" }), "customers.csv");
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const href = URL.createObjectURL(blob);
  const link = /** @type {HTMLAnchorElement} */ (el("a", { href, download: name, hidden: true }));
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(href), 60_000);
}
