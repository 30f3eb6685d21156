/** The customers as a table: sorted, filtered, a page at a time, so that ten thousand are as light as fifty. */

import { el } from "../dom.js";
import { text } from "../texts.js";
import { linkTo } from "../customer/draft.js";
import { pager } from "./pager.js";
import { tools } from "./tools.js";

const PER_PAGE = 50;

/**
 * @typedef {import("./file.js").Row} Row
 * @typedef {"name"|"risk"|"offer"} Key
 */

const KEYS = {
  name: (/** @type {Row} */ row) => row.name,
  risk: (/** @type {Row} */ { score }) => score?.probability ?? -1,
  offer: (/** @type {Row} */ { score }) => (score ? score.offer?.value ?? 0 : -1),
};
const MATCHES = {
  all: () => true,
  risky: (/** @type {Row} */ { score }) => Boolean(score?.churn),
  safe: (/** @type {Row} */ { score }) => Boolean(score && !score.churn),
  refused: (/** @type {Row} */ { problem }) => Boolean(problem),
};

/** @param {Row[]} rows */
export function customerTable(rows) {
  const order = { key: /** @type {Key} */ ("risk"), down: true };
  const wanted = { filter: /** @type {keyof typeof MATCHES} */ ("all"), search: "" };
  let page = 0;
  let threshold = 0.5;
  const collator = new Intl.Collator(undefined, { numeric: true });

  const heads = /** @type {[keyof typeof text.list.columns, Key|null][]} */ (
    [["name", "name"], ["risk", "risk"], ["decision", null], ["offer", "offer"], ["reason", null]]
  ).map(([column, key]) => head(column, key));
  const body = el("tbody", {});
  const nothing = el("p", { class: "soft nothing", hidden: true }, text.list.nothing);
  const pages = pager(PER_PAGE, (to) => {
    page = to;
    draw();
  });
  const node = el("section", { class: "card customers" },
    tools(wanted, () => {
      page = 0;
      draw();
    }),
    el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": text.list.caption },
      el("table", {}, el("caption", { class: "unseen" }, text.list.caption),
        el("thead", {}, el("tr", {}, ...heads.map(({ cell }) => cell))), body)),
    nothing, pages.node);

  /**
   * @param {keyof typeof text.list.columns} column
   * @param {Key|null} key
   */
  function head(column, key) {
    const words = text.list.columns[column];
    if (!key) return { key, cell: el("th", { scope: "col", class: `col-${column}` }, words) };
    const button = el("button", { type: "button", class: "sort" }, words);
    button.addEventListener("click", () => {
      // Names from A on, risks and worths from the top.
      order.down = order.key === key ? !order.down : key !== "name";
      order.key = key;
      page = 0;
      draw();
    });
    return { key, cell: el("th", { scope: "col", class: `col-${column}` }, button) };
  }

  function found() {
    const search = wanted.search.trim().toLowerCase();
    const matches = MATCHES[wanted.filter];
    const has = (/** @type {string} */ words) => words.toLowerCase().includes(search);
    const some = rows.filter((row) => matches(row) && (!search || has(row.name) || row.cells.some(has)));
    const value = KEYS[order.key];
    const sign = order.down ? -1 : 1;
    const compared = order.key === "name"
      ? (/** @type {Row} */ a, /** @type {Row} */ b) => collator.compare(a.name, b.name)
      : (/** @type {Row} */ a, /** @type {Row} */ b) => Number(value(a)) - Number(value(b));
    // Equal ones keep the file's order.
    return some.sort((a, b) => sign * compared(a, b) || a.line - b.line);
  }

  function draw() {
    const all = found();
    page = Math.max(0, Math.min(page, Math.ceil(all.length / PER_PAGE) - 1));
    const from = page * PER_PAGE;
    body.replaceChildren(...all.slice(from, from + PER_PAGE).map((row) => rowNode(row, threshold)));
    nothing.hidden = all.length > 0;
    pages.show(page, all.length);
    for (const { key, cell } of heads) {
      if (key === order.key) cell.setAttribute("aria-sort", order.down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    }
  }

  return {
    node,
    /** @param {{threshold: number}|undefined} model */
    show(model) {
      threshold = model?.threshold ?? threshold;
      draw();
    },
  };
}

/**
 * @param {Row} row
 * @param {number} threshold
 */
function rowNode(row, threshold) {
  const name = row.customer
    ? el("a", { href: linkTo(row.customer), "aria-label": text.list.open(row.name) }, row.name)
    : el("span", {}, row.name);
  const first = el("th", { scope: "row", class: "col-name" }, name);
  const { score } = row;
  if (!score) {
    return el("tr", { class: row.problem ? "refused" : "pending" }, first,
      el("td", { class: "col-risk" }, "–"),
      el("td", { class: "col-decision" }, row.problem ? text.list.notScored : text.list.pending),
      el("td", { class: "col-offer" }), el("td", { class: "col-reason" }, row.problem));
  }
  const tone = score.churn ? "high" : "low";
  const fill = el("span", { class: `risk-fill ${tone}` });
  const bar = el("span", { class: "risk-bar", "aria-hidden": "true" }, fill);
  bar.style.setProperty("--threshold", String(threshold));
  fill.style.setProperty("--at", String(score.probability));
  return el("tr", {}, first,
    el("td", { class: "col-risk" }, el("span", { class: "risk-number" }, text.risk(score.probability)), bar),
    el("td", { class: "col-decision" },
      el("span", { class: `pill ${tone}` }, text.list.filters[score.churn ? "risky" : "safe"])),
    el("td", { class: "col-offer" }, ...(score.offer
      ? [score.offer.text, el("span", { class: "soft" }, text.list.offerValue(score.offer.value))]
      : [el("span", { class: "soft" }, text.list.noOffer)])),
    el("td", { class: "col-reason" }, score.reasons[0] ?? ""));
}
