"""What tests of the store share: a matrix of ten tiles, and a hand on its manifest."""

import json

from kernel_regime.execution.settings import Execution
from kernel_regime.execution.store.manifest import Places

# 6 × 4 bytes × 16² of tile buffers: tiles of 16 × 16.
SMALL_TILES = Execution(memory=6 * 4 * 16**2)
N = 50  # 4 rows of tiles, 10 tiles of the upper half


def edit_manifest(path, **changes):
    manifest = Places(path).manifest
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | changes))
