"""Plan of spectral_analysis: spectra, spectral bias, learning curves, what networks do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel_regime.analysis.learning_curve_settings import LearningCurveSettings
from kernel_regime.analysis.spectrum.spectrum_cost import spectrum_seconds
from kernel_regime.core.progress import progress
from kernel_regime.core.types import Parameters
from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.pipelines.model_training.plan import PlannedTrainings
from kernel_regime.pipelines.planned_inputs import PlannedInputs, PlannedWork
from kernel_regime.pipelines.spectral_analysis.laziness_plan import plan_laziness
from kernel_regime.training.methods import GradientDescent

if TYPE_CHECKING:
    from kernel_regime.ntk.kernel_cost import TangentKernelCost

_KERNEL_SAMPLES = 512
"""At most so many samples on which tangent kernels are timed."""


def plan_kernel_analyses(inputs: PlannedInputs, parameters: Parameters) -> Iterator[PlannedWork]:
    """Spectra and learning curves of every kernel."""
    from kernel_regime.analysis.analysis_cost import learning_curve_seconds

    n, m, levels = len(inputs.train_labels), len(inputs.test_labels), len(inputs.noise_levels)
    forecasts: LearningCurveSettings = parameters["learning_curve_forecasts"]
    outputs = inputs.targets()[0].shape[1]
    for kernel in parameters["kernels"].names:
        seconds = spectrum_seconds(n, parameters["spectrum"])
        yield PlannedWork("spectra", kernel, levels, levels * seconds)
        seconds = learning_curve_seconds(forecasts.within(n), m, outputs)
        yield PlannedWork("learning curves", kernel, levels, levels * seconds)


def plan_spectral_bias(inputs: PlannedInputs, parameters: Parameters) -> PlannedWork:
    """The study of spectral bias, on the first level."""
    from kernel_regime.analysis.spectral_bias.study_cost import study_seconds

    study = parameters["spectral_bias_study"]
    study = study.within(len(inputs.train_labels) + len(inputs.test_labels))
    few, targets = inputs.few(_KERNEL_SAMPLES)
    seconds = study_seconds(study, few, targets.shape[1])
    return PlannedWork("spectral bias", ", ".join(study.widths()), 1, seconds)


def plan_fresh_networks(raw_train: LabelledData, parameters: Parameters) -> Iterator[PlannedWork]:
    """Spectra of networks at random initialisation."""
    from kernel_regime.ntk.kernel_cost import kernel_seconds

    spectrum = parameters["spectrum"]
    images = raw_train.checked("raw_train").inputs
    for name, network in spectrum.fresh_networks().items():
        kernel, drawn = network.draw(images, run=0)
        seconds = kernel_seconds(kernel, drawn) + spectrum_seconds(network.samples, spectrum)
        yield PlannedWork("spectra", name, network.runs, network.runs * seconds)


def plan_network_analyses(
    inputs: PlannedInputs, parameters: Parameters, sweep: Mapping[str, PlannedTrainings]
) -> Iterator[PlannedWork]:
    """Spectra, verdicts and evolution of the tangent kernels of every network."""
    with progress("measuring", len(sweep), "tangent kernels") as advance:
        for name, trainings in sweep.items():
            yield from _Network(name, trainings, inputs, parameters).works()
            advance(1, name)


@dataclass(frozen=True)
class _Network:
    """One network of a sweep, and what is done with its tangent kernels."""

    name: str
    trainings: PlannedTrainings
    inputs: PlannedInputs
    parameters: Parameters

    def works(self) -> Iterator[PlannedWork]:
        """Spectra of all networks; verdicts and evolution of those whose kernel moves."""
        levels, seeds = len(self.inputs.noise_levels), len(self.parameters["training"].seeds)
        sizes = self._trained_on, len(self.inputs.test_labels)
        yield self._spectra(levels * seeds)
        job = self.trainings.first
        if job.architecture.linear_in_weights or not isinstance(job.method, GradientDescent):
            return
        kernel = self._kernel("trace")
        if self.trainings.loss == "square":
            yield self._verdicts(levels * seeds, kernel, sizes)
        if self.parameters["kernel_evolution_study"].times:
            yield self._evolution(min(2, levels), kernel, sizes)

    @property
    def _trained_on(self) -> int:
        share = 1 - self.parameters["training"].validation
        return round(share * len(self.inputs.train_labels))

    def _spectra(self, networks: int) -> PlannedWork:
        spectrum = self.parameters["spectrum"]
        settings = spectrum.trained_networks
        n = min(settings.samples, len(self.inputs.train_labels))
        kernel = self._kernel(settings.outputs)
        seconds = 2 * (kernel.gram(n) + spectrum_seconds(n, spectrum))
        seconds = kernel.compilation + networks * seconds
        return PlannedWork("spectra", self.name, 2 * networks, seconds)

    def _verdicts(
        self, networks: int, kernel: "TangentKernelCost", sizes: tuple[int, int]
    ) -> PlannedWork:
        from kernel_regime.analysis.analysis_cost import verdict_seconds

        n, m = (min(size, self.parameters["regime_verdict"].samples) for size in sizes)
        seconds = kernel.compilation + networks * verdict_seconds(kernel, n, m)
        return PlannedWork("verdicts", self.name, networks, seconds)

    def _evolution(
        self, levels: int, kernel: "TangentKernelCost", sizes: tuple[int, int]
    ) -> PlannedWork:
        from kernel_regime.analysis.analysis_cost import evolution_seconds

        study = self.parameters["kernel_evolution_study"]
        count = levels * min(study.seeds, len(self.parameters["training"].seeds))
        one = evolution_seconds(study, kernel, self.trainings.seconds, *sizes)
        return PlannedWork("kernel evolution", self.name, count, kernel.compilation + count * one)

    def _kernel(self, outputs: int | str) -> "TangentKernelCost":
        from kernel_regime.ntk.kernel_cost import tangent_kernel_cost
        from kernel_regime.ntk.network_kernel import of_keras

        few, targets = self.inputs.few(_KERNEL_SAMPLES)
        job = self.trainings.first
        network = job.architecture.build(few.shape[1:], targets.shape[1], job.seed)
        return tangent_kernel_cost(of_keras(network, few.shape[1:], outputs), few)


def plan_analyses(
    inputs: PlannedInputs,
    parameters: Parameters,
    raw_train: LabelledData,
    sweep: Mapping[str, PlannedTrainings],
) -> Iterator[PlannedWork]:
    """Everything that spectral_analysis takes longer than a moment for."""
    yield from plan_kernel_analyses(inputs, parameters)
    yield from plan_network_analyses(inputs, parameters, sweep)
    yield from plan_fresh_networks(raw_train, parameters)
    yield plan_spectral_bias(inputs, parameters)
    yield from plan_laziness(inputs, parameters)
