/** What became of the test customers, by decision: a table of four numbers that says what each means. */

import { el } from "../dom.js";
import { text } from "../texts.js";

/** @param {import("./costs.js").Counted} counted */
export function matrix({ customers, churners, outcomes }) {
  const words = text.model.matrix;
  const body = el("tbody", {});
  const told = el("p", { class: "soft" });
  const cell = (/** @type {"tp"|"fn"|"fp"|"tn"} */ name, /** @type {number} */ count, /** @type {number} */ of) => {
    const node = el("td", { class: name, "data-cell": name },
      el("strong", {}, text.count(count)), el("span", {}, words[name]));
    node.style.setProperty("--share", String(of ? count / of : 0));
    return node;
  };
  const node = el("div", {},
    el("table", { class: "matrix-table" }, el("caption", { class: "unseen" }, words.title),
      el("thead", {}, el("tr", {}, el("td", {}),
        el("th", { scope: "col" }, words.called), el("th", { scope: "col" }, words.left))),
      body), told);
  return {
    node,
    /** @param {number} place Of the threshold. */
    show(place) {
      const [tp, fp] = [outcomes.tp[place], outcomes.fp[place]];
      const others = customers - churners;
      body.replaceChildren(
        el("tr", {}, el("th", { scope: "row" }, words.churned),
          cell("tp", tp, churners), cell("fn", churners - tp, churners)),
        el("tr", {}, el("th", { scope: "row" }, words.stayed),
          cell("fp", fp, others), cell("tn", others - fp, others)));
      told.textContent = words.told(tp, churners, fp);
    },
  };
}
