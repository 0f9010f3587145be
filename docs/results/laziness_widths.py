"""The transition of the dial over the width: `python docs/results/laziness_widths.py`.

Two-layer ReLU networks in NTK parametrisation on 60 samples of a product of two of five features.
Writes laziness_widths.csv and laziness_widths.png beside this file, and logs slopes.
"""

import logging
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from kernel_regime.analysis.laziness import (
    LazinessStudy,
    LazyNetwork,
    gap_slope,
    judge_laziness,
    measure_laziness,
    transition_scales,
    width_exponent,
)
from kernel_regime.analysis.regime_verdict import Thresholds
from kernel_regime.figures.laziness import laziness_dial

WIDTHS, SEEDS, DRIFTS = (32, 128, 512, 2048), 6, (0.3, 1.0)
ALPHAS = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 100.0, 1000.0]


def apply(params, x):
    hidden = jax.nn.relu(x @ params["inner"] / jnp.sqrt(x.shape[1]))
    return hidden @ params["outer"] * jnp.sqrt(2 / params["outer"].shape[0])


def network(width, seed):
    draws = np.random.default_rng([width, seed])
    shapes = {"inner": (5, width), "outer": (width, 1)}
    params = {name: draws.standard_normal(shape) for name, shape in shapes.items()}
    return LazyNetwork(apply=apply, params=params, width=width, seed=seed)


logging.basicConfig(level=logging.INFO, format="%(message)s")
x = np.random.default_rng(0).standard_normal((260, 5))
y = x[:, :1] * x[:, 1:2]
networks = [network(width, seed) for width in WIDTHS for seed in range(SEEDS)]
study = LazinessStudy(alphas=ALPHAS, stop_at=0.05, samples=60)
runs = measure_laziness(networks, ((x[:60], y[:60]), (x[60:], y[60:])), study)
here, limits = Path(__file__), Thresholds()
verdicts = judge_laziness(runs, limits)
verdicts.round(6).to_csv(here.with_suffix(".csv"), index=False)
figure = laziness_dial(verdicts, "width", "width", limits.kernel_below, limits.features_above)
figure.savefig(here.with_suffix(".png"))
logging.info("gap over α from 10 on: %s", gap_slope(runs, 10).round(3))
for drift in DRIFTS:
    transitions = transition_scales(runs, drift)
    scales = transitions.groupby("width")["alpha"].mean().round(4).to_dict()
    logging.info(
        "α* at drift %g: %s, power %s", drift, scales, width_exponent(transitions).round(3)
    )
logging.info("finished: %s", runs.groupby("width")["finished"].mean().to_dict())
