"""Tables of what the plane loops do: the stages of a network, and the nodes of each."""

import numpy as np

PIXELS, PENDING, FILTER, SUM, POOL, HEAD = range(6)
"""Kinds of nodes: where pixel pairs come from, what is done with them, where they go."""
NNGP, TANGENT = 0, 1
OF_ACTIVATION, OF_GAUSSIAN, OF_PIXELS = range(3)
"""What a filter is given: Σ and Σ + Θ, Σ and Θ, or products of pixels, where Θ = 0."""

NODE = np.dtype(
    [
        *((name, np.int64) for name in ("kind", "source", "other", "input", "channel")),
        *((name, np.int64) for name in ("size_y", "size_x", "circular")),
        *((name, np.int64) for name in ("activation", "constants", "factors", "n_factors")),
        *((name, np.int64) for name in ("delay", "ring", "rows")),
        *((name, np.float64) for name in ("weight", "bias")),
    ]
)
"""One node.

* kind; source and other, the nodes it reads; input, see above
* channel: which input of its stage, for PENDING and POOL; number of channels, for PIXELS
* size_y, size_x, circular: of a filter
* activation: its code in `activation_steps.codes`, 0 for none; constants, factors: where its own
  begin; n_factors: how many there are for each pixel
* delay: how many rows it is behind the input of its stage; ring: how many of its last rows are
  kept, a power of two; rows: where they begin
* weight: of pooled sums and of sums over a filter; bias: what a filter adds
"""

STAGE = np.dtype(
    [
        *((name, np.int64) for name in ("height", "width", "pitch", "first", "last", "delay")),
        *((name, np.int64) for name in ("pool_height", "pool_width", "max_dy", "max_dx")),
        *((name, np.int64) for name in ("inputs", "pending", "columns")),
    ]
)
"""One stage.

* height, width: of its images; pitch: columns of a stored row, twice the width where planes are
  shifted sideways, so that cyclic columns follow each other
* first, last: its nodes are those before `last`; delay: the largest
* pool_height, pool_width: the window behind it, the head's behind the last
* max_dy, max_dx: the largest offset that matters
* inputs: how many; pending: where its pooled sums begin
* columns: where column sums are kept, behind a row of zeros
"""
