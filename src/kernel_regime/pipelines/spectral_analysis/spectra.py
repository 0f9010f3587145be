"""Spectra of kernels, of trained networks, and of networks at initialisation."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd
from kedro.pipeline import Node, Pipeline

from kernel_regime.analysis.spectrum.initialisations import draw_kernel
from kernel_regime.analysis.spectrum.profile import Profile, profile
from kernel_regime.core.arrays import Array
from kernel_regime.core.errors import InputError
from kernel_regime.datasets.labelled_data import LabelledData
from kernel_regime.evaluation.targets import count_classes, encode_targets
from kernel_regime.pipelines.kernel_generation.parameters import KernelParameters
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.pipelines.spectral_analysis.parameters import SpectraParameters

logger = logging.getLogger(__name__)


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


def analyse_spectra(
    train_kernels: Partitions,
    networks: Partitions,
    raw_train: LabelledData,
    train_images: Partitions,
    train_labels: Array,
    noise_levels: pd.DataFrame,
    network_scores: pd.DataFrame,
    kernels: KernelParameters,
    spectra: SpectraParameters,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Spectra of kernels and empirical NTKs, one matrix in memory at a time.

    Returns
    -------
    spectra : DataFrame
        `level`, `source` (a kernel, a network, `<network>.initial`, or a set of
        initialisations), `run`, `index`, `eigenvalue`.
    spectral_summary : DataFrame
        One row per spectrum: ranks, power law, and how the labels lie in it.
    target_power : DataFrame
        Cumulative share of the labels' power in the top eigenvectors, by `index`.
    """
    targets = encode_targets(train_labels, count_classes(train_labels))
    levels = list(noise_levels["level"])
    _check_names([*kernels.names, *network_scores["network"].unique(), *spectra.entries()])

    def all_profiles() -> Iterator[tuple[_Place, Profile]]:
        for level in levels:
            yield from _of_kernels(level, train_kernels, kernels, targets, spectra)
            yield from _of_networks(level, networks, network_scores, train_images, targets, spectra)
        yield from _of_initialisations(levels[0], raw_train, spectra)

    tables = []
    for place, found in all_profiles():
        row = pd.DataFrame([found.summary])
        tables.append([place.label(t) for t in (found.spectrum_table(), row, found.power_table())])
        logger.info("%s: effective rank %.1f", place, found.summary["trace_rank"])
    eigenvalues, summary, power = (
        pd.concat(t, ignore_index=True) for t in zip(*tables, strict=True)
    )
    return eigenvalues, summary, power


def _check_names(sources: list[str]) -> None:
    """Refuse one name for two sources: their spectra would be taken for runs of one."""
    for name in sources:
        if sources.count(name) > 1:
            raise InputError(
                f"{name!r} names two of kernels, networks and spectra.initialisations; rename one"
            )


def _of_kernels(
    level: str,
    train_kernels: Partitions,
    kernels: KernelParameters,
    targets: Array,
    spectra: SpectraParameters,
) -> Iterator[tuple[_Place, Profile]]:
    """Every kernel of one level."""
    for kernel in kernels.names:
        (load,) = select(train_kernels, [f"{level}/{kernel}"]).values()
        yield _Place(level, kernel, 0), profile(load(), spectra.settings(), targets)


def _of_networks(
    level: str,
    networks: Partitions,
    scores: pd.DataFrame,
    train_images: Partitions,
    targets: Array,
    spectra: SpectraParameters,
) -> Iterator[tuple[_Place, Profile]]:
    """Empirical NTKs of one level's networks with the selected penalty, before and after."""
    from kernel_regime.ntk.network_kernel import of_keras

    (load_images,) = select(train_images, [level]).values()
    images = load_images()[: spectra.trained_networks.samples]
    here = scores[scores["level"] == level]
    chosen = here[here["selected"]]
    for network in here.loc[~here["network"].isin(chosen["network"]), "network"].unique():
        logger.warning("%s/%s: every training diverged; no spectrum", level, network)
    for network, seed in chosen[["network", "seed"]].itertuples(index=False):
        for moment in (".initial", ""):
            name = f"{level}/{network}/seed_{seed}{moment}"
            (load,) = select(networks, [name]).values()
            kernel = of_keras(load(), images.shape[1:], spectra.trained_networks.outputs)
            found = profile(kernel(images), spectra.settings(), targets[: len(images)])
            yield _Place(level, f"{network}{moment}", int(seed)), found


def _of_initialisations(
    level: str, raw_train: LabelledData, spectra: SpectraParameters
) -> Iterator[tuple[_Place, Profile]]:
    """Networks at random initialisations, each on its own samples of the undisturbed images."""
    for name, entry in spectra.entries().items():
        for run in range(entry.runs):
            matrix = draw_kernel(entry.network(), raw_train.inputs, entry.samples, entry.seed, run)
            yield _Place(level, name, run), profile(matrix, spectra.settings())


def create_spectra() -> Pipeline:
    """Kernels, networks and raw images → spectra, spectral_summary, target_power."""
    return Pipeline([
        Node(
            analyse_spectra,
            inputs=[
                "train_kernels",
                "networks",
                "raw_train",
                "train_images",
                "train_labels",
                "noise_levels",
                "network_scores",
                "params:kernels",
                "params:spectrum",
            ],
            outputs=["spectra", "spectral_summary", "target_power"],
            name="analyse_spectra",
                    tags="spectra",
        )
    ])  # fmt: skip
