"""Wiring of kernel_generation."""

from kedro.pipeline import Node, Pipeline

from kernel_regime.pipelines import data_processing
from kernel_regime.pipelines.kernel_generation.nodes import (
    audit_kernels,
    compute_test_kernels,
    compute_train_kernels,
)


def create_pipeline() -> Pipeline:
    """Images per level → train_kernels, test_kernels, kernel_audit; data_processing included.

    Examples
    --------
    >>> sorted(create_pipeline().only_nodes_with_tags("kernels").outputs())
    ['kernel_audit', 'test_kernels']
    """
    own = Pipeline(
        [
            Node(
                compute_train_kernels,
                inputs=[
                    *("train_images", "noise_levels", "kernel_disk"),
                    *("params:kernels", "params:execution"),
                ],
                outputs="train_kernels",
                name="train_kernels",
            ),
            Node(
                compute_test_kernels,
                inputs=[
                    *("test_images", "train_images", "noise_levels", "kernel_disk"),
                    *("params:kernels", "params:execution"),
                ],
                outputs="test_kernels",
                name="test_kernels",
            ),
            Node(
                audit_kernels,
                inputs=[
                    *("train_kernels", "train_images", "noise_levels", "finished_results"),
                    "params:kernels",
                ],
                outputs="kernel_audit",
                name="audit_kernels",
            ),
        ],
        namespace="kernel_generation",
        prefix_datasets_with_namespace=False,
        tags="kernels",
    )
    return data_processing.create_pipeline() + own
