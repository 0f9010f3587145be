"""The two kernels of an infinitely wide network, NTK and NNGP, from one pass through its layers."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from kernel_regime.core.arrays import Array, ArrayLike
from kernel_regime.core.samples import checked_pair, checked_samples
from kernel_regime.core.types import Identity
from kernel_regime.kernels.base import Kernel

Get = Literal["ntk", "nngp"]
BOTH: tuple[Get, Get] = ("ntk", "nngp")


class BothKernels(NamedTuple):
    """Matrices of both kernels of one network.

    Attributes
    ----------
    ntk : array (n1, n2)
        Neural tangent kernel.
    nngp : array (n1, n2)
        Covariance of the outputs at initialisation.
    """

    ntk: Array
    nngp: Array


class InfiniteNetworkKernel(Kernel):
    """One of the two kernels of an infinitely wide network.

    The NTK needs the NNGP at every layer, so that both cost what one does: `both` returns them
    from one pass, bit for bit what each is alone. Subclasses say which of them `get` is.

    Examples
    --------
    >>> from kernel_regime.kernels import FullyConnectedNTK
    >>> both = FullyConnectedNTK(layers=1).both([[3.0], [4.0]])
    >>> both.nngp
    array([[ 9., 12.],
           [12., 16.]])
    >>> bool((both.ntk == both.nngp).all())
    True
    """

    @property
    @abstractmethod
    def which(self) -> Get:
        """Which of the two kernels this is."""

    def of(self, get: Get) -> "InfiniteNetworkKernel":
        """The kernel of the same network that `get` names.

        This one with another field `get`, unless a subclass says otherwise.
        """
        return self if get == self.which else replace(self, get=get)

    def network(self) -> Identity:
        """What identifies the network: kernels of equal ones come from one pass.

        All of `identity` but a field `get`, unless a subclass says otherwise.
        """
        return {key: value for key, value in self.identity().items() if key != "get"}

    @abstractmethod
    def matrices(self, x1: Array, x2: Array | None, gets: Sequence[Get]) -> tuple[Array, ...]:
        """A matrix for each of `gets`, of checked inputs; of `x1` with itself without `x2`."""

    def both(self, x1: ArrayLike, x2: ArrayLike = None) -> BothKernels:
        """Both kernels between two sets of samples, or of one with itself, in one pass.

        Parameters
        ----------
        x1, x2 : array-likes (n1, ...), (n2, ...)
            Samples; without `x2` the matrices are exactly symmetric.

        Raises
        ------
        InputError
            What `gram` and `cross` raise.
        NotFiniteError
            If the values are too large or too small for their dtype.
        """
        if x2 is None:
            x1 = checked_samples(x1, "x1")
        else:
            x1, x2 = checked_pair(x1, x2, ("x1", "x2"))
        shape = len(x1), len(x1 if x2 is None else x2)
        if 0 in shape:
            return BothKernels(*(np.empty(shape, x1.dtype) for _ in BOTH))
        return BothKernels(*self.matrices(x1, x2, BOTH))

    def _gram(self, x: Array) -> Array:
        return self.matrices(x, None, (self.which,))[0]

    def _cross(self, x1: Array, x2: Array) -> Array:
        return self.matrices(x1, x2, (self.which,))[0]
