"""Kedro datasets of the laboratory: files in, arrays out."""

from kernel_regime.datasets.arrays import ArraysDataset
from kernel_regime.datasets.cifar import CifarDataset
from kernel_regime.datasets.digits import DigitsDataset
from kernel_regime.datasets.idx import IdxDataset
from kernel_regime.datasets.image_folder import ImageFolderDataset
from kernel_regime.datasets.labelled_data import LabelledData, LabelledDataset
from kernel_regime.datasets.npy import NpyDataset
from kernel_regime.datasets.spiked import SpikedCovariatesDataset
from kernel_regime.datasets.table import TableDataset

__all__ = [
    "ArraysDataset",
    "CifarDataset",
    "DigitsDataset",
    "IdxDataset",
    "ImageFolderDataset",
    "LabelledData",
    "LabelledDataset",
    "NpyDataset",
    "SpikedCovariatesDataset",
    "TableDataset",
]
