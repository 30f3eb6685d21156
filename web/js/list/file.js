/** From a file to rows that can be scored: read in slices, so that the page stays alive. */

import { problem } from "../customer/validate.js";
import { site } from "../site.js";
import { text } from "../texts.js";
import { customerOf, hasDecimalCommas, planOf } from "./columns.js";
import { CsvError, decode, delimiterOf, rowsOf } from "./csv.js";

const MOST_BYTES = 50 * 1024 * 1024;
const MOST_ROWS = 100_000;
/** Half a frame at 60 Hz: the browser gets the other half. */
const SLICE_MS = 8;
/** Spreadsheets may say so in a first line. */
const SAYS_DELIMITER = /^sep=(.)(\r\n|\r|\n)/;

/**
 * @typedef {object} Row
 * @property {number} line Where it begins in the file.
 * @property {string} name What the file calls the customer.
 * @property {string[]} cells As they were.
 * @property {Record<string, unknown>|null} customer null where it breaks rules.
 * @property {string} problem Why it cannot be scored.
 * @property {import("./score.js").Score|null} score
 *
 * @typedef {{name: string, header: string[], delimiter: string, decimalComma: boolean, extra: number,
 *   rows: Row[]}} Table
 */

/** Let the browser draw and answer before going on. */
export const breathe = () => new Promise((resolve) => {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = () => resolve(undefined);
  port1.postMessage(null);
});

/**
 * @param {File} file
 * @returns {Promise<Table>}
 * @throws {CsvError} "large" where it is more than the page scores itself.
 */
export async function readTable(file) {
  if (file.size > MOST_BYTES) throw new CsvError("large");
  let content = decode(new Uint8Array(await file.arrayBuffer()));
  const said = content.match(SAYS_DELIMITER);
  if (said) content = content.slice(said[0].length);
  const delimiter = said ? said[1] : delimiterOf(content);
  const lines = await all(rowsOf(content, delimiter), said ? 1 : 0);
  const head = lines.shift();
  if (!head || !lines.length) throw new CsvError("empty");
  const header = head.cells.map((cell) => cell.trim());
  const inputs = /** @type {import("./columns.js").Column[]} */ ([...site.inputs.values()]);
  const plan = planOf(header, /** @type {any} */ (site.attributes), site.identifier);
  const decimalComma = hasDecimalCommas(lines.map(({ cells }) => cells), plan, inputs);
  const rows = [];
  for await (const { line, cells } of inSlices(lines)) {
    rows.push(rowOf(line, cells, plan, inputs, decimalComma));
  }
  return { name: file.name, header, delimiter, decimalComma, extra: plan.extra, rows };
}

/**
 * @param {Generator<{line: number, cells: string[]}>} rows
 * @param {number} before Lines that were taken off.
 */
async function all(rows, before) {
  const lines = [];
  for await (const row of inSlices(rows)) {
    if (lines.length > MOST_ROWS) throw new CsvError("large");
    lines.push({ ...row, line: row.line + before });
  }
  return lines;
}

/**
 * @template T
 * @param {Iterable<T>} things
 */
async function* inSlices(things) {
  let until = performance.now() + SLICE_MS;
  for (const thing of things) {
    yield thing;
    if (performance.now() < until) continue;
    await breathe();
    until = performance.now() + SLICE_MS;
  }
}

/**
 * @param {number} line
 * @param {string[]} cells
 * @param {import("./columns.js").Plan} plan
 * @param {import("./columns.js").Column[]} inputs
 * @param {boolean} decimalComma
 * @returns {Row}
 */
function rowOf(line, cells, plan, inputs, decimalComma) {
  const name = plan.names.map((place) => (cells[place] ?? "").trim()).join(" ").trim() || text.list.row(line);
  const row = { line, name, cells, score: null };
  if (cells.length !== plan.width) {
    const rule = text.list.columnsShort(cells.length, plan.width);
    return { ...row, customer: null, problem: text.sentence(text.list.row(line), rule) };
  }
  const { customer, wrong } = customerOf(cells, plan, inputs, decimalComma);
  const problems = wrong.map((one) => {
    const attribute = /** @type {import("../site.js").Attribute} */ (site.inputs.get(one.name));
    return text.sentence(attribute.label, problem(attribute, one.isMissing).rule);
  });
  return { ...row, customer: wrong.length ? null : customer, problem: problems.join(" ") };
}
