/** Axes and lines in plain SVG, drawn at the width that there is, so that letters keep their size on a phone. */

import { el, svg } from "../dom.js";

const MARGIN = { top: 30, right: 14, bottom: 42, left: 54 };

/**
 * @typedef {object} Scale
 * @property {(value: number) => number} x To pixels.
 * @property {(value: number) => number} y
 * @property {number} width
 * @property {number} height
 * @property {{top: number, right: number, bottom: number, left: number}} margin
 */

/**
 * Draw a chart, and again when its width changes.
 * @param {number} height
 * @param {(width: number, height: number) => SVGElement} draw
 */
export function chart(height, draw) {
  const node = el("div", { class: "chart" });
  let width = 0;
  const redraw = () => {
    if (width) node.replaceChildren(draw(width, height));
  };
  new ResizeObserver(([{ contentRect }]) => {
    const now = Math.round(contentRect.width);
    if (now === width) return;
    width = now;
    redraw();
  }).observe(node);
  return { node, redraw };
}

/**
 * The frame of a chart: grid, ticks, names of the axes.
 * @param {object} options
 * @param {number} options.width
 * @param {number} options.height
 * @param {[number, number]} options.x From, to.
 * @param {[number, number]} options.y
 * @param {{at: number, label: string}[]} options.xTicks
 * @param {{at: number, label: string}[]} options.yTicks
 * @param {string} options.xName
 * @param {string} options.yName
 * @param {string} options.label What the chart says, for those who do not see it; empty where something in it says it.
 */
export function frame({ width, height, x, y, xTicks, yTicks, xName, yName, label }) {
  const margin = MARGIN;
  const [right, bottom] = [width - margin.right, height - margin.bottom];
  const along = (/** @type {[number, number]} */ [low, high], /** @type {number} */ from, /** @type {number} */ to) =>
    (/** @type {number} */ value) => from + ((value - low) / (high - low || 1)) * (to - from);
  /** @type {Scale} */
  const scale = { x: along(x, margin.left, right), y: along(y, bottom, margin.top), width, height, margin };
  const picture = svg("svg", {
    width: String(width), height: String(height), viewBox: `0 0 ${width} ${height}`,
    ...(label ? { role: "img", "aria-label": label } : {}),
  });
  const hidden = { "aria-hidden": "true" };
  const axes = svg("g", { class: "axes", ...hidden });
  for (const { at, label: words } of yTicks) {
    axes.append(line(margin.left, scale.y(at), right, scale.y(at), "grid"),
      svg("text", { x: String(margin.left - 8), y: String(scale.y(at) + 4), "text-anchor": "end" }, words));
  }
  for (const { at, label: words } of xTicks) {
    axes.append(svg("text", { x: String(scale.x(at)), y: String(bottom + 18), "text-anchor": "middle" }, words));
  }
  axes.append(line(margin.left, bottom, right, bottom, "base"),
    svg("text", { class: "axis-name", x: String(right), y: String(height - 4), "text-anchor": "end" }, xName),
    svg("text", { class: "axis-name", x: "0", y: "12", "text-anchor": "start" }, yName));
  picture.append(axes);
  return { picture, scale };
}

/**
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 * @param {string} css
 */
export const line = (x1, y1, x2, y2, css) => svg("line", {
  class: css, x1: x1.toFixed(1), y1: y1.toFixed(1), x2: x2.toFixed(1), y2: y2.toFixed(1) });

/**
 * @param {[number, number][]} points
 * @param {Scale} scale
 * @param {string} css
 */
export const path = (points, scale, css) => svg("path", {
  class: css,
  d: points.map(([x, y], place) => `${place ? "L" : "M"}${scale.x(x).toFixed(1)} ${scale.y(y).toFixed(1)}`).join(""),
});

/** Round steps from 0 up to at least a value, some four of them. */
export function steps(/** @type {number} */ most) {
  const rough = most / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, place) => place * step);
}
