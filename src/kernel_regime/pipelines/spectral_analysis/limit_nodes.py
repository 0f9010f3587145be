"""Comparisons of kernels and spectra with exact results: the sphere, and infinite width."""

import numpy as np
import pandas as pd

from kernel_regime.analysis.spectrum.sphere import compare_on_sphere
from kernel_regime.kernels.dense.zonal import relu_ntk
from kernel_regime.noise.transforms import centre_and_scale
from kernel_regime.ntk.shallow_network import distance_to_limit
from kernel_regime.pipelines.partitions import Partitions, select
from kernel_regime.pipelines.spectral_analysis.parameters import LimitParameters


def compare_sphere(limits: LimitParameters) -> pd.DataFrame:
    """Eigenvalues of a sample beside the exact ones of the operator, by degree."""
    return compare_on_sphere(relu_ntk(limits.sphere.layers), limits.sphere)


def approach_infinite_width(
    train_images: Partitions, noise_levels: pd.DataFrame, limits: LimitParameters
) -> pd.DataFrame:
    """Distance of shallow kernels from the arc-cosine limit, by width and run."""
    settings = limits.infinite_width
    first = str(noise_levels["level"].iloc[0])
    (load,) = select(train_images, [first]).values()
    images = np.asarray(load()[: settings.samples], np.float64)
    inputs = centre_and_scale(images.reshape(len(images), -1))
    return distance_to_limit(inputs, settings.widths, settings.runs)
