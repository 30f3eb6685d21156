/** How good the model is: its figures, whether its probabilities hold, and how well it tells customers apart. */

import { el, svg } from "../dom.js";
import { text } from "../texts.js";
import { chart, frame, line, path } from "./chart.js";
import { section } from "./money.js";

const HEIGHT = 280;

/** @param {Record<string, number>} metrics */
export function quality(metrics) {
  const known = Object.entries(text.model.explained).filter(([name]) => typeof metrics[name] === "number");
  return el("section", { class: "tiles metrics", "aria-label": text.model.quality }, ...known.map(([name, help]) =>
    el("div", { class: "card tile", "data-metric": name },
      el("p", { class: "tile-number" }, text.metric(metrics[name])),
      el("p", { class: "tile-words" }, text.metrics[/** @type {keyof typeof text.metrics} */ (name)]),
      el("p", { class: "fine" }, help))));
}

/** @param {{predicted: number, observed: number, n_customers: number}[]} groups */
export function calibration(groups) {
  const words = text.model.calibration;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, label: text.share(at) }));
  const { node } = chart(HEIGHT, (width, height) => {
    const { picture, scale } = frame({ width, height, x: [0, 1], y: [0, 1], xTicks: ticks, yTicks: ticks,
      xName: words.axisX, yName: words.axisY, label: words.chart });
    const points = groups.map(({ predicted, observed }) => /** @type {[number, number]} */ ([predicted, observed]));
    picture.append(path([[0, 0], [1, 1]], scale, "guide"), path(points, scale, "observed"),
      ...points.map(([x, y]) => svg("circle", {
        class: "observed-point", cx: scale.x(x).toFixed(1), cy: scale.y(y).toFixed(1), r: "4.5" })));
    return picture;
  });
  const rows = groups.map(({ predicted, observed, n_customers: count }) => el("tr", {},
    el("td", {}, text.share(predicted, 1)), el("td", {}, text.share(observed, 1)), el("td", {}, text.count(count))));
  const heads = [words.axisX, words.axisY, words.customers].map((head) => el("th", { scope: "col" }, head));
  return section("calibration", words.title, el("p", { class: "soft" }, words.help), node,
    el("details", {}, el("summary", {}, words.table),
      el("table", { class: "plain" }, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...rows))));
}

/**
 * @param {{edges: number[], churners: number[], others: number[]}} scores
 * @param {number} threshold
 */
export function scores({ edges, churners, others }, threshold) {
  const words = text.model.scores;
  const most = Math.max(...churners, ...others, 1);
  const tall = (/** @type {number} */ count) => Math.log10(1 + count);
  const decades = [0, 1, 10, 100, 1000, 10_000, 100_000].filter((count) => count <= most || count < 10);
  const { node } = chart(HEIGHT, (width, height) => {
    const { picture, scale } = frame({ width, height, x: [0, 1], y: [0, tall(most) * 1.05],
      xTicks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, label: text.share(at) })),
      yTicks: decades.map((count) => ({ at: tall(count), label: text.count(count) })),
      xName: words.axisX, yName: text.model.calibration.customers, label: words.chart });
    const floor = scale.y(0);
    edges.slice(0, -1).forEach((from, place) => {
      const [left, right] = [scale.x(from), scale.x(edges[place + 1])];
      const wide = (right - left - 3) / 2;
      const title = svg("title", {}, words.bin(from, edges[place + 1], churners[place], others[place]));
      const bar = (/** @type {number} */ count, /** @type {number} */ x, /** @type {string} */ css) => svg("rect", {
        class: css, x: x.toFixed(1), y: scale.y(tall(count)).toFixed(1), width: Math.max(wide, 1).toFixed(1),
        height: (floor - scale.y(tall(count))).toFixed(1), rx: "1.5" });
      picture.append(svg("g", {}, title,
        bar(others[place], left + 1, "low"), bar(churners[place], left + 2 + wide, "high")));
    });
    picture.append(line(scale.x(threshold), scale.margin.top, scale.x(threshold), floor, "threshold"));
    return picture;
  });
  return section("scores", words.title, el("p", { class: "soft" }, words.help),
    el("p", { class: "legend" },
      el("span", { class: "low" }, words.others), el("span", { class: "high" }, words.churners)),
    node);
}
