"""Spiked covariates, drawn when loaded."""

import numpy as np

from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.seeds import seeded
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import LabelledData, LabelledDataset
from kernel_regime.noise.sampling import Split
from kernel_regime.noise.spiked_covariates import SpikedTarget, signal_dimension

_BATCH = 4096


class SpikedCovariatesDataset(LabelledDataset):
    """Standard Gaussian vectors and the target of degree 4 on their signal.

    The perturbation `spiked_covariates` gives the vectors their norms, level by level; the
    target does not depend on the level.

    Parameters
    ----------
    split : str
        `train` or `test`.
    n_train, n_test : int
        Numbers of samples.
    dimension : int
        Features per sample, d.
    seed : int
        Same seed, same data; both splits share the target and its training normalisation.
    metadata : dict, optional
        For other tools; ignored here.

    Examples
    --------
    >>> data = SpikedCovariatesDataset(split="train", n_train=100, n_test=10, dimension=32).load()
    >>> data.inputs.shape, data.labels.shape
    ((100, 32), (100,))
    """

    def __init__(
        self,
        split: Split,
        n_train: int,
        n_test: int,
        dimension: int = 1024,
        seed: int = 0,
        metadata: Arguments | None = None,
    ) -> None:
        super().__init__(split, metadata)
        self._samples = {"train": n_train, "test": n_test}
        for name, size in self._samples.items():
            if isinstance(size, bool) or not isinstance(size, int) or size < 1:
                raise InputError(
                    f"data.n_{name}: {size!r} is no number of samples to generate; give a whole one"
                )
        self._dimension = dimension
        self._seed = seed

    @property
    def name(self) -> str:
        """The model that they are drawn from."""
        return "spiked covariates"

    def load(self) -> LabelledData:
        """Vectors (n, d) in float32 and targets (n,) in float64."""
        n_signal = signal_dimension(self._dimension)
        rng = seeded(self._seed, 0)
        coefficients = tuple(rng.exponential(size=n_signal - k + 1) for k in (2, 3, 4))
        target = SpikedTarget.fit(self._signal("train"), coefficients)
        signal = self._signal(self._split)
        vectors = np.empty((len(signal), self._dimension), np.float32)
        vectors[:, :n_signal] = signal
        rest = self._generator(self._split, part=1)
        for start in range(0, len(vectors), _BATCH):
            block = vectors[start : start + _BATCH, n_signal:]
            block[...] = rest.standard_normal(block.shape, np.float32)
        return LabelledData(vectors, target(signal))

    def _signal(self, split: Split) -> Array:
        """The first d₀ coordinates, drawn by themselves: the target needs no others."""
        shape = (self._samples[split], signal_dimension(self._dimension))
        return self._generator(split, part=0).standard_normal(shape, np.float32)

    def _generator(self, split: Split, part: int) -> np.random.Generator:
        return seeded(self._seed, 1, ("train", "test").index(split), part)

    def _exists(self) -> bool:
        return True

    def _describe(self) -> Arguments:
        return {**super()._describe(), "dimension": self._dimension, "seed": self._seed}
