"""The library without its extras: every module opens, or names the extra that it needs."""

import subprocess
import sys

OPTIONAL = (
    *("jax", "jaxlib", "keras", "tensorflow", "tf2jax", "neural_tangents", "dask", "distributed"),
    *("kedro", "kedro_datasets", "omegaconf", "click", "sklearn", "pooch", "requests", "jinja2"),
)
WITHOUT = f"""
import sys
sys.modules.update(dict.fromkeys({OPTIONAL}))

from importlib import import_module
from pkgutil import walk_packages
import kernel_regime
from kernel_regime.core.extras import MissingExtraError
"""
LIBRARY = (
    *("core", "linalg", "execution", "noise", "networks", "kernels", "ntk", "evaluation"),
    *("regression", "training", "analysis", "figures"),
)


def printed(code):
    """Lines that code prints where nothing optional is installed."""
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT + code], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


def test_every_module_opens_or_names_its_extra():
    code = f"""
for package in {LIBRARY}:
    path = import_module(f"kernel_regime.{{package}}").__path__
    for module in walk_packages(path, f"kernel_regime.{{package}}."):
        try:
            import_module(module.name)
        except MissingExtraError as error:
            print(module.name, str(error).partition("kernel-regime[")[2].partition("]")[0])
"""
    refused = dict(line.split() for line in printed(code))
    assert refused["kernel_regime.ntk.empirical"] == "jax"
    assert refused["kernel_regime.networks.base"] == "networks"
    assert refused["kernel_regime.execution.dask_cluster"] == "dask"
    assert refused["kernel_regime.kernels.gpu.jax_engine"] == "gpu"
    free = {name for name in refused if name.split(".")[1] not in ("networks", "training", "ntk")}
    assert {name.split(".")[1] for name in free} <= {
        "analysis",
        "execution",
        "kernels",
        "regression",
    }
    assert all(".gpu." in name for name in free if name.split(".")[1] in ("kernels", "regression"))


def test_what_is_asked_for_names_its_extra_in_one_line():
    code = """
from kernel_regime.execution import Execution
from kernel_regime.execution.store import KernelJob, fill
from kernel_regime.kernels import NetworkKernel, Polynomial, StaxKernel
import kernel_regime.networks, kernel_regime.ntk

kernel = Polynomial(degree=1, intercept=0.0)
for ask in (
    lambda: kernel_regime.ntk.empirical_ntk,
    lambda: kernel_regime.networks.LeNet5,
    lambda: StaxKernel([{"Dense": {"out_dim": 1}}]),
    lambda: fill(KernelJob(kernel, [[1.0]], execution=Execution(engine="dask")), "kernel.npy"),
    lambda: fill(KernelJob(kernel, [[1.0]], execution=Execution(device="gpu")), "kernel.npy"),
):
    try:
        ask()
    except MissingExtraError as error:
        print(error)
"""
    lines = printed(code)
    extras = ["jax", "networks", "stax", "dask", "gpu"]
    assert [line.partition("pip install ")[2] for line in lines] == [
        f'"kernel-regime[{extra}]" brings it' for extra in extras
    ]
