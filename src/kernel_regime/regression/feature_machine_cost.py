"""Time of a feature machine, measured on a few samples before it is run."""

from kernel_regime.core.arrays import Array
from kernel_regime.core.timing import shortest_seconds
from kernel_regime.linalg.throughput import eigensystem_seconds
from kernel_regime.regression.feature_machines import FeatureMachine, run_feature_machine
from kernel_regime.regression.path_cost import path_seconds


def feature_machine_seconds(
    machine: FeatureMachine, x: Array, targets: Array, n: int, m: int
) -> float:
    """Seconds of all iterations on `n` training and `m` new samples, on this machine.

    One iteration is run on a few samples (d features). Kernel values and gradients grow with the
    pairs; ridge paths and the eigendecompositions of a full metric are counted.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.random.default_rng(0).standard_normal((40, 3))
    >>> machine = FeatureMachine(kernel={"kind": "gaussian"}, iterations=2)
    >>> feature_machine_seconds(machine, x, x[:, :1], n=4000, m=1000) > 0
    True
    """
    few, ridges = len(x), len(machine.ridges)
    features = x[0].size
    metric = 2 * eigensystem_seconds(features) if machine.metric == "full" else 0.0
    next(run_feature_machine(machine, x, targets, x))  # compiles, and starts threads
    seconds = shortest_seconds(lambda: next(run_feature_machine(machine, x, targets, x)))
    pair = max(0.0, seconds - path_seconds(few, ridges)) / few**2
    # Half of what a pair takes goes into predictions, which `m` samples ask for.
    iteration = pair * n * (n + m) / 2 + path_seconds(n, ridges) + metric
    return (machine.iterations + 1) * iteration
