"""Bayesian search in the unit cube: where the next trial looks, given what the trials so far have found.

SageMaker describes its own as regression with a Gaussian process, which then weighs what is probably good against what
is hardly known (https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-how-it-works.html). So does this
one, on scikit-learn's: expected improvement after Mockus (1975), as Jones, Schonlau and Welch, "Efficient Global
Optimization of Expensive Black-Box Functions" (1998), write it in equation 15. Trials that still run count as if they
had found what is expected of them (Ginsbourger's "kriging believer"): parallel ones do not all look in one place.

The service's own environment has no numerical library: it runs this file as a process on the Python of the jobs and
talks to it in lines of JSON, a question and an answer each. The file imports nothing of the project's.
"""

import json
import sys
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, qmc
from sklearn.exceptions import ConvergenceWarning
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import Matern, WhiteKernel

_CANDIDATES = 2048
_NEAR_THE_BEST = 0.1
Point = Sequence[float]


def propose(
    tried: Sequence[Point],
    values: Sequence[float],
    running: Sequence[Point],
    *,
    launched: int,
    dimensions: int,
    seed: int,
    bayesian: bool = True,
) -> list[float]:
    """Propose the next point.

    Parameters
    ----------
    tried : sequence of points, shape (n_tried, dimensions)
        Where ended trials looked; all in 0 to 1.
    values : sequence of float, shape (n_tried,)
        What they found: less is better.
    running : sequence of points
        Where trials look that have not ended.
    launched : int
        How many points were proposed before, those that found nothing included.
    dimensions, seed : int
        Of the cube, and of every random choice.
    bayesian : bool
        Whether to learn from the values; otherwise every point is random.

    Returns
    -------
    list of float
        As many as there are dimensions. The first points are spread evenly, without regard to values.
    """
    random = np.random.default_rng([seed, launched])
    if not bayesian:
        return [float(x) for x in random.random(dimensions)]
    if launched < max(4, dimensions) or len(tried) < 2:
        spread = qmc.Sobol(dimensions, rng=np.random.default_rng(seed)).random_base2(launched.bit_length())
        return [float(x) for x in spread[launched]]
    found = np.asarray(values, dtype=np.float64)
    kernel = Matern(np.full(dimensions, 0.5), (0.05, 10.0), nu=2.5) + WhiteKernel(0.1, (1e-5, 1.0))
    process = GaussianProcessRegressor(kernel, normalize_y=True, random_state=seed)
    points = np.asarray(tried, dtype=np.float64)
    with warnings.catch_warnings():
        # A length scale at its bound says that this dimension hardly matters.
        warnings.simplefilter("ignore", ConvergenceWarning)
        process.fit(points, found)
        if len(running):
            ahead = np.asarray(running, dtype=np.float64)
            believed = np.concatenate((found, process.predict(ahead)))
            process.set_params(kernel=process.kernel_, optimizer=None).fit(np.concatenate((points, ahead)), believed)
    candidates = _candidates(points[int(np.argmin(found))], random)
    mean, deviation = process.predict(candidates, return_std=True)
    # Measured values carry noise: the best that the process itself believes in is what there is to improve on.
    best = float(process.predict(points).min())
    gain = best - mean
    ratio = gain / np.maximum(deviation, 1e-12)
    improvement = gain * norm.cdf(ratio) + deviation * norm.pdf(ratio)
    return [float(x) for x in candidates[int(np.argmax(improvement))]]


def _candidates(best: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.float64]:
    """Points to choose among: half of them anywhere, half near the best so far."""
    anywhere = random.random((_CANDIDATES, len(best)))
    near = best + random.normal(0, _NEAR_THE_BEST, (_CANDIDATES, len(best)))
    return np.concatenate((anywhere, np.clip(near, 0, 1)))


def main() -> None:
    """Answer each line of standard input, a JSON object of `propose`'s arguments, with a line: the point."""
    for line in sys.stdin:
        asked: dict[str, Any] = json.loads(line)
        print(json.dumps(propose(**asked)), flush=True)


if __name__ == "__main__":
    main()
