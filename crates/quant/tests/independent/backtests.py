"""The same statistics by libraries that know nothing of Quoin: each is left out where it is not installed.

Reads JSON from standard input: {"returns": [...], "trials": [[...], ...], "blocks": 8, "groups": 6, "tested": 2,
"observations": 60, "dimensions": 20}. Prints JSON with what it could compute.
Needs: pip install numpy scipy arch empyrical-reloaded quantstats skfolio (all optional)
"""

import itertools
import json
import sys
import warnings

warnings.filterwarnings("ignore")


def block_lengths(given):
    import numpy
    from arch.bootstrap import optimal_block_length

    found = optimal_block_length(numpy.array(given["returns"]))
    return [float(found["stationary"].iloc[0]), float(found["circular"].iloc[0])]


def empyrical_ratios(given):
    import empyrical
    import numpy

    returns = numpy.array(given["returns"])
    return [empyrical.sharpe_ratio(returns), empyrical.sortino_ratio(returns), empyrical.max_drawdown(returns)]


def quantstats_ratios(given):
    import pandas
    from quantstats import stats

    returns = pandas.Series(given["returns"], index=pandas.date_range("2020-01-01", periods=len(given["returns"])))
    return [float(stats.sharpe(returns)), float(stats.sortino(returns)), float(stats.max_drawdown(returns))]


def probabilistic(given):
    import numpy
    from scipy.stats import kurtosis, norm, skew

    r = numpy.array(given["returns"])
    ratio = r.mean() / r.std(ddof=1)
    spread = 1 - skew(r) * ratio + (kurtosis(r, fisher=False) - 1) / 4 * ratio**2
    best = (1 - numpy.euler_gamma) * norm.ppf(1 - 1 / 50) + numpy.euler_gamma * norm.ppf(1 - 1 / (50 * numpy.e))
    of = lambda benchmark: float(norm.cdf((ratio - benchmark) * numpy.sqrt((len(r) - 1) / spread)))
    return [of(0.0), of(numpy.sqrt(0.001) * best), float(1 + spread * (norm.ppf(0.95) / ratio) ** 2)]


def overfitting(given):
    """Bailey et al. (2017), section 2, step by step with whole matrices."""
    import numpy
    from scipy.stats import rankdata

    matrix = numpy.array(given["trials"]).T
    parts = numpy.split(matrix, given["blocks"])
    logits = []
    for chosen in itertools.combinations(range(len(parts)), len(parts) // 2):
        train = numpy.vstack([parts[k] for k in chosen])
        test = numpy.vstack([parts[k] for k in range(len(parts)) if k not in chosen])
        measure = lambda m: m.mean(axis=0) / m.std(axis=0, ddof=1)
        best = numpy.argmax(measure(train))
        omega = rankdata(measure(test))[best] / (matrix.shape[1] + 1)
        logits.append(float(numpy.log(omega / (1 - omega))))
    return logits


def combinatorial(given):
    import numpy
    from skfolio.model_selection import CombinatorialPurgedCV

    cv = CombinatorialPurgedCV(given["groups"], given["tested"], purged_size=2, embargo_size=3)
    splits = list(cv.split(numpy.zeros((given["observations"], 1))))
    return {
        "paths": int(cv.n_test_paths),
        "train": [[int(i) for i in train] for train, _ in splits],
        "test": [sorted(int(i) for part in test for i in part) for _, test in splits],
    }


def sobol(given):
    from scipy.stats import qmc

    return qmc.Sobol(given["dimensions"], scramble=False).random(256).tolist()


def main() -> None:
    given, found = json.load(sys.stdin), {}
    each = [block_lengths, empyrical_ratios, quantstats_ratios, probabilistic, overfitting, combinatorial, sobol]
    for compute in each:
        try:
            found[compute.__name__] = compute(given)
        except ImportError as absent:
            print(f"SKIPPED {compute.__name__}: {absent}", file=sys.stderr)
    json.dump(found, sys.stdout)


main()
