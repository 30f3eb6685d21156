/** The cost curve, whose threshold is dragged, or moved by the keys. */

import { svg } from "../dom.js";
import { text } from "../texts.js";
import { chart, frame, line, path, steps } from "./chart.js";
import { costAt, leastPlace, nearest } from "./costs.js";

const HEIGHT = 300;
const KEYS = {
  ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10, Home: -1000, End: 1000,
};

/**
 * @param {import("./costs.js").Counted} counted
 * @param {{costs: import("./costs.js").Costs, place: number}} chosen Read each time it is drawn.
 * @param {(place: number) => void} onMove
 */
export function curve(counted, chosen, onMove) {
  const { thresholds } = counted.outcomes;
  /** @type {SVGElement|null} */
  let handle = null;
  let dragging = false;

  const { node, redraw } = chart(HEIGHT, (width, height) => {
    const points = thresholds.map((at, place) =>
      /** @type {[number, number]} */ ([at, costAt(counted, chosen.costs, place)]));
    const nothing = costAt(counted, chosen.costs, -1);
    // The dear end of the curve says little: twice what doing nothing costs is enough to see.
    const yTicks = steps(Math.min(Math.max(...points.map(([, cost]) => cost), nothing) || 1, 2 * nothing || Infinity));
    const top = yTicks[yTicks.length - 1];
    const { picture, scale } = frame({
      width, height, x: [0, 1], y: [0, top],
      xTicks: [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, label: text.share(at) })),
      yTicks: yTicks.map((at) => ({ at, label: text.count(at) })),
      xName: text.model.cost.axisX, yName: text.model.cost.axisY, label: "",
    });
    picture.setAttribute("role", "group");
    picture.setAttribute("aria-label", text.model.cost.chart);
    const [at, cost] = points[chosen.place];
    const least = points[leastPlace(counted, chosen.costs)];
    const inside = (/** @type {[number, number]} */ [x, y]) => /** @type {[number, number]} */ ([x, Math.min(y, top)]);
    picture.append(
      line(scale.x(0), scale.y(nothing), scale.x(1), scale.y(nothing), "nothing"),
      path(points.map(inside), scale, "cost"),
      svg("circle", { class: "least", cx: scale.x(least[0]).toFixed(1), cy: scale.y(least[1]).toFixed(1), r: "4" }));
    handle = svg("g", {
      class: "handle", role: "slider", tabindex: "0", "aria-label": text.model.cost.handle, "aria-valuemin": "0",
      "aria-valuemax": "1", "aria-valuenow": String(at), "aria-valuetext": text.model.cost.spoken(at, cost),
    },
      line(scale.x(at), scale.margin.top, scale.x(at), height - scale.margin.bottom, "handle-line"),
      svg("circle", { cx: scale.x(at).toFixed(1), cy: scale.y(Math.min(cost, top)).toFixed(1), r: "9" }));
    picture.append(handle);
    listen(picture, (x) => (x - scale.margin.left) / (scale.x(1) - scale.x(0)));
    return picture;
  });

  /**
   * @param {SVGElement} picture
   * @param {(x: number) => number} toShare
   */
  function listen(picture, toShare) {
    const follow = (/** @type {PointerEvent} */ event) => {
      const place = nearest(thresholds, toShare(event.clientX - picture.getBoundingClientRect().left));
      if (place !== chosen.place) onMove(place);
    };
    picture.addEventListener("pointerdown", (event) => {
      dragging = true;
      follow(event);
    });
    picture.addEventListener("keydown", (event) => {
      const by = KEYS[/** @type {keyof typeof KEYS} */ (event.key)];
      if (by === undefined) return;
      event.preventDefault();
      onMove(Math.max(0, Math.min(thresholds.length - 1, chosen.place + by)));
    });
    // The picture is drawn anew while it is dragged: what moves is heard by what stays.
    node.onpointermove = (event) => {
      if (dragging) follow(event);
    };
    node.onpointerdown = (event) => node.setPointerCapture(event.pointerId);
    node.onpointerup = node.onpointercancel = () => {
      dragging = false;
    };
  }

  return {
    node,
    show() {
      const focused = handle !== null && document.activeElement === handle;
      redraw();
      if (focused) handle?.focus();
    },
  };
}
