"""Networks whose layers tile loops can take one after the other, and what each sample adds."""

from typing import NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.kernels.activation_steps.codes import SERIES, ActivationStep
from kernel_regime.kernels.activation_steps.steps import step_of
from kernel_regime.kernels.dense.network_pairs import SATURATING, Directions
from kernel_regime.kernels.dual_activations.dual_activation import DualActivation
from kernel_regime.kernels.dual_activations.gaussian_pairs import GaussianPairs
from kernel_regime.kernels.layer import SerialLayers
from kernel_regime.kernels.layers import DenseLayer, DropoutLayer, FlattenLayer, IdentityLayer
from kernel_regime.linalg.matrix_tiles import EDGE
from kernel_regime.linalg.packed_products import packed_panels
from kernel_regime.linalg.simd import VECTOR_SIZE

ACROSS = EDGE // VECTOR_SIZE
"""Vectors across a tile."""

_LARGEST_VARIANCE = 1e12  # whose square, and one over it, float32 holds
# How often a network may multiply roundings, which every layer adds, for them to stay within
# 1e-6 a layer in float32, and 1e-12 in float64.
_LARGEST_GAIN = {"float32": 8, "float64": 1000}
# From which gain, and from which variance, nearly parallel samples lose more digits than others.
_SHARP_GAIN, _SHARP_VARIANCE = 2.0, SATURATING**2


class LayerSequence(NamedTuple):
    """Dense layers with an activation between each two.

    Attributes
    ----------
    activations : tuple of DualActivation
        Between the dense layers.
    steps : tuple of ActivationStep
        What loops need to know of them.
    maps : float64 array (activations + 1, 2)
        Variances of weights and of biases of every dense layer.
    """

    activations: tuple[DualActivation, ...]
    steps: tuple[ActivationStep, ...]
    maps: Array


def layer_sequence(network: SerialLayers) -> LayerSequence | None:
    """The layers of a network in turn; None where it has others, or activations without short step.

    Examples
    --------
    >>> from kernel_regime.kernels.architecture import read_architecture
    >>> dense = {"Dense": {"out_dim": 1, "W_std": 1.5, "b_std": 0.5}}
    >>> layer_sequence(read_architecture([dense, "Erf", dense])).maps.tolist()
    [[2.25, 0.25], [2.25, 0.25]]
    >>> layer_sequence(read_architecture([dense, "Erf"])) is None
    True
    """
    layers = [layer for layer in network.layers if not _changes_nothing(layer)]
    linear = [layer for layer in layers[::2] if isinstance(layer, DenseLayer)]
    activations = [layer for layer in layers[1::2] if isinstance(layer, DualActivation)]
    if not activations or len(linear) + len(activations) < len(layers) or len(layers) % 2 == 0:
        return None
    if any(layer.parameterization != "ntk" for layer in linear):
        return None
    steps = tuple(step_of(one) for one in activations)
    if any(step.code == SERIES for step in steps):  # of many terms
        return None
    maps = np.array([(layer.W_std**2, (layer.b_std or 0.0) ** 2) for layer in linear])
    return LayerSequence(tuple(activations), steps, maps)


def _changes_nothing(layer: object) -> bool:
    dropout = isinstance(layer, DropoutLayer) and layer.mode == "test"
    return dropout or isinstance(layer, FlattenLayer | IdentityLayer)


class LayerRows(NamedTuple):
    """Unit vectors of one input packed for multiplication, and what every sample adds to a pair.

    All are as many as fill whole tiles.

    Attributes
    ----------
    packed : array
        The unit vectors.
    std : array (n,)
        Lengths over √features.
    across : array (m, 16)
        Factors of the samples as columns: for every activation, every sixteen samples and every
        factor, sixteen numbers.
    down : array (n, f)
        Factors of the samples as rows: for every activation, all its factors as often as there
        are vectors across a tile.
    sharp : bool
        Whether nearly parallel samples had better be left to exact pairs: where the network
        multiplies roundings, or variances saturate its activations.
    """

    packed: Array
    std: Array
    across: Array
    down: Array
    sharp: bool


def layer_rows(sequence: LayerSequence, side: Directions, usual: Array) -> LayerRows | None:
    """What the loops need of samples; None where they would lose more digits than polynomials.

    Parameters
    ----------
    sequence : LayerSequence
        The network.
    side : Directions
        The samples.
    usual : bool array (n,)
        Of which the values count; the lengths of all others are taken to be the median.
    """
    middle = np.median(side.lengths[usual])
    std = np.full(-(-len(usual) // EDGE) * EDGE, middle)
    std[: len(usual)] = np.where(usual, side.lengths, middle)
    std /= np.sqrt(side.units.shape[1])
    variances, gain = _propagated(sequence, std)
    dtype = side.units.dtype
    within = (variances > 1 / _LARGEST_VARIANCE) & (variances < _LARGEST_VARIANCE)
    if not (within.all() and gain <= _LARGEST_GAIN[dtype.name]):
        return None
    factors = [
        step.factors(own.astype(dtype)) for step, own in zip(sequence.steps, variances, strict=True)
    ]
    across = [one.reshape(-1, VECTOR_SIZE, one.shape[1]).swapaxes(1, 2) for one in factors]
    return LayerRows(
        packed_panels(side.units),
        std.astype(dtype),
        np.concatenate([one.reshape(-1, VECTOR_SIZE) for one in across]),
        np.concatenate([np.tile(one, ACROSS) for one in factors], axis=1),
        gain > _SHARP_GAIN or bool(np.any(variances > _SHARP_VARIANCE)),
    )


def _propagated(sequence: LayerSequence, std: Array) -> tuple[Array, float]:
    """Variances before every activation, (activations, n), and the largest gain of the samples.

    The gain is by how much the network multiplies a relative change of the covariance of two
    inputs, for the most sensitive, which are equal: above 1 in the chaotic phase.
    """
    found = []
    pairs = GaussianPairs(std, std, np.zeros_like(std), 2 * std**2)
    gain = std**2
    with np.errstate(all="ignore"):  # what is not finite shows in the variances
        for (weight, bias), activation in zip(sequence.maps, sequence.activations, strict=False):
            pairs = pairs.scaled(np.sqrt(weight)).plus_constant(np.sqrt(bias))
            found.append(pairs.std1**2)
            activated = activation.activate(pairs)
            gain, pairs = gain * weight * activated.slope, activated.pairs
        weight, bias = sequence.maps[-1]
        gain = gain * weight / (weight * pairs.covariance + bias)
    return np.array(found), float(gain.max())
