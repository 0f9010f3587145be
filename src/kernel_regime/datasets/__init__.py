"""Kedro datasets of the laboratory: files in, arrays out."""

from kernel_regime.datasets.cifar import CifarDataset
from kernel_regime.datasets.digits import DigitsDataset
from kernel_regime.datasets.idx import IdxDataset
from kernel_regime.datasets.labelled_images import LabelledImages
from kernel_regime.datasets.npy import NpyDataset
from kernel_regime.datasets.spiked import SpikedCovariatesDataset

__all__ = [
    "CifarDataset",
    "DigitsDataset",
    "IdxDataset",
    "LabelledImages",
    "NpyDataset",
    "SpikedCovariatesDataset",
]
