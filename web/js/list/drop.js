/** Where a file is dropped or chosen, and where it says what was wrong with the last one. */

import { el } from "../dom.js";
import { text } from "../texts.js";

/**
 * @param {object} options
 * @param {(file: File) => void} options.onFile
 * @param {() => void} options.onTemplate
 * @param {import("./csv.js").CsvError|null} options.problem
 */
export function dropZone({ onFile, onTemplate, problem }) {
  const input = /** @type {HTMLInputElement} */ (el("input", {
    class: "unseen", type: "file", id: "list-file", accept: ".csv,.tsv,.txt,text/csv,text/tab-separated-values",
  }));
  input.addEventListener("change", () => input.files?.[0] && onFile(input.files[0]));
  const template = el("button", { class: "link", type: "button" }, text.list.template);
  template.addEventListener("click", onTemplate);
  const zone = el("div", { class: "card drop" },
    el("div", { class: "drop-icon", "aria-hidden": "true" }),
    el("p", { class: "drop-title" }, text.list.drop),
    el("p", { class: "soft" }, text.list.or),
    el("p", {}, input, el("label", { class: "primary", for: "list-file" }, text.list.pick)),
    el("p", { class: "soft" }, text.list.formats),
    template);
  for (const type of ["dragenter", "dragover"]) {
    zone.addEventListener(type, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  zone.addEventListener("dragleave", (event) => {
    if (!zone.contains(/** @type {Node} */ (event.relatedTarget))) zone.classList.remove("over");
  });
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    const [file] = event.dataTransfer?.files ?? [];
    if (file) onFile(file);
  });
  if (!problem) return zone;
  const said = text.list.problems[problem.problem];
  return el("div", {},
    el("div", { class: "failure", role: "alert" },
      el("p", { class: "failure-title" }, text.list.cannot),
      el("p", {}, typeof said === "function" ? said(/** @type {never} */ (problem.fact)) : said)),
    zone);
}
