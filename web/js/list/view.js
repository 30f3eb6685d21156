/** The view of a list: a file in, its customers scored, the riskiest first, and the results out. */

import { Failure } from "../api.js";
import { announce, el } from "../dom.js";
import { text } from "../texts.js";
import { batchView } from "./batch.js";
import { CsvError } from "./csv.js";
import { dropZone } from "./drop.js";
import { readTable } from "./file.js";
import { progressBar } from "./progress.js";
import { refusals } from "./refusals.js";
import { download, downloadTemplate } from "./results.js";
import { scoreAll } from "./score.js";
import { summary } from "./summary.js";
import { customerTable } from "./table.js";

/** How often the table and the figures follow the scoring; the progress follows each answer. */
const REFRESH_MS = 250;

/** @param {HTMLElement} place */
export function start(place) {
  const body = el("div", { class: "list-body" });
  const title = el("h1", { tabindex: "-1" }, text.list.title);
  place.append(el("div", { class: "intro" }, title, el("p", { class: "lede" }, text.list.lede)), body);
  /** @type {AbortController|undefined} Of what is under way. */
  let underWay;
  /** The batch that is shown. */
  let shown = "";
  let unsaved = false;

  addEventListener("beforeunload", (event) => {
    if (unsaved) event.preventDefault();
  });

  function showEmpty(/** @type {CsvError|null} */ problem = null) {
    body.replaceChildren(dropZone({ onFile: open, onTemplate: downloadTemplate, problem }));
  }

  async function open(/** @type {File} */ file) {
    body.replaceChildren(el("p", { class: "card soft", role: "status" }, text.list.reading(file.name)));
    try {
      show(await readTable(file));
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      if (error.problem === "large") showBatch("", file);
      else showEmpty(error);
    }
  }

  /**
   * @param {string} id "" for a file that was not sent.
   * @param {File|null} file
   */
  function showBatch(id, file = null) {
    underWay?.abort();
    underWay = new AbortController();
    shown = id;
    body.replaceChildren(batchView({
      id,
      file,
      signal: underWay.signal,
      onSent(sent) {
        shown = sent;
        showAddress();
      },
      onSending(now) {
        unsaved = now;
      },
      onAnother() {
        if (leave()) history.replaceState(null, "", "#/list");
      },
    }));
  }

  const showAddress = () => history.replaceState(null, "", `#/list?batch=${encodeURIComponent(shown)}`);

  /** Make room for another file, if nothing is lost or whoever works here agrees. */
  function leave() {
    if (unsaved && !confirm(text.list.leave)) return false;
    underWay?.abort();
    unsaved = false;
    shown = "";
    showEmpty();
    title.focus();
    return true;
  }

  /** @param {import("./file.js").Table} table */
  function show(table) {
    const figures = summary();
    const list = customerTable(table.rows);
    const bad = refusals();
    const bar = progressBar({ onStop: () => underWay?.abort(), onResume: run });
    const save = el("button", { class: "primary", type: "button" }, text.list.download);
    save.addEventListener("click", async () => {
      await download(table);
      unsaved = false;
    });
    const another = el("button", { class: "quiet", type: "button" }, text.list.another);
    another.addEventListener("click", leave);
    body.replaceChildren(
      el("section", { class: "card list-file", "aria-label": table.name },
        el("div", {},
          el("h2", {}, text.list.file(table.name, table.rows.length)), el("p", { class: "soft" }, facts(table))),
        el("div", { class: "buttons" }, save, another),
        bar.node),
      figures.node, bad.node, list.node);

    /** @type {ReturnType<typeof setTimeout>|undefined} */
    let timer;
    /** @type {any} */
    let model;
    function refresh() {
      clearTimeout(timer);
      timer = undefined;
      figures.show(table.rows, model);
      list.show(model);
      bad.show(table.rows);
    }

    async function run() {
      underWay = new AbortController();
      const { signal } = underWay;
      bar.begin(table.rows);
      try {
        await scoreAll(table.rows, {
          signal,
          onProgress(answered) {
            model = answered ?? model;
            unsaved = true;
            bar.step(table.rows);
            timer ??= setTimeout(refresh, REFRESH_MS);
          },
          onWait: bar.wait,
        });
        bar.end(table.rows);
        announce(text.list.done(table.rows.filter(({ score }) => score).length));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        bar.stop(table.rows, error);
      } finally {
        refresh();
      }
    }

    refresh();
    run();
  }

  showEmpty();
  return {
    /** Follow the batch of a link; a list that was scored here is not given up for it unasked. */
    open(/** @type {URLSearchParams} */ values) {
      const id = values.get("batch");
      if (id && id !== shown && leave()) showBatch(id);
      if (!id && shown) showAddress();
    },
  };
}

/** @param {import("./file.js").Table} table */
function facts({ delimiter, decimalComma, extra }) {
  const { delimiters, comma, extra: others } = text.list.facts;
  const known = /** @type {Record<string, string>} */ (delimiters)[delimiter];
  return [known, decimalComma ? comma : "", extra > 0 ? others(extra) : ""].filter(Boolean).join(", ");
}
