"""The Myrtle networks, as far as their kernels depend on them."""

from dataclasses import dataclass

from kernel_regime.core.errors import InputError

CONVOLUTIONS = {5: (2, 1, 1), 7: (2, 2, 2), 10: (3, 3, 3)}


@dataclass(frozen=True)
class MyrtleLayers:
    """A Myrtle network on images of one size.

    Three stages of 3x3 convolutions (stride 1, zero padding), each followed by a ReLU; a 2x2
    average pool behind every stage and up to two more behind the last; flatten, dense. On images
    smaller than 32x32 nothing is left for some of the last pools, which are then left out; on
    larger ones the dense layer sees several positions.

    Parameters
    ----------
    depth : int
        Layers with weights: 5, 7 or 10.
    side : int
        Image height and width: 4, 8, 16 or a multiple of 32.

    Raises
    ------
    ValueError
        If there is no such network, or a pool would drop a row of pixels.

    References
    ----------
    Shankar et al. (2020), *Neural Kernels Without Tangents*, figure 1.
    """

    depth: int
    side: int

    def __post_init__(self) -> None:
        if self.depth not in CONVOLUTIONS:
            raise InputError(f"depth: there is no Myrtle-{self.depth}; give 5, 7 or 10")
        if self.side not in (4, 8, 16) and (self.side < 32 or self.side % 32):
            raise InputError(
                f"images: the pools of a Myrtle network do not divide side {self.side}; "
                "pad or crop to 4, 8, 16 or a multiple of 32"
            )

    @property
    def convolutions(self) -> tuple[int, int, int]:
        """Convolutions per stage."""
        return CONVOLUTIONS[self.depth]

    @property
    def sides(self) -> tuple[int, int, int]:
        """Image side in every stage."""
        return self.side, self.side // 2, self.side // 4

    @property
    def block(self) -> int:
        """Side of the blocks of the last stage that are averaged before the dense layer."""
        return min(self.side // 4, 8)

    @property
    def max_offsets(self) -> tuple[int, int, int]:
        """Largest offset between two pixels that matters in each stage."""
        last = self.block - 1
        return 4 * last + 3, 2 * last + 1, last

    def scale(self, channels: int) -> float:
        """Means instead of sums: channels, filters, halves of the ReLUs, pools, dense layer."""
        positions = (self.sides[2] // self.block) ** 2
        weights = 18.0 ** sum(self.convolutions) * 16.0**2 * self.block**4
        return 1 / (channels * weights * positions)
