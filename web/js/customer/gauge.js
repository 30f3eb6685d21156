/** The probability as a picture: a half circle, filled up to it, with the threshold marked. */

import { text } from "../texts.js";
import { svg } from "../dom.js";

const CENTRE = { x: 130, y: 128 };
const RADIUS = 100;

/**
 * @param {{probability: number, threshold: number, churn: boolean}|null} risk null for the empty gauge
 * @returns {SVGElement}
 */
export function gauge(risk) {
  const label = risk ? text.gauge(risk.probability, risk.threshold) : undefined;
  const picture = svg("svg", {
    class: "gauge",
    viewBox: "-8 0 276 152",
    role: risk ? "img" : undefined,
    "aria-label": label,
    "aria-hidden": risk ? undefined : "true",
  });
  picture.append(svg("path", { class: "gauge-track", d: arc(0, 1) }));
  if (!risk) {
    picture.append(svg("circle", { class: "gauge-hub", cx: `${CENTRE.x}`, cy: `${CENTRE.y}`, r: "5" }));
    return picture;
  }
  picture.append(
    svg("path", { class: "gauge-zone", d: arc(risk.threshold, 1) }),
    value(risk),
    ...mark(risk.threshold),
    svg("text", { class: "gauge-number", x: `${CENTRE.x}`, y: `${CENTRE.y - 22}` }, text.risk(risk.probability)),
    svg("text", { class: "gauge-caption", x: `${CENTRE.x}`, y: `${CENTRE.y}` }, text.riskOf),
    svg("text", { class: "gauge-caption small", x: `${CENTRE.x}`, y: `${CENTRE.y + 19}` },
      text.threshold(risk.threshold)),
  );
  return picture;
}

/** @param {{probability: number, churn: boolean}} risk */
function value({ probability, churn }) {
  // A path of length 1, dashed: the dash grows from nothing to the probability.
  const path = svg("path", {
    class: `gauge-value ${churn ? "high" : "low"}`,
    d: arc(0, 1),
    pathLength: "1",
    "stroke-dasharray": "0 2",
  });
  requestAnimationFrame(() => requestAnimationFrame(() => {
    path.style.strokeDasharray = `${Math.max(probability, 0.005)} 2`;
  }));
  return path;
}

/** @param {number} threshold */
function mark(threshold) {
  const [from, to, words] = [RADIUS - 14, RADIUS + 13, RADIUS + 19].map((r) => at(threshold, r));
  const anchor = threshold < 0.4 ? "end" : threshold > 0.6 ? "start" : "middle";
  return [
    svg("line", { class: "gauge-mark", x1: from.x, y1: from.y, x2: to.x, y2: to.y }),
    svg("text", { class: "gauge-note", x: words.x, y: words.y, "text-anchor": anchor }, text.risk(threshold)),
  ];
}

/**
 * @param {number} from Share of the half circle, 0 left to 1 right.
 * @param {number} to
 */
function arc(from, to) {
  const [start, end] = [at(from, RADIUS), at(to, RADIUS)];
  return `M ${start.x} ${start.y} A ${RADIUS} ${RADIUS} 0 0 1 ${end.x} ${end.y}`;
}

/**
 * @param {number} share
 * @param {number} radius
 */
function at(share, radius) {
  const angle = Math.PI * (1 - share);
  return {
    x: (CENTRE.x + radius * Math.cos(angle)).toFixed(2),
    y: (CENTRE.y - radius * Math.sin(angle)).toFixed(2),
  };
}
