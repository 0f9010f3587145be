"""Kernels and spectra against what is known exactly: the sphere, and infinite width."""

import numpy as np
import pandas as pd
from kedro.pipeline import Node, Pipeline
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from kernel_regime.analysis.spectrum.sphere import compare_on_sphere
from kernel_regime.kernels.dense.zonal import relu_ntk
from kernel_regime.noise.transforms import centre_and_scale
from kernel_regime.ntk.shallow_network import distance_to_limit
from kernel_regime.pipelines.partitions import Partitions, select


class _Parameters(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SphereParameters(_Parameters):
    """The NTK of a fully connected network on points uniform on a sphere."""

    layers: PositiveInt
    dimension: int = Field(ge=3)
    samples: PositiveInt
    degrees: PositiveInt
    """Degrees 0, 1, … compared at most."""
    seed: NonNegativeInt


class WidthParameters(_Parameters):
    """Shallow ReLU networks of growing width on the first inputs of the first level."""

    widths: list[PositiveInt] = Field(min_length=2)
    runs: PositiveInt
    samples: PositiveInt


class LimitParameters(_Parameters):
    """What is compared with exact results."""

    sphere: SphereParameters
    infinite_width: WidthParameters


def compare_sphere(limits: LimitParameters) -> pd.DataFrame:
    """Eigenvalues of a sample beside the exact ones of the operator, by degree."""
    sphere = limits.sphere
    kernel = relu_ntk(sphere.layers)
    return compare_on_sphere(kernel, sphere.dimension, sphere.samples, sphere.degrees, sphere.seed)


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


def create_limits() -> Pipeline:
    """Images → sphere_spectrum, shallow_convergence."""
    return Pipeline([
        Node(
            compare_sphere,
            inputs="params:limits",
            outputs="sphere_spectrum",
            name="compare_sphere",
            tags="spectra",
        ),
        Node(
            approach_infinite_width,
            inputs=["train_images", "noise_levels", "params:limits"],
            outputs="shallow_convergence",
            name="approach_infinite_width",
            tags="spectra",
        ),
    ])  # fmt: skip
