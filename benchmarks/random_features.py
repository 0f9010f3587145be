"""Random features: the streamed kernel against the published float64 loop."""

import numpy as np

from benchmarks.harness import Row, emit, seconds
from kernel_regime.core.arrays import Array
from kernel_regime.kernels.random_features_kernel import RandomFeatures

SAMPLES, FEATURES, WIDTH, BLOCK = 4000, 1024, 200_000, 10_000


def published(x: Array, width: int) -> Array:
    """1 + ReLU(XW) ReLU(XW)ᵀ over blocks of weights, in float64, symmetry unused."""
    x, rng = x.astype(np.float64), np.random.default_rng(0)
    kernel = np.ones((len(x), len(x)))
    for start in range(0, width, BLOCK):
        shape = (x.shape[1], min(BLOCK, width - start))
        features = np.maximum(x @ (rng.standard_normal(shape) / np.sqrt(x.shape[1])), 0)
        kernel += features @ features.copy().T
    return kernel


def main() -> None:
    x = np.random.default_rng(0).standard_normal((SAMPLES, FEATURES)).astype(np.float32)
    RandomFeatures(1000)(x)
    published(x[:100], BLOCK)
    ours = seconds(lambda: RandomFeatures(WIDTH)(x))
    half = seconds(lambda: RandomFeatures(WIDTH // 2)(x))
    theirs = seconds(lambda: published(x, WIDTH))
    work = f"random features, n={SAMPLES}, d={FEATURES}, N={WIDTH:,}"
    operations = 2 * SAMPLES * FEATURES * WIDTH + SAMPLES**2 * WIDTH
    rate = f"{operations / ours / 1e9:.0f} GFLOP/s; "
    emit(
        [
            Row(
                work=work,
                ours=ours,
                against="float64 loop",
                other=theirs,
                required=4,
                note=f"{rate}one run each",
            ),
            Row(work=work, ours=ours, against="half the features", other=half, note="linear in N"),
        ]
    )


if __name__ == "__main__":
    main()
