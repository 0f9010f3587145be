"""Kedro on a machine whose GPU is JAX's CPU, which takes ten microseconds a pair."""

import time
from functools import wraps

import jax
from kedro.framework.cli.cli import main

from kernel_regime.kernels.gpu import angular_jax, network_jax

SECONDS_A_PAIR = 1e-5


def slow(multiply):
    @wraps(multiply)
    def wait_and_multiply(left, right, *others):
        time.sleep(SECONDS_A_PAIR * len(left) * len(right))
        return multiply(left, right, *others)

    return wait_and_multiply


if __name__ == "__main__":
    cpus = jax.devices("cpu")
    jax.devices = lambda kind=None: cpus
    angular_jax.angles_between = slow(angular_jax.angles_between)
    network_jax.network_angles = slow(network_jax.network_angles)
    main()
