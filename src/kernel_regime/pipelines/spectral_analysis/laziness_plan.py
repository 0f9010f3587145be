"""Plan of the dial of laziness: how many trainings, and how long they can last."""

from collections.abc import Iterator

from kernel_regime.core.types import Parameters
from kernel_regime.pipelines.planned_inputs import PlannedInputs, PlannedWork
from kernel_regime.pipelines.spectral_analysis.laziness_nodes import dialled, lazy_network

_MEASURED = 256
"""Training samples on which gradients are timed."""


def plan_laziness(inputs: PlannedInputs, parameters: Parameters) -> Iterator[PlannedWork]:
    """Trainings of every network and width at all levels, scales and seeds.

    Their time is the most that they can take: `most_gradients` for each.
    """
    from kernel_regime.training.lazy_cost import lazy_training_seconds

    study, n = parameters["laziness"], len(inputs.train_labels)
    x, y = inputs.few(_MEASURED)
    for name, width, network in dialled(parameters["network_sweep"], study):
        lazy = lazy_network(network, width, 0, x.shape[1:], y.shape[1])
        one = lazy_training_seconds(lazy.apply, lazy.params, x, y, n, study.most_gradients)
        networks = len(inputs.noise_levels) * study.seeds
        # The linearisation is one more training, at twice the cost of a gradient.
        seconds = networks * (len(study.alphas) + 2) * one
        label = f"{name}, width {width}"
        yield PlannedWork("laziness", label, networks * len(study.alphas), seconds)
