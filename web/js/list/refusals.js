/** The rows that could not be scored, each with its reasons. */

import { el } from "../dom.js";
import { text } from "../texts.js";

const SHOWN = 50;

export function refusals() {
  const title = el("summary", {});
  const list = el("ul", {});
  const more = el("p", { class: "soft" });
  const node = el("details", { class: "card refusals", hidden: true },
    title, el("p", { class: "soft" }, text.list.badHelp), list, more);
  let before = 0;
  return {
    node,
    /** @param {import("./file.js").Row[]} rows */
    show(rows) {
      const bad = rows.filter(({ problem }) => problem);
      if (bad.length === before) return;
      before = bad.length;
      node.hidden = !bad.length;
      title.textContent = text.list.bad(bad.length);
      list.replaceChildren(...bad.slice(0, SHOWN).map(({ line, name, problem }) => {
        const at = text.list.row(line);
        return el("li", {}, el("strong", {}, name === at ? at : `${at}, ${name}`), el("span", {}, problem));
      }));
      more.hidden = bad.length <= SHOWN;
      more.textContent = text.list.badMore(bad.length - SHOWN);
    },
  };
}
