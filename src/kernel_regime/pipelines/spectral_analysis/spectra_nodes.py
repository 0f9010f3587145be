"""Spectra of kernels, of trained networks, and of networks at initialisation."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path

import pandas as pd

from kernel_regime.analysis.spectrum.initialisations import FreshNetwork
from kernel_regime.analysis.spectrum.profile import ProfileSettings, profile
from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.core.files import digest
from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.execution.results import Content, Results, partition_content
from kernel_regime.execution.store.job import Fingerprint, KernelJob
from kernel_regime.kernels.base import Kernel
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.pipelines.spectral_analysis.parameters import (
    SpectrumParameters,
    TrainedNetworks,
)

logger = logging.getLogger(__name__)

_TABLES = ("spectra", "summary", "power")
_FORMAT = 1  # raised when the profile of the same matrix would find other numbers than before


@dataclass(frozen=True)
class _Place:
    """Where a spectrum stands in the tables."""

    level: str
    source: str
    run: int

    def __str__(self) -> str:
        return f"{self.level}/{self.source}/run_{self.run}"

    def label(self, table: pd.DataFrame) -> pd.DataFrame:
        """The table, this place in front of every row."""
        return pd.DataFrame(vars(self), index=table.index).join(table)


@dataclass(frozen=True)
class _Source:
    """A kernel matrix that may not have been computed yet: its size, its content, its values."""

    place: _Place
    size: int
    content: Fingerprint | str
    load: Callable[[], Array]


def analyse_spectra(
    train_kernels: Partitions,
    networks: Partitions,
    raw_train: LabelledData,
    train_images: Partitions,
    train_labels: Array,
    noise_levels: pd.DataFrame,
    network_scores: pd.DataFrame,
    finished_results: Path,
    kernels: KernelParameters,
    spectrum: SpectrumParameters,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Spectra of kernels and empirical NTKs, one matrix in memory at a time.

    Every profile is kept in `finished_results` as soon as it is finished: see `Results`.

    Returns
    -------
    spectra : DataFrame
        `level`, `source` (a kernel, a network, `<network>.initial`, or a set of
        initialisations), `run`, `index`, `eigenvalue`.
    spectral_summary : DataFrame
        One row per spectrum: ranks, power law, and how the targets lie in it.
    target_power : DataFrame
        Cumulative share of the targets' power in the top eigenvectors, by `index`.

    Raises
    ------
    InputError
        If one name stands for two sources: their spectra would be taken for runs of one.
    """
    levels = list(noise_levels["level"])
    fresh = spectrum.fresh_networks()
    _require_one_source_each([*kernels.names, *network_scores["network"].unique(), *fresh])
    targets = encode_targets(train_labels, count_classes(train_labels))
    trained = _networks(networks, network_scores, train_images, levels, spectrum.trained_networks)
    results = Results(finished_results)
    profiles = chain(
        _profiles(
            _kernels(train_kernels, levels, kernels.names, len(targets)), results, spectrum, targets
        ),
        _profiles(trained, results, spectrum, targets),
        _profiles(_initialisations(raw_train, levels[0], fresh), results, spectrum),
    )
    rows = [[place.label(pd.DataFrame(found[t])) for t in _TABLES] for place, found in profiles]
    spectra, summary, power = (pd.concat(t, ignore_index=True) for t in zip(*rows, strict=True))
    return spectra, summary, power


def _require_one_source_each(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"{name!r} names two of kernels, networks and spectrum.initialisations; rename one"
            )


def _profiles(
    sources: Iterable[_Source],
    results: Results,
    settings: ProfileSettings,
    targets: Array | None = None,
) -> Iterator[tuple[_Place, Content]]:
    """Profiles of kernel matrices, one after the other, with the targets of their samples."""
    for source in sources:
        its = None if targets is None else targets[: source.size]
        description = {
            **{"what": "spectrum", "format": _FORMAT, "matrix": source.content},
            **settings.content(source.size),
            "targets": None if its is None else digest(its),
        }
        found = results.get(description, partial(_profile, source.load, settings, its))
        rank = pd.DataFrame(found["summary"])["trace_rank"].iloc[0]
        logger.info("%s: effective rank %.1f", source.place, rank)
        yield source.place, found


def _profile(
    load: Callable[[], Array], settings: ProfileSettings, targets: Array | None
) -> Content:
    found = profile(load(), settings, targets)
    tables = found.spectrum_table(), found.summary_table(), found.power_table()
    return dict(zip(_TABLES, tables, strict=True))


def _kernels(
    train_kernels: Partitions, levels: list[str], names: Iterable[str], size: int
) -> Iterator[_Source]:
    """All kernels at all levels."""
    for level in levels:
        for name in names:
            (load,) = select(train_kernels, [f"{level}/{name}"]).values()
            yield _Source(_Place(level, name, 0), size, partition_content(load), load)


def _networks(
    networks: Partitions,
    network_scores: pd.DataFrame,
    train_images: Partitions,
    levels: list[str],
    settings: TrainedNetworks,
) -> Iterator[_Source]:
    """Empirical NTKs of the networks with the selected penalty, before and after training."""
    from kernel_regime.ntk.network_kernel import of_keras

    for level in levels:
        (load_inputs,) = select(train_images, [level]).values()
        inputs = load_inputs()[: settings.samples]
        scores = network_scores[network_scores["level"] == level]
        chosen = scores[scores["selected"]]
        for name in scores.loc[~scores["network"].isin(chosen["network"]), "network"].unique():
            logger.warning("%s/%s: every training diverged; no spectrum", level, name)
        for name, seed in chosen[["network", "seed"]].itertuples(index=False):
            for moment in (".initial", ""):
                (load,) = select(networks, [f"{level}/{name}/seed_{seed}{moment}"]).values()
                kernel = of_keras(load(), inputs.shape[1:], settings.outputs)
                yield _described(_Place(level, f"{name}{moment}", int(seed)), kernel, inputs)


def _initialisations(
    raw_train: LabelledData, level: str, fresh: Mapping[str, FreshNetwork]
) -> Iterator[_Source]:
    """Networks at random initialisation, each on its own samples of the undisturbed inputs."""
    if not fresh:
        return
    inputs = raw_train.checked("raw_train").inputs
    for name, network in fresh.items():
        for run in range(network.runs):
            yield _described(_Place(level, name, run), *network.draw(inputs, run))


def _described(place: _Place, kernel: Kernel, inputs: Array) -> _Source:
    """The matrix that a kernel will have on these inputs."""
    content = KernelJob(kernel, inputs).fingerprint()
    return _Source(place, len(inputs), content, partial(kernel, inputs))
