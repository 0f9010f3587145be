"""The Myrtle kernels as their definition reads: NumPy on all pairs of pixels, for small images.

Arrays (side, side, side, side) hold one number for every pixel of the first image and every pixel
of the second.
"""

import numpy as np

CONVOLUTIONS = {5: (2, 1, 1), 7: (2, 2, 2), 10: (3, 3, 3)}


def myrtle(depth, x1, x2):
    """(NTK, NNGP) of two images (side, side, channels), in float64.

    NTK parametrisation, weights of variance 1: a convolution averages Σ and Θ over 9 pixel pairs
    and adds the new Σ to Θ; a ReLU makes Σ ← σσ'κ₁(ρ)/2 and Θ ← Θκ₀(ρ)/2; a pool averages over
    2x2 pixels of either image; the dense layer over all pixels, each with itself.
    """
    pairs = {}
    for key, (a, b) in {"12": (x1, x2), "11": (x1, x1), "22": (x2, x2)}.items():
        pairs[key] = np.einsum("ijc,klc->ijkl", a, b) / a.shape[2]
    ntk = np.zeros_like(pairs["12"])
    for stage, layers in enumerate(CONVOLUTIONS[depth]):
        for _ in range(layers):
            pairs, ntk = {key: filtered(nngp) for key, nngp in pairs.items()}, filtered(ntk)
            ntk = ntk + pairs["12"]
            pairs, ntk = after_relu(pairs, ntk)
        for _ in range(pools(stage, len(ntk))):
            pairs, ntk = {key: pooled(nngp) for key, nngp in pairs.items()}, pooled(ntk)
    nngp = np.einsum("ijij->", pairs["12"]) / len(ntk) ** 2
    return np.einsum("ijij->", ntk) / len(ntk) ** 2 + nngp, nngp


def pools(stage, side):
    """How many pools follow a stage, of the three of the last as many as a side allows."""
    return 1 if stage < 2 else min(3, int(np.log2(side)))


def filtered(pairs):
    """Means over nine pixel pairs of one offset, zeros outside."""
    side, padded = len(pairs), np.pad(pairs, 1)
    total = np.zeros_like(pairs)
    for dy in range(3):
        for dx in range(3):
            y, x = slice(dy, dy + side), slice(dx, dx + side)
            total += padded[y, x, y, x]
    return total / 9


def pooled(pairs):
    """Means over 2x2 pixels of either image."""
    half = len(pairs) // 2
    return pairs.reshape(half, 2, half, 2, half, 2, half, 2).mean(axis=(1, 3, 5, 7))


def after_relu(pairs, ntk):
    """Covariances of all pairs behind a ReLU, and the tangent kernel of the two images."""
    variances = {k: np.einsum("ijij->ij", nngp) for k, nngp in pairs.items() if k != "12"}
    after = {}
    for key, nngp in pairs.items():
        a, b = (np.sqrt(variances[2 * index]) for index in key)
        sigmas = np.einsum("ij,kl->ijkl", a, b)
        cosine = np.clip(np.divide(nngp, sigmas, out=0 * nngp, where=sigmas > 0), -1, 1)
        angle = np.arccos(cosine)
        after[key] = sigmas * (np.sin(angle) + (np.pi - angle) * cosine) / np.pi / 2
        if key == "12":
            ntk = ntk * np.where(sigmas > 0, 1 - angle / np.pi, 0) / 2
    return after, ntk


def pool_pairs(plane, dy, dx, window):
    """Sums over windows of either image, of the pixel pairs of one cyclic offset.

    Parameters
    ----------
    plane : array (height, width, ...)
        Of every pixel (y, x) of the first image with (y + dy, x + dx) of the second, modulo sides.

    Returns
    -------
    dict
        Of every pair of pooled pixels, `(y1, x1, y2, x2)`, what it gets.
    """
    (height, width), (tall, wide), sums = plane.shape[:2], window, {}
    for y1 in range(height):
        for x1 in range(width):
            y2, x2 = (y1 + dy) % height, (x1 + dx) % width
            place = (y1 // tall, x1 // wide, y2 // tall, x2 // wide)
            sums[place] = sums.get(place, 0) + plane[y1, x1]
    return sums
