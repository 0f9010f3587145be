"""Tiles of networks layer by layer: against the same layers pair by pair, in float64."""

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel_regime.kernels import NetworkKernel
from kernel_regime.kernels.architecture import read_architecture
from kernel_regime.kernels.dense import dense_engine
from kernel_regime.kernels.dense.layer_sequence import layer_rows, layer_sequence
from kernel_regime.kernels.dense.network_pairs import directions
from kernel_regime.kernels.dense.tile_series import mark_beyond
from tests.kernels.random_architectures import biases, hidden, random_networks, weights

LAYERS = st.builds(lambda w, b: {"Dense": {"out_dim": 1, "W_std": w, "b_std": b}}, weights, biases)
CHAINS = st.builds(
    lambda first, blocks: [first, *(layer for block in blocks for layer in block)],
    LAYERS,
    st.lists(hidden(LAYERS), min_size=1, max_size=5),
)


def dense(weights=1.0, biases=None, **others):
    return {"Dense": {"out_dim": 1, "W_std": weights, "b_std": biases, **others}}


def chain(activation, layers, weights=1.5, biases=0.1):
    return [*[dense(weights, biases), activation] * (layers - 1), dense(weights, biases)]


def vectors(seed, number=100):
    """Of different lengths, some equal, opposite and scaled, one zero."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((number, 30)) + 0.3
    x *= np.exp(rng.uniform(-0.6, 0.6, (number, 1)))
    x[3], x[5], x[7], x[9] = x[2], -x[4], 1.3 * x[6], 0
    return x


def pair_by_pair(kernel, x, y):
    """Both kernels and the sizes of their values, from float64 covariances."""
    with mock.patch.object(dense_engine, "FEWEST_PAIRS", np.inf):
        values = kernel.both(x.astype(float), y.astype(float))
    each = [NetworkKernel(kernel.architecture, get) for get in ("ntk", "nngp")]
    sizes = [np.sqrt(np.outer(k.diagonal(x.astype(float)), k.diagonal(y))) for k in each]
    return zip(values, sizes, strict=True)


@random_networks(100)
@given(CHAINS, st.integers(0, 99))
def test_random_chains_equal_themselves_pair_by_pair(layers, seed):
    kernel, x, y = NetworkKernel(layers), vectors(seed), vectors(seed)[::-1][:99]
    for dtype, tolerance in ((np.float64, 1e-12), (np.float32, 1e-6 * len(layers))):
        with mock.patch.object(dense_engine, "FEWEST_PAIRS", 0):
            fast = kernel.both(x.astype(dtype), y.astype(dtype))
        expected = pair_by_pair(kernel, x.astype(dtype), y.astype(dtype))
        for values, (exact, size) in zip(fast, expected, strict=True):
            assert values.dtype == dtype
            assert (np.abs(values - exact) <= tolerance * size).all()


def close_vectors(number=300):
    rng = np.random.default_rng(4)
    x = rng.standard_normal((1, 100)) + 0.02 * rng.standard_normal((number, 100))
    return x * rng.uniform(0.7, 1.4, (number, 1))


@pytest.mark.parametrize("activation", ["Sin", "Erf"])
def test_chaotic_networks_are_left_to_others_in_single_precision(activation):
    """They multiply roundings by a hundred and more: by layers, errors would be 1e-4."""
    kernel = NetworkKernel(chain(activation, layers=8, weights=2.5))
    sequence = layer_sequence(read_architecture(kernel.architecture))
    x = close_vectors()
    everything = np.ones(len(x), bool)
    assert layer_rows(sequence, directions(x.astype(np.float32)), everything) is None
    calm = layer_sequence(read_architecture(chain(activation, layers=3, weights=1.2)))
    assert layer_rows(calm, directions(x.astype(np.float32)), everything) is not None


@pytest.mark.parametrize(
    "layers", [chain("Erf", 8), chain("Gelu", 8, weights=2.5, biases=0.3), chain("Sin", 3)]
)
def test_close_samples_are_within_1e_6_a_layer(layers):
    """Roundings multiply there: in tiles they would be 1.2e-5, 1.9e-5 and 3e-6."""
    x, kernel = close_vectors().astype(np.float32), NetworkKernel(layers)
    for fast, (exact, size) in zip(kernel.both(x), pair_by_pair(kernel, x, x), strict=True):
        assert (np.abs(fast - exact) <= 1e-6 * size * (len(layers) + 1) / 2).all()


@pytest.mark.parametrize("scale", [1e-15, 1e15])
def test_lengths_whose_squares_leave_the_range_are_left_to_others(scale):
    x = (vectors(3, number=300) * scale).astype(np.float32)
    kernel = NetworkKernel([dense(1.3), "Erf", dense(1.2, 0.1)])
    values = kernel.both(x)
    for fast, (exact, size) in zip(values, pair_by_pair(kernel, x, x), strict=True):
        assert (np.abs(fast - exact) <= 3e-6 * size).all()


@pytest.mark.parametrize(
    "layers",
    [
        [dense()],
        [dense(), "Erf"],
        [dense(), dense(), "Erf", dense()],
        [dense(), "Erf", dense(parameterization="standard")],
        [dense(), "LayerNorm", dense()],
        [dense(), {"residual": ["Gelu", dense()]}, "Relu", dense()],
        [dense(), {"Elementwise": {"fn": "silu"}}, dense()],
    ],
    ids=lambda layers: " ".join(one if isinstance(one, str) else next(iter(one)) for one in layers),
)
def test_other_networks_have_no_sequence(layers):
    assert layer_sequence(read_architecture(layers)) is None


def test_layers_that_change_nothing_are_passed_over():
    dropout = {"Dropout": {"rate": 0.5, "mode": "test"}}
    layers = ["Flatten", dense(1.3), "Identity", "Erf", dropout, dense(2.0, 0.5)]
    assert layer_sequence(read_architecture(layers)).maps.round(9).tolist() == [
        [1.69, 0],
        [4, 0.25],
    ]


def test_samples_that_meet_themselves_are_not_left_out():
    """Of every tile on the diagonal they would be, one by one, in a sixth of the time of all."""
    cosines = np.full((96, 96), 0.5, np.float32)
    np.fill_diagonal(cosines, 1)
    assert mark_beyond(cosines.copy(), 0.99, False)
    assert not mark_beyond(cosines.copy(), 0.99, True)
    cosines[3, 4] = -1
    assert mark_beyond(cosines, 0.99, True)
    assert np.isnan(cosines).sum() == 1


@pytest.mark.parametrize(
    "largest, dtype, tolerance",
    [
        (255, "float32", 3e-6),
        (255, "float64", 1e-12),
        (65_535, "float32", 1e-5),  # to it, unit vectors that a rounding parts are 1/300 apart
        (65_535, "float64", 1e-12),
    ],
)
@pytest.mark.parametrize("layers", [chain("Erf", 3), [dense(), "LayerNorm", "Erf", dense()]])
def test_parallel_samples_of_saturating_lengths(layers, largest, dtype, tolerance):
    """To pixels up to 255 an erf is a step, and its kernel a peak narrower than nodes are apart."""
    rng = np.random.default_rng(8)
    x = rng.uniform(0, largest, (300, 30))
    x[1], x[3] = 1.2 * x[0], -x[2]
    x, kernel = x.astype(dtype), NetworkKernel(layers)
    for fast, (exact, size) in zip(kernel.both(x), pair_by_pair(kernel, x, x), strict=True):
        assert (np.abs(fast - exact) <= tolerance * size).all()
