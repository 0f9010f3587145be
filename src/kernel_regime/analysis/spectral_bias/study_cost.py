"""Time of a study of spectral bias, measured on a few steps before it is run."""

import numpy as np

from kernel_regime.analysis.spectral_bias.experiment import KERNEL_SAMPLES
from kernel_regime.analysis.spectral_bias.finite_networks import FiniteNetwork
from kernel_regime.analysis.spectral_bias.flow import descend, step_lengths
from kernel_regime.analysis.spectral_bias.operator import TrainingKernel
from kernel_regime.analysis.spectral_bias.study import prepared_inputs
from kernel_regime.analysis.spectral_bias.study_settings import Architecture, SpectralBiasStudy
from kernel_regime.core.arrays import Array
from kernel_regime.core.extras import from_extra
from kernel_regime.core.timing import seconds_of, shortest_seconds
from kernel_regime.linalg.throughput import eigensystem_seconds

with from_extra("jax"):
    import jax
    import jax.numpy as jnp

_PAIRS = 100  # samples whose infinite kernel is timed


def study_seconds(study: SpectralBiasStudy, inputs: Array, outputs: int) -> float:
    """Seconds that a study takes on this machine, measured on some of its inputs.

    The widest network of every architecture is timed over a few steps; narrower ones are taken to
    cost in proportion to their width. How many steps a mode takes follows from the eigenvalues of
    the infinite kernel on few samples, so that this is an order of magnitude.

    Examples
    --------
    >>> from kernel_regime.analysis.spectral_bias import Widths
    >>> widths = {"fully_connected": Widths([32])}
    >>> sizes = {"train": 16, "reference": 16, "held_out": 16}
    >>> study = SpectralBiasStudy(architectures=widths, runs=1, modes=2, **sizes)
    >>> 0 < study_seconds(study, np.eye(40), outputs=1) < 600
    True
    """
    images = prepared_inputs(inputs, study.side)
    return sum(
        _architecture_seconds(study, kind, widths, images, outputs)
        for kind, widths in study.widths().items()
    )


def _architecture_seconds(
    study: SpectralBiasStudy, kind: Architecture, widths: list[int], images: Array, outputs: int
) -> float:
    network = FiniteNetwork(kind, widths[-1], outputs)
    x = network.prepare(images)
    pair, ratio = _infinite_kernel(network, x[: max(_PAIRS, study.modes)], study.modes)
    compilation, step = _descent(network, x[np.arange(study.train) % len(x)])
    steps = len(step_lengths(np.array([0, study.horizon * ratio]), study.step, 1.0)[1])
    # A step passes its samples six times forwards or backwards, a record passes all samples.
    passes = 4 * study.train + 3 * study.reference + study.held_out
    steps += round(study.records * passes / (6 * study.train))
    # True labels at all widths, permuted ones at the largest.
    runs = study.runs * (sum(widths) / widths[-1] + 1)
    learners = study.runs * (2 + len(widths) + 1)
    factors = 2 * eigensystem_seconds(study.reference)
    factors += 2 * study.runs * eigensystem_seconds(study.train)
    compiled = compilation * len(widths)
    return pair * _pairs(study, learners) + runs * steps * step + factors + compiled


def _pairs(study: SpectralBiasStudy, learners: int) -> int:
    """Values of the infinite kernel: of the operators, of its own flows, and for every learner."""
    operators = 2 * (study.reference + study.held_out) * study.reference
    flows = 2 * study.runs * (study.held_out + study.train) * study.train
    return operators + flows + learners * (study.reference * study.train + KERNEL_SAMPLES**2)


def _infinite_kernel(network: FiniteNetwork, x: Array, modes: int) -> tuple[float, float]:
    """Seconds of a pair, and the fastest mode's rate in units of the slowest one's."""
    rates = TrainingKernel.of(network.limit(x)).eigenvalues[:modes]
    seconds = shortest_seconds(lambda: network.limit(x))
    return seconds / len(x) ** 2, float(rates[0] / max(rates[-1], 1e-6 * rates[0]))


def _descent(network: FiniteNetwork, x: Array) -> tuple[float, float]:
    """Seconds of compilation, and of a step of gradient descent."""
    apply, params = network.draw(x.shape[1:], seed=0)
    given = jnp.asarray(x), jnp.zeros((len(x), network.outputs))

    def step() -> None:
        jax.block_until_ready(descend(apply, params, *given, 0.0))

    first, seconds = seconds_of(step), shortest_seconds(step)
    return max(0.0, first - seconds), seconds
