/** Leads through the pages of a table. */

import { el } from "../dom.js";
import { text } from "../texts.js";

/**
 * @param {number} perPage
 * @param {(page: number) => void} onPage
 */
export function pager(perPage, onPage) {
  let [page, last] = [0, 0];
  const words = el("p", { class: "pager-words", role: "status" });
  const turn = (/** @type {string} */ sign, /** @type {string} */ label, /** @type {() => number} */ to) => {
    const button = el("button", { class: "quiet", type: "button", "aria-label": label }, sign);
    button.addEventListener("click", () => {
      // Not `disabled`, which would drop the focus at the last page.
      if (button.getAttribute("aria-disabled") !== "true") onPage(to());
    });
    return button;
  };
  const back = [turn("«", text.list.first, () => 0), turn("‹", text.list.previous, () => page - 1)];
  const on = [turn("›", text.list.next, () => page + 1), turn("»", text.list.last, () => last)];
  const node = el("nav", { class: "pager", "aria-label": text.list.pages }, ...back, words, ...on);
  return {
    node,
    /**
     * @param {number} now
     * @param {number} all How many rows there are.
     */
    show(now, all) {
      [page, last] = [now, Math.max(0, Math.ceil(all / perPage) - 1)];
      node.hidden = !all;
      words.textContent = text.list.page(page * perPage + 1, Math.min((page + 1) * perPage, all), all);
      for (const one of back) one.setAttribute("aria-disabled", String(page === 0));
      for (const one of on) one.setAttribute("aria-disabled", String(page === last));
    },
  };
}
