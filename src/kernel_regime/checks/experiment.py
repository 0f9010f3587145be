"""Checks before a run that need several parameters together, or parameters and the data."""

from itertools import combinations

import numpy as np
from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Pipeline

from kernel_regime.checks.execution import check_execution
from kernel_regime.checks.memory import refuse_large_images, refuse_large_sphere
from kernel_regime.core.arrays import Array, as_array
from kernel_regime.core.errors import InputError
from kernel_regime.core.types import Arguments, Parameters
from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.execution.settings import Execution
from kernel_regime.networks.description import NetworkDescription
from kernel_regime.noise.transforms import constant_sample

_INITIALISATIONS = "spectrum.initialisations"


class CheckExperiment:
    """What a run could not end with is refused before its first node."""

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the merged parameters."""
        self._parameters: Parameters = context.config_loader["parameters"]

    @hook_impl
    def before_pipeline_run(
        self, run_params: Arguments, pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Compare the parameters that this run reads."""
        read = {name.removeprefix("params:").split(".")[0] for name in pipeline.inputs()}
        self._read = {key: value for key, value in self._parameters.items() if key in read}
        typed = {key: catalog.load(f"params:{key}") for key in self._read}
        check_together(self._read, typed)
        if "execution" in self._read:
            kernels = typed["kernels"].build() if "kernels" in typed else {}
            check_execution(Execution.model_validate(self._read["execution"]), kernels)

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: object) -> None:
        """Compare what is asked for with the data, as the first nodes load them."""
        if dataset_name == "raw_train" and isinstance(data, LabelledData):
            refuse_too_many_samples(self._read, len(data.labels))
            refuse_absent_output(self._read, len(np.unique(data.labels)))
            if np.ndim(data.inputs) > 2:
                refuse_large_images(self._read, _wanted(self._read, len(data.labels)))
        if dataset_name in ("train_samples", "test_samples"):
            refuse_constant_samples(self._read, as_array(data, dataset_name), dataset_name)


def check_together(given: Parameters, typed: Parameters) -> None:
    """Refuse parameters that do not fit each other.

    Parameters
    ----------
    given, typed : mapping
        The same parameters, as configuration says them and as nodes take them.
    """
    refuse_equal_names(given)
    refuse_short_trainings(given)
    refuse_empty_networks(given)
    refuse_lone_sample(given)
    refuse_large_sphere(given)
    if "ridge" in typed:  # a run that only makes kernels does not import what trains
        from kernel_regime.pipelines.model_training.named_methods import refuse_unknown_methods

        refuse_unknown_methods(typed)


def refuse_equal_names(parameters: Parameters) -> None:
    """Refuse a kernel, network, feature machine or initialisation by the name of another.

    Tables and figures tell them by it.

    Raises
    ------
    InputError
        Naming both keys.

    Examples
    --------
    >>> refuse_equal_names({"kernels": {"myrtle": {}}, "network_sweep": {"myrtle": {}}})
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: kernels.myrtle and network_sweep.myrtle have one name, \
by which tables and figures tell them apart; rename one of them
    """
    families = {
        "kernels": _entries(parameters.get("kernels")),
        "network_sweep": _entries(parameters.get("network_sweep")),
        "feature_machines": _entries(parameters.get("feature_machines")),
        _INITIALISATIONS: _initialisations(parameters),
    }
    for first, second in combinations(families, 2):
        for name in sorted(families[first].keys() & families[second].keys()):
            raise InputError(
                f"{first}.{name} and {second}.{name} have one name, by which tables and figures "
                "tell them apart; rename one of them"
            )


def refuse_short_trainings(parameters: Parameters) -> None:
    """Refuse a network whose own epochs end within the warm-up of all networks.

    Raises
    ------
    InputError
        Naming the network.

    Examples
    --------
    >>> networks = {"small": {"epochs": 5}}
    >>> refuse_short_trainings({"training": {"warm_up": 5}, "network_sweep": networks})
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: network_sweep.small.epochs: 5; training.warm_up takes 5: \
give more epochs, or a shorter warm_up
    """
    warm_up = (parameters.get("training") or {}).get("warm_up", 0)
    for name, entry in _entries(parameters.get("network_sweep")).items():
        epochs = entry.get("epochs")
        if epochs is not None and epochs <= warm_up:
            raise InputError(
                f"network_sweep.{name}.epochs: {epochs}; training.warm_up takes {warm_up}: give "
                "more epochs, or a shorter warm_up"
            )


def refuse_empty_networks(parameters: Parameters) -> None:
    """Refuse a network whose class computes nothing, which only its first training would find.

    Raises
    ------
    InputError
        Naming the network.

    Examples
    --------
    >>> refuse_empty_networks({"network_sweep": {"none": {"kind": "keras:Sequential"}}})
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: network_sweep.none: kind 'keras:Sequential' has no \
layers; name a class of your own, derived from it
    """
    for name, entry in _entries(parameters.get("network_sweep")).items():
        kind = str(entry["kind"])
        if ":" not in kind:
            continue  # a built-in network computes something, and is not imported for this
        try:
            NetworkDescription(kind).refuse_empty()
        except InputError as error:
            raise InputError(f"network_sweep.{name}: {error}") from error


def refuse_lone_sample(parameters: Parameters) -> None:
    """Refuse to follow kernels of one sample: no regression with them has a leave-one-out loss.

    Raises
    ------
    InputError
        Naming the key.

    Examples
    --------
    >>> refuse_lone_sample({"kernel_evolution_study": {"times": 5, "samples": 1}})
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: kernel_evolution_study.samples: 1; a kernel needs two, \
give more samples, or times: 0 to leave the study out
    """
    study = parameters.get("kernel_evolution_study") or {}
    if study.get("times") and study.get("samples", 2) < 2:
        raise InputError(
            f"kernel_evolution_study.samples: {study['samples']}; a kernel needs two, give more "
            "samples, or times: 0 to leave the study out"
        )


def refuse_too_many_samples(parameters: Parameters, available: int) -> None:
    """Refuse initialisations on more samples than the training data hold.

    Raises
    ------
    InputError
        Naming the key and what would do.

    Examples
    --------
    >>> wanted = {"initialisations": {"fresh": {"samples": 500}}}
    >>> refuse_too_many_samples({"spectrum": wanted}, available=500)
    """
    for name, entry in _initialisations(parameters).items():
        samples = entry.get("samples", 0)
        if samples > available:
            raise InputError(
                f"{_INITIALISATIONS}.{name}.samples: {samples:,} samples are asked for, the "
                f"training data have {available:,}; give {available} or less"
            )


def refuse_absent_output(parameters: Parameters, classes: int) -> None:
    """Refuse the tangent kernel of an output that networks of so many classes do not have.

    Raises
    ------
    InputError
        Naming the key and the outputs there are.

    Examples
    --------
    >>> asked = {"spectrum": {"trained_networks": {"outputs": 1}}, "network_sweep": {"small": {}}}
    >>> refuse_absent_output(asked, classes=10)
    >>> refuse_absent_output(asked, classes=2)
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: spectrum.trained_networks.outputs: 1; networks of 2 \
classes have output 0 alone; give that, or trace
    """
    trained = (parameters.get("spectrum") or {}).get("trained_networks") or {}
    wanted, last = trained.get("outputs"), 0 if classes == 2 else classes - 1
    if not isinstance(wanted, int) or wanted <= last or not parameters.get("network_sweep"):
        return
    there = f"outputs 0 to {last}; give one of them" if last else "output 0 alone; give that"
    raise InputError(
        f"spectrum.trained_networks.outputs: {wanted}; networks of {classes} classes have {there}, "
        "or trace"
    )


def refuse_constant_samples(parameters: Parameters, samples: Array, name: str) -> None:
    """Refuse constant samples that stay so, where a study will centre and scale them.

    Kernels take them; the spectral-bias study and the comparison with infinite width do not, hours
    later.

    Raises
    ------
    InputError
        Naming the sample.

    Examples
    --------
    >>> import numpy
    >>> clean = {"noise": {"kind": "clean"}, "spectral_bias_study": {}}
    >>> refuse_constant_samples(clean, numpy.array([[1.0, 2.0], [7.0, 7.0]]), "train_samples")
    Traceback (most recent call last):
    kernel_regime.core.errors.InputError: train_samples: vector 1 is constant (all features 7), ...
    """
    centred = {"spectral_bias_study", "limits"} & parameters.keys()
    if not centred or parameters["noise"].get("kind") != "clean":
        return
    if refused := constant_sample(samples):
        raise InputError(f"{name}: {refused}")


def _wanted(parameters: Parameters, available: int) -> int:
    """Training and test samples that a run takes, as far as that is known without the latter."""
    data = parameters.get("data") or {}
    return (data.get("n_train") or available) + (data.get("n_test") or 0)


def _initialisations(parameters: Parameters) -> Arguments:
    return _entries((parameters.get("spectrum") or {}).get("initialisations"))


def _entries(given: Parameters | None) -> Arguments:
    """Entries that an environment did not drop with null."""
    return {name: entry for name, entry in (given or {}).items() if entry is not None}
