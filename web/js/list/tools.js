/** What narrows the table down: a search and a choice of decisions. */

import { el } from "../dom.js";
import { text } from "../texts.js";

const PAUSE_MS = 150;

/**
 * @param {{filter: "all"|"risky"|"safe"|"refused", search: string}} wanted Written to.
 * @param {() => void} onChange
 */
export function tools(wanted, onChange) {
  const search = /** @type {HTMLInputElement} */ (el("input", {
    type: "search", id: "list-search", autocomplete: "off", placeholder: text.list.searchHelp, spellcheck: "false",
  }));
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  search.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      wanted.search = search.value;
      onChange();
    }, PAUSE_MS);
  });
  const choices = Object.entries(text.list.filters).map(([value, words]) => {
    const id = `list-filter-${value}`;
    const radio = /** @type {HTMLInputElement} */ (
      el("input", { type: "radio", name: "list-filter", id, value, checked: value === wanted.filter }));
    radio.addEventListener("change", () => {
      wanted.filter = /** @type {typeof wanted.filter} */ (value);
      onChange();
    });
    return el("span", { class: "choice" }, radio, el("label", { for: id }, words));
  });
  return el("div", { class: "tools" },
    el("div", { class: "tool" },
      el("label", { for: "list-search" }, text.list.search), el("div", { class: "box" }, search)),
    el("div", { class: "tool" }, el("span", { class: "label", id: "list-filter" }, text.list.filter),
      el("div", { class: "choices", role: "radiogroup", "aria-labelledby": "list-filter" }, ...choices)));
}
