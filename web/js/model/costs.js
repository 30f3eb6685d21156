/** What decisions cost, reckoned from how many customers each threshold calls: ml/money.py's rules, and no customer. */

/**
 * @typedef {{missed_churner: number, wasted_incentive: number, saved_customer: number}} Costs
 * @typedef {{thresholds: number[], tp: number[], fp: number[]}} Outcomes
 * @typedef {{customers: number, churners: number, outcomes: Outcomes}} Counted
 */

/**
 * Whether costs can be used: finite, not negative, and losing a customer never cheaper than keeping one.
 * @param {Costs} costs
 */
export function areUsable({ missed_churner: missed, wasted_incentive: wasted, saved_customer: saved }) {
  return [missed, wasted, saved].every((cost) => Number.isFinite(cost) && cost >= 0) && saved <= missed;
}

/**
 * USD per customer when nobody, or those at a threshold, are called.
 * @param {Counted} counted
 * @param {Costs} costs
 * @param {number} place Of the threshold; -1 for calling nobody.
 */
export function costAt({ customers, churners, outcomes }, costs, place) {
  const [tp, fp] = place < 0 ? [0, 0] : [outcomes.tp[place], outcomes.fp[place]];
  const sum = costs.missed_churner * (churners - tp) + costs.saved_customer * tp + costs.wasted_incentive * fp;
  return sum / customers;
}

/**
 * The probability from which an incentive pays; 1 where none ever does.
 * @param {Costs} costs
 */
export function breakEven({ missed_churner: missed, wasted_incentive: wasted, saved_customer: saved }) {
  const gain = missed - saved;
  return gain > 0 ? wasted / (wasted + gain) : 1;
}

/**
 * Place of the threshold with the least cost; the middle one when several tie. Only hundredths are looked at, as in
 * training: the model's own threshold may lie between them.
 * @param {Counted} counted
 * @param {Costs} costs
 */
export function leastPlace(counted, costs) {
  const grid = counted.outcomes.thresholds.flatMap((threshold, place) =>
    (Math.abs(threshold * 100 - Math.round(threshold * 100)) < 1e-9 ? [place] : []));
  const least = Math.min(...grid.map((place) => costAt(counted, costs, place)));
  const tied = grid.filter((place) => costAt(counted, costs, place) <= least + 1e-9);
  return tied[Math.floor(tied.length / 2)];
}

/**
 * Place of the threshold that is nearest.
 * @param {number[]} thresholds
 * @param {number} wanted
 */
export function nearest(thresholds, wanted) {
  let best = 0;
  thresholds.forEach((threshold, place) => {
    if (Math.abs(threshold - wanted) < Math.abs(thresholds[best] - wanted)) best = place;
  });
  return best;
}
