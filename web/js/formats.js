/** Numbers, money and dates the way a language writes them. The currency is the costs': USD. */

/** @param {string} locale A language tag, with or without a region. */
export function formats(locale) {
  const shares = [0, 1, 2, 3].map((digits) =>
    new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: digits }));
  const signed = new Intl.NumberFormat(locale, { maximumFractionDigits: 0, signDisplay: "exceptZero" });
  const decimal = new Intl.NumberFormat(locale, { minimumFractionDigits: 3, maximumFractionDigits: 3 });
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 6, useGrouping: false });
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  const money = (/** @type {number} */ digits) => new Intl.NumberFormat(locale,
    { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol",
      minimumFractionDigits: digits, maximumFractionDigits: digits });
  const [dollars, cents] = [money(0), money(2)];
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
  const plural = new Intl.PluralRules(locale);
  const comma = plain.format(0.5).includes(",");

  return {
    /** Whether decimals are written with a comma. */
    decimalComma: comma,
    share: (/** @type {number} */ value, digits = 0) => shares[digits].format(value),
    /** A difference of shares in whole points, with its sign. */
    points: (/** @type {number} */ value) => signed.format(Math.round(value * 100) || 0),
    metric: (/** @type {number} */ value) => decimal.format(value),
    number: (/** @type {number} */ value) => plain.format(value),
    count: (/** @type {number} */ value) => whole.format(value),
    dollars: (/** @type {number} */ value) => dollars.format(value),
    cents: (/** @type {number} */ value) => cents.format(value),
    when: (/** @type {string} */ iso) => day.format(new Date(iso)),
    /**
     * The form of a word that goes with a number.
     * @param {number} count
     * @param {Partial<Record<Intl.LDMLPluralRule, string>> & {other: string}} forms
     */
    plural: (count, forms) => forms[plural.select(count)] ?? forms.other,
  };
}

/**
 * How probabilities are written: near 0 or 1 they keep their digits, and no risk is ever shown as none or as certain.
 * @param {ReturnType<typeof formats>} format
 * @param {string} under What stands for less than one in a thousand.
 * @param {string} over
 */
export function risks(format, under, over) {
  const risk = (/** @type {number} */ p) =>
    p < 0.001 ? under : p > 0.999 ? over : format.share(p, p < 0.01 || p > 0.99 ? 1 : 0);
  /** Risk and threshold with as many digits as it takes to see which is larger. */
  const apart = (/** @type {number} */ p, /** @type {number} */ threshold) =>
    risk(p) === risk(threshold) ? [format.share(p, 3), format.share(threshold, 3)] : [risk(p), risk(threshold)];
  return { risk, apart };
}
