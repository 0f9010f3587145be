"""Kernels and networks that other parameters call by name: whether they are there."""

from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.types import Parameters
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.model_training.distribution_shift import ShiftParameters
from kernel_regime.pipelines.model_training.gaussian_processes import GaussianProcessParameters
from kernel_regime.pipelines.model_training.network_parameters import NetworkParameters
from kernel_regime.pipelines.model_training.ridge_parameters import RidgeParameters


def refuse_unknown_methods(parameters: Parameters) -> None:
    """Refuse names of kernels and networks that no parameter describes.

    Those that an environment dropped are no mistake: base may name them.

    Parameters
    ----------
    parameters : mapping
        Those that a run reads, as its nodes take them.

    Raises
    ------
    InputError
        Naming the key, and the name that was probably meant.

    Examples
    --------
    >>> kernels = KernelParameters.model_validate({"linear": {"kind": "polynomial", "degree": 1}})
    >>> ridge = RidgeParameters(values=[1.0], exceptions={"liner": [0.1]}, solver="auto")
    >>> refuse_unknown_methods({"kernels": kernels, "ridge": ridge})
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: ridge.exceptions.liner: no such kernel; did you mean \
'linear'?
    """
    kernels = parameters.get("kernels")
    if kernels is None:
        return
    if "ridge" in parameters:
        _check_ridges(parameters["ridge"], kernels)
    if "gaussian_processes" in parameters:
        _check_processes(parameters["gaussian_processes"], kernels)
    if "distribution_shift_study" in parameters:
        shift = parameters["distribution_shift_study"]
        _check_shifts(shift, kernels, parameters["network_sweep"])


def _check_ridges(ridge: RidgeParameters, kernels: KernelParameters) -> None:
    for name in ridge.exceptions:
        if not kernels.knows(name):
            hint = did_you_mean(name, kernels.names)
            raise InputError(f"ridge.exceptions.{name}: no such kernel; {hint}")


def _check_processes(processes: GaussianProcessParameters, kernels: KernelParameters) -> None:
    for name, entry in processes.root.items():
        for kernel in entry.kernels if entry is not None else ():
            if not kernels.knows(kernel):
                hint = did_you_mean(kernel, kernels.names)
                raise InputError(f"gaussian_processes.{name}: no kernel is called {kernel}; {hint}")


def _check_shifts(
    shift: ShiftParameters, kernels: KernelParameters, networks: NetworkParameters
) -> None:
    if not shift.methods:
        return
    known = [*kernels.names, *(name for _, name, _ in networks.architectures())]
    for name in shift.methods:
        dropped = kernels.knows(name) or networks.root.get(name, name) is None
        if name not in known and not dropped:
            raise InputError(
                f"distribution_shift_study.methods: no kernel or network is called {name}; "
                f"{did_you_mean(name, known)}"
            )
