"""Seeds that are none are refused wherever random streams begin."""

import numpy as np
import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.core.seeds import seeded
from kernel_regime.diagnosis import diagnose
from kernel_regime.evaluation.bootstrap import resampled_means
from kernel_regime.linalg.spectral_density import spectral_density
from kernel_regime.networks.myrtle import Myrtle
from kernel_regime.networks.random_features import RandomFeaturesNetwork
from kernel_regime.noise.sampling import generator

X, Y = np.eye(8), np.eye(8)[:, :1]
WEIGHTS = {"before": np.zeros((8, 1)), "after": np.ones((8, 1))}


@pytest.mark.parametrize("seed", [-1, 0.5, "0", None, True])
@pytest.mark.parametrize(
    "draw",
    [
        seeded,
        lambda seed: diagnose(lambda w, x: x @ w, X, Y, X, Y, **WEIGHTS, seed=seed),
        lambda seed: resampled_means(X, 4, seed),
        lambda seed: spectral_density(X, seed=seed),
        lambda seed: Myrtle(width=2, seed=seed).build((None, 8, 8, 1)),
        lambda seed: RandomFeaturesNetwork(width=2, seed=seed).build((None, 3)),
        lambda seed: generator(seed, "train", 0.5),
    ],
)
def test_what_is_no_seed_is_refused(draw, seed):
    with pytest.raises(InputError, match=f"seed: {seed!r} is no seed; give an integer from 0 on"):
        draw(seed)


def test_a_seed_alone_is_the_stream_that_numpy_gives_it():
    assert seeded(3).integers(1000) == np.random.default_rng(3).integers(1000)


def test_integers_of_numpy_are_seeds():
    assert seeded(np.int64(3)).integers(1000) == seeded(3).integers(1000)
