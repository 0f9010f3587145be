"""Spectral-bias experiment: what is learned first on unseen inputs, and what the kernel says.

An architecture, a training sample, a reference sample that stands for the input
law, and a held-out sample; the kernel's own gradient flow and finite networks side by side.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd

from kernel_regime.analysis.spectral_bias.bounds import measure_bounds
from kernel_regime.analysis.spectral_bias.finite_networks import FiniteNetwork
from kernel_regime.analysis.spectral_bias.flow import Trajectory, kernel_flow, network_flow
from kernel_regime.analysis.spectral_bias.mode_rates import ModeDecay
from kernel_regime.analysis.spectral_bias.operator import TrainingKernel
from kernel_regime.analysis.spectral_bias.study_settings import ExperimentSettings
from kernel_regime.core.arrays import Array
from kernel_regime.ntk.empirical import empirical_ntk

KERNEL_SAMPLES = 64
"""Reference samples on which finite and infinite kernels are compared."""


@dataclass(frozen=True)
class LabelledSamples:
    """Inputs (n, ...) and targets (n, outputs) of one role."""

    inputs: Array
    targets: Array

    def __len__(self) -> int:
        return len(self.inputs)

    def take(self, rows: Array | slice) -> "LabelledSamples":
        """Some of the samples."""
        return LabelledSamples(self.inputs[rows], self.targets[rows])


@dataclass(frozen=True)
class RunTables:
    """Tables of one run: fitted rates, trajectories of the modes, and bounds."""

    rates: pd.DataFrame
    curves: pd.DataFrame
    bounds: pd.DataFrame


RUN_TABLES = tuple(field.name for field in fields(RunTables))


@dataclass(frozen=True)
class Experiment:
    """One architecture's kernel, known on a reference and a held-out sample.

    Parameters
    ----------
    architecture : FiniteNetwork
        Its width matters to the finite networks only.
    reference, held_out : LabelledSamples
        Never trained on. The first defines T; on the second, eigenfunctions are extended.
    operator : TrainingKernel
        T of K^∞.
    functions : array (held-out samples, modes)
        φ_i at the held-out samples.
    settings : ExperimentSettings
        Sizes.
    """

    architecture: FiniteNetwork
    reference: LabelledSamples
    held_out: LabelledSamples
    operator: TrainingKernel
    functions: Array
    settings: ExperimentSettings

    @classmethod
    def prepare(
        cls,
        architecture: FiniteNetwork,
        reference: LabelledSamples,
        held_out: LabelledSamples,
        settings: ExperimentSettings,
    ) -> "Experiment":
        """Diagonalise K^∞ on the reference sample."""
        operator = TrainingKernel.of(architecture.limit(reference.inputs))
        kernel = architecture.limit(held_out.inputs, reference.inputs)
        functions = operator.extend(kernel, settings.modes)
        return cls(architecture, reference, held_out, operator, functions, settings)

    def with_width(self, width: int) -> "Experiment":
        """The same kernel and samples, for networks of another width."""
        return replace(self, architecture=replace(self.architecture, width=width))

    @property
    def times(self) -> Array:
        """0, then from a twentieth of the fastest mode's time to the horizon."""
        rates = self.operator.eigenvalues
        last = self.settings.horizon / rates[self.settings.modes - 1]
        return np.r_[0, np.geomspace(0.05 / rates[0], last, self.settings.records)]

    def run_kernel(self, train: LabelledSamples) -> RunTables:
        """Gradient flow under K^∞."""
        to_reference = self.architecture.limit(self.reference.inputs, train.inputs)
        to_held_out = self.architecture.limit(self.held_out.inputs, train.inputs)
        kernel = self.architecture.limit(train.inputs)
        flow = kernel_flow(kernel, to_reference, to_held_out, train.targets, self.times)
        return self._analyse(flow, train, to_reference)

    def run_network(self, train: LabelledSamples, seed: int) -> tuple[RunTables, dict[str, float]]:
        """Gradient descent of a finite network, and its `kernel_distances`."""
        apply, params = self.architecture.draw(train.inputs.shape[1:], seed)
        to_reference = self.architecture.limit(self.reference.inputs, train.inputs)
        inputs = train.inputs, self.reference.inputs, self.held_out.inputs
        flow, final = network_flow(
            apply, params, inputs, train.targets, self.times, self.settings.step
        )
        few = self.reference.inputs[:KERNEL_SAMPLES]
        limit = self.architecture.limit(few)
        start, end = (empirical_ntk(apply, p, few) for p in (params, final))
        return self._analyse(flow, train, to_reference), kernel_distances(limit, start, end)

    def _analyse(self, flow: Trajectory, train: LabelledSamples, to_reference: Array) -> RunTables:
        rates, curves = [], []
        for measure, decay in self._decays(flow, train, to_reference):
            sigma = self.operator.eigenvalues[: self.settings.modes]
            rates.append(decay.fit(sigma).assign(measure=measure))
            shares = pd.DataFrame(decay.shares, columns=range(1, len(sigma) + 1))
            long = shares.assign(time=flow.times).melt("time", var_name="mode", value_name="share")
            curves.append(long.astype({"mode": int}).assign(measure=measure))
        ranks = sorted({1, self.settings.modes // 2, self.settings.modes, 0})
        bounds = measure_bounds(
            flow, self.operator, to_reference, train.targets, self.reference.targets, ranks
        )
        return RunTables(pd.concat(rates), pd.concat(curves), bounds)

    def _decays(
        self, flow: Trajectory, train: LabelledSamples, to_reference: Array
    ) -> Iterator[tuple[str, ModeDecay]]:
        """The residual's modes on held-out samples, what was learned there, and on training ones.

        Labels permuted among samples are noise: nothing learned from some of them says anything
        about the others. What is learned on held-out samples then tends to the coefficient that
        the training labels happen to have, and it is the gap to that which must decay.
        """
        on_train = self.operator.extend(to_reference.T, self.settings.modes)
        to_train, to_held_out = on_train.T / len(train), self.functions.T / len(self.held_out)
        found = to_train @ train.targets
        residual = flow.held_out - self.held_out.targets
        # A mean over m samples misses a coefficient by |f*|²/m; over n training samples, the
        # modes mix with each other by the power of all of them/n.
        sampling = float((self.held_out.targets**2).sum(axis=1).mean() / len(self.held_out))
        leaking = float((found**2).sum() / len(train))
        yield "held_out", ModeDecay(flow.times, to_held_out @ residual, sampling)
        yield "learned", ModeDecay(flow.times, to_held_out @ flow.held_out - found, leaking)
        yield "train", ModeDecay(flow.times, to_train @ (flow.train - train.targets), leaking)


def kernel_distances(limit: Array, start: Array, end: Array) -> dict[str, float]:
    """Relative distances in Frobenius norm of K₀ from K^∞, and of K_t from K₀.

    Examples
    --------
    >>> kernel_distances(np.eye(2), 2 * np.eye(2), 3 * np.eye(2))
    {'distance': 1.0, 'drift': 0.5}
    """
    return {
        "distance": float(np.linalg.norm(start - limit) / np.linalg.norm(limit)),
        "drift": float(np.linalg.norm(end - start) / np.linalg.norm(start)),
    }
