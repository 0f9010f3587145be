"""Observations of a network while it trains: its tangent kernels and its outputs."""

from dataclasses import dataclass

from kernel_regime.core.arrays import Array


@dataclass(frozen=True)
class TangentKernels:
    """Empirical NTKs of one network at one time, averaged over its outputs.

    Parameters
    ----------
    train : array (n, n)
        Of the training samples.
    test : array (m, n)
        Of test and training samples.
    """

    train: Array
    test: Array


@dataclass(frozen=True)
class NetworkOutputs:
    """What a network gives at one time: (n, K) on the training, (m, K) on the test samples."""

    train: Array
    test: Array
