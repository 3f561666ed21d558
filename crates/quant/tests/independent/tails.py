"""Options by QuantLib, tails and their tests by scipy and numpy, Kelly's shares by an optimiser that knows no formula.

Reads JSON from standard input, prints JSON; what is not installed is left out. Needs: pip install numpy scipy QuantLib
"""

import json
import math
import sys


def options(given):
    """[call, spot, price, yield or 0, strike, years, rate, volatility] -> [worth, delta, gamma, vega]"""
    import QuantLib as ql

    found = []
    for call, spot, price, yields, strike, years, rate, volatility in given.get("options", []):
        right = ql.Option.Call if call else ql.Option.Put
        discount = math.exp(-rate * years)
        forward = price * math.exp((rate - yields) * years) if spot else price
        payoff = ql.PlainVanillaPayoff(right, strike)
        black = ql.BlackCalculator(payoff, forward, volatility * math.sqrt(years), discount)
        if spot:
            sensitivities = [black.delta(price), black.gamma(price), black.vega(years)]
        else:
            # By the future itself: its delta is the forward's.
            sensitivities = [black.deltaForward(), black.gammaForward(), black.vega(years)]
        found.append([black.value(), *sensitivities])
    return found


def shapes(given):
    """Value at risk and shortfall of the normal, of Student's t and of the expansion, by numerical integration."""
    from scipy.integrate import quad
    from scipy.stats import norm, t

    found = []
    for level, freedom, skewness, excess in given.get("shapes", []):
        mean_beyond = lambda ppf: quad(ppf, level, 1, epsabs=0, epsrel=1e-11, limit=500)[0] / (1 - level)

        def expansion(p):
            z = norm.ppf(p)
            z = min(z, 38.0)
            third = (z**2 - 1) * skewness / 6
            fourth = (z**3 - 3 * z) * excess / 24 - (2 * z**3 - 5 * z) * skewness**2 / 36
            return z + third + fourth

        density = lambda x: x * t.pdf(x, freedom)
        shortfall = quad(density, t.ppf(level, freedom), math.inf, epsabs=0, epsrel=1e-11, limit=500)[0] / (1 - level)
        found.append([
            norm.ppf(level), norm.expect(lb=norm.ppf(level)) / (1 - level), t.ppf(level, freedom), shortfall,
            expansion(level), mean_beyond(expansion),
        ])
    return found


def samples(given):
    """numpy's quantiles in the four conventions, and the mean of the worst."""
    import numpy

    found = []
    for losses, level in given.get("samples", []):
        methods = ["linear", "higher", "inverted_cdf", "hazen"]
        worst = round(len(losses) * (1 - level))
        found.append([float(numpy.quantile(losses, level, method=method)) for method in methods])
        found[-1].append(float(numpy.mean(sorted(losses)[-worst:])))
    return found


def verdicts(given):
    """Kupiec and Christoffersen by whole likelihoods, p-values by scipy; Basel's chance."""
    from scipy.stats import binom, chi2

    def likelihood(days, p):
        return sum(math.log(p if day else 1 - p) for day in days)

    found = []
    for days, level in given.get("verdicts", []):
        beyond = sum(days)
        best = likelihood(days, beyond / len(days)) if 0 < beyond < len(days) else 0.0
        coverage = 2 * (best - likelihood(days, 1 - level))
        after = {before: [now for then, now in zip(days, days[1:]) if then == before] for before in (False, True)}
        chance = lambda of: likelihood(of, sum(of) / len(of)) if of and 0 < sum(of) < len(of) else 0.0
        independence = 2 * (chance(after[False]) + chance(after[True]) - chance(days[1:]))
        found.append([
            coverage, float(chi2.sf(coverage, 1)), independence, float(chi2.sf(max(independence, 0), 1)),
            float(chi2.sf(coverage + independence, 2)), float(binom.cdf(beyond, len(days), 1 - level)),
        ])
    return found


def kelly(given):
    """The summit of expected growth, found without the formula: bets by outcomes, assets by means and covariances."""
    import numpy
    from scipy.optimize import minimize, minimize_scalar

    found = []
    for chance, odds in given.get("bets", []):
        loss = lambda f: -(chance * math.log1p(odds * f) + (1 - chance) * math.log1p(-f))
        found.append(minimize_scalar(loss, bounds=(0, 0.999999), method="bounded", options={"xatol": 1e-12}).x)
    shares = []
    for excess, rows in given.get("assets", []):
        excess, rows = numpy.array(excess), numpy.array(rows).reshape(len(excess), -1)
        growth = lambda f: -(f @ excess - f @ rows @ f / 2)
        slope = lambda f: -(excess - rows @ f)
        shares.append(minimize(growth, numpy.zeros(len(excess)), jac=slope, method="BFGS", options={"gtol": 1e-10}).x.tolist())
    return {"bets": found, "assets": shares}


def caps(given):
    """Most weight kept with no cluster's share of variance above its cap, by a solver for smooth programs."""
    import numpy
    from scipy.optimize import minimize

    found = []
    for weights, rows, clusters, limits in given.get("caps", []):
        weights, clusters, limits = numpy.array(weights), numpy.array(clusters), numpy.array(limits)
        rows = numpy.array(rows).reshape(len(weights), -1)

        def room(factors):
            scaled = weights * factors[clusters]
            parts = scaled * (rows @ scaled)
            return limits - numpy.bincount(clusters, parts, len(limits)) / parts.sum()

        start = numpy.full(len(limits), 0.5)
        answer = minimize(
            lambda factors: -factors.sum(), start, bounds=[(1e-3, 1)] * len(limits), method="SLSQP",
            constraints={"type": "ineq", "fun": room}, options={"ftol": 1e-14, "maxiter": 1000},
        )
        found.append(answer.x.tolist())
    return found


def main() -> None:
    given, found = json.load(sys.stdin), {}
    for compute in [options, shapes, samples, verdicts, kelly, caps]:
        try:
            found[compute.__name__] = compute(given)
        except ImportError as absent:
            print(f"SKIPPED {compute.__name__}: {absent}", file=sys.stderr)
    json.dump(found, sys.stdout)


main()
