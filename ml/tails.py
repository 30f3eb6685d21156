"""Tails of two distributions, from their series: what a test's statistic is worth, without loading SciPy."""

from __future__ import annotations

import math

ENOUGH = 1e-16
MOST_TERMS = 10_000


def chi_squared(statistic: float, degrees: int) -> float:
    """Return the probability of a chi-squared value of at least `statistic`.

    The regularised upper incomplete gamma function Q(degrees/2, statistic/2): its series below the mean, its continued
    fraction above (NIST Digital Library of Mathematical Functions, 8.7.1 and 8.9.2; the fraction by Lentz's method).
    """
    a, x = degrees / 2, statistic / 2
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, MOST_TERMS):
            term *= x / (a + n)
            total += term
            if term < total * ENOUGH:
                break
        return max(1 - front * total, 0.0)
    b = x + 1 - a
    c, d = math.inf, 1 / b
    fraction = d
    for n in range(1, MOST_TERMS):
        step = n * (a - n)
        b += 2
        d = 1 / (step * d + b)
        c = b + step / c
        fraction *= c * d
        if abs(c * d - 1) < ENOUGH:
            break
    return min(front * fraction, 1.0)


def kolmogorov(value: float) -> float:
    """Return the probability that Kolmogorov's limiting distribution gives at least `value`.

    ``2 sum (-1)^(k-1) exp(-2 k² value²)``, or, where that is slow, one less
    ``sqrt(2 pi)/value sum exp(-(2k-1)² pi² / (8 value²))`` (Kolmogorov 1933; Marsaglia, Tsang and Wang 2003).
    """
    if value < 0.1:  # less than the smallest difference to 1 that a float can tell
        return 1.0
    if value < 1:
        square = math.pi**2 / (8 * value**2)
        inside = sum(math.exp(-((2 * k - 1) ** 2) * square) for k in range(1, 20))
        return 1 - math.sqrt(2 * math.pi) / value * inside
    return 2 * sum((-1) ** (k - 1) * math.exp(-2 * (k * value) ** 2) for k in range(1, 20))
