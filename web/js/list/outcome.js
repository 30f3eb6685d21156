/** What came of a file that was scored as a whole: its figures, the rules that rows broke, and the files to fetch. */

import { Failure, ask, loadFrom } from "../api.js";
import { announce, el } from "../dom.js";
import { site } from "../site.js";
import { text } from "../texts.js";
import { figureTiles } from "./summary.js";

/**
 * @typedef {"result"|"refusals"|"report"} Kind
 * @typedef {{field: string, rule: string, rows: number}} Broken
 */

/** @param {string} id Of the batch. */
export const lookAt = (id, /** @type {AbortSignal|undefined} */ signal = undefined) =>
  ask(`${site.api}/batches/${encodeURIComponent(id)}`, { signal });

/**
 * @param {{id: string, files: Record<Kind, {url: string}>}} told The batch, done.
 * @returns {Promise<{scored: number, nodes: HTMLElement[]}>}
 * @throws {Failure}
 */
export async function outcome({ id, files }) {
  const report = await loadFrom(files.report.url);
  const { rows_scored: scored, rows_refused: refused, to_call: risky } = report;
  const sums = { scored, risky, loss: report.expected_loss_usd, saving: report.expected_saving_usd };
  const read = el("p", { class: "fine" }, text.list.batch.of(report.rows_read));
  const tiles = el("section", { class: "tiles" }, ...figureTiles(sums, report.model?.costs, read));
  return { scored, nodes: refused ? [tiles, rules(id, refused, report.refused_by_rule)] : [tiles] };
}

/**
 * Why rows are not what is asked for: a field's value, or how a row is written.
 * @param {Broken} found
 */
const broken = ({ field, rule }) =>
  text.sentence(field ? site.inputs.get(field)?.label ?? field : text.list.batch.row, rule);

/**
 * @param {string} id
 * @param {number} refused
 * @param {Broken[]} found
 */
function rules(id, refused, found) {
  const fetcher = el("button", { class: "link", type: "button" }, text.list.batch.refusals);
  fetcher.addEventListener("click", () => fetchFile(id, "refusals"));
  return el("details", { class: "card refusals", open: true },
    el("summary", {}, text.list.bad(refused)),
    el("p", { class: "soft" }, text.list.badHelp),
    el("ul", {}, ...found.map((one) =>
      el("li", {}, el("strong", {}, text.list.batch.rows(one.rows)), el("span", {}, broken(one))))),
    fetcher);
}

/**
 * Addresses of files hold for minutes, so each time a new one is asked for.
 * @param {string} id
 * @param {Kind} kind
 */
export async function fetchFile(id, kind) {
  try {
    const { files } = await lookAt(id);
    const link = el("a", { href: files[kind].url, hidden: true });
    document.body.append(link);
    link.click();
    link.remove();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const failed = error.kind === "invalid" || error.kind === "cancelled" ? "broken" : error.kind;
    announce(`${text.failure[failed][0]}.`, { seen: true });
  }
}
