"""The noise experiment along the dial of laziness: `python docs/results/laziness.py`.

Test error over the noise level and the scale α, for networks of two layers in NTK parametrisation
on 120 digits. Writes laziness.csv and laziness.png beside this file.
"""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from sklearn.datasets import load_digits

from kernel_regime.analysis.laziness import (
    LazinessStudy,
    LazyNetwork,
    judge_laziness,
    measure_laziness,
)
from kernel_regime.analysis.regime_verdict import Thresholds
from kernel_regime.evaluation import encode_targets
from kernel_regime.figures.laziness import laziness_dial
from kernel_regime.noise import high_frequency_noise

WIDTH, TRAIN, TEST, SEEDS = 64, 120, 300, 3
ALPHAS = [0.1, 0.3, 1.0, 3.0, 30.0]


def apply(params, x):
    hidden = jax.nn.relu(x @ params["inner"] / jnp.sqrt(x.shape[1]))
    return hidden @ params["outer"] * jnp.sqrt(2 / params["outer"].shape[0])


def network(seed):
    draws = np.random.default_rng(seed)
    params = {
        "inner": draws.standard_normal((64, WIDTH)),
        "outer": draws.standard_normal((WIDTH, 10)),
    }
    return LazyNetwork(apply=apply, params=params, width=WIDTH, seed=seed)


images, labels = load_digits().images, load_digits().target
draws = np.random.default_rng(0).standard_normal(images.shape)
y = encode_targets(labels, 10)
train, test = slice(0, TRAIN), slice(TRAIN, TRAIN + TEST)
tables = []
for level in (0.0, 3.0):
    x = high_frequency_noise(images, draws, level).reshape(len(images), -1)
    samples = (x[train], y[train]), (x[test], y[test])
    study = LazinessStudy(alphas=ALPHAS, stop_at=0.05, most_steps=1000)
    runs = measure_laziness(map(network, range(SEEDS)), samples, study)
    tables.append(judge_laziness(runs, Thresholds()).assign(noise=level))
table = pd.concat(tables, ignore_index=True)
here = Path(__file__)
table.round(4).to_csv(here.with_suffix(".csv"), index=False)
limits = Thresholds()
figure = laziness_dial(table, "noise", "τ", limits.kernel_below, limits.features_above)
figure.savefig(here.with_suffix(".png"))
