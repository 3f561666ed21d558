"""How hawkes.json was made: `python hawkes.py > hawkes.json`, with numpy 2.4, scipy 1.17 and tick 0.8.0.2.

Two kinds of events with kernels of two exponentials, drawn by tick; their log-likelihood by tick's own model, by a plain
double sum, and at the summit that scipy's L-BFGS-B finds with numerical gradients. The three agree where they overlap, or
nothing is printed.
"""

import json

import numpy as np
from scipy.optimize import minimize
from tick.base import TimeFunction
from tick.hawkes import SimuHawkesSumExpKernels
from tick.hawkes.model.build.hawkes_model import ModelHawkesSumExpKernLogLik

DECAYS = np.array([0.8, 12.0])
BASE = np.array([0.3, 0.2])
# By child, parent, decay.
BRANCHING = np.array([[[0.25, 0.10], [0.05, 0.05]], [[0.10, 0.20], [0.15, 0.10]]])
HORIZON = 400.0


def drawn():
    simulation = SimuHawkesSumExpKernels(
        adjacency=BRANCHING, decays=DECAYS, baseline=BASE, end_time=HORIZON, seed=20120621, verbose=False
    )
    simulation.simulate()
    return [np.round(times, 6) for times in simulation.timestamps]


def by_double_sum(times, base, branching):
    total = 0.0
    for child in range(2):
        for t in times[child]:
            rate = base[child]
            for parent in range(2):
                past = t - times[parent][times[parent] < t]
                for m, decay in enumerate(DECAYS):
                    rate += branching[child][parent][m] * decay * np.exp(-decay * past).sum()
            total += np.log(rate)
        total -= base[child] * HORIZON
        for parent in range(2):
            left = HORIZON - times[parent]
            for m, decay in enumerate(DECAYS):
                total -= branching[child][parent][m] * (1 - np.exp(-decay * left)).sum()
    return total


def by_tick(times, base, branching):
    # The compiled model itself: its Python wrapper does not start under numpy 2.
    model = ModelHawkesSumExpKernLogLik(DECAYS, 1)
    model.set_data([times], np.array([HORIZON]))
    coefficients = np.concatenate([base, np.asarray(branching).ravel()])
    # Its loss is for each event, and against a Poisson process of rate one of each kind.
    return -model.loss(coefficients) * sum(len(t) for t in times) - len(times) * HORIZON


def summit(times):
    def cost(theta):
        return -by_double_sum(times, theta[:2], theta[2:].reshape(2, 2, 2))

    start = np.concatenate([[0.2, 0.2], np.full(8, 0.1)])
    best = minimize(
        cost, start, method="L-BFGS-B", bounds=[(1e-9, None)] * 2 + [(0.0, None)] * 8,
        options={"maxiter": 2000, "maxfun": 200000, "ftol": 1e-14, "gtol": 1e-8},
    )
    return best.x, -best.fun


times = drawn()
at_truth = by_double_sum(times, BASE, BRANCHING)
tick_says = by_tick(times, BASE, BRANCHING)
assert abs(at_truth - tick_says) < 1e-6 * abs(at_truth), (at_truth, tick_says)
theta, top = summit(times)
print(json.dumps({
    "decays": DECAYS.tolist(), "horizon": HORIZON, "base": BASE.tolist(), "branching": BRANCHING.ravel().tolist(),
    "times": [t.tolist() for t in times], "log_likelihood": at_truth, "log_likelihood_by_tick": tick_says,
    "summit": top, "summit_base": theta[:2].tolist(), "summit_branching": theta[2:].tolist(),
}))
