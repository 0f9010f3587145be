"""Wiring of model_training."""

from kedro.pipeline import Pipeline

from kernel_regime.pipelines import kernel_generation
from kernel_regime.pipelines.model_training.distribution_shift import create_distribution_shift
from kernel_regime.pipelines.model_training.feature_machines import create_feature_machines
from kernel_regime.pipelines.model_training.gaussian_processes import create_gaussian_processes
from kernel_regime.pipelines.model_training.kernel_regression import create_kernel_regression
from kernel_regime.pipelines.model_training.network_training import create_network_training


def create_pipeline() -> Pipeline:
    """Kernels, images and labels → scores and networks; what stands before them included.

    Examples
    --------
    >>> "networks" in create_pipeline().all_outputs()
    True
    """
    own = Pipeline(
        [
            create_kernel_regression(),
            create_gaussian_processes(),
            create_feature_machines(),
            create_network_training(),
            create_distribution_shift(),
        ],
        namespace="model_training",
        prefix_datasets_with_namespace=False,
        tags="training",
    )
    return kernel_generation.create_pipeline() + own
