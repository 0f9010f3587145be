"""Wiring of data_processing."""

from kedro.pipeline import Node, Pipeline

from kernel_regime.pipelines.data_processing.nodes import perturb_images, prepare


def create_pipeline() -> Pipeline:
    """raw_train, raw_test → labels, noise_levels, and images per level.

    Examples
    --------
    >>> sorted(create_pipeline().outputs())
    ['test_images', 'test_labels', 'train_images', 'train_labels']
    """
    return Pipeline(
        [
            Node(
                prepare,
                inputs=["raw_train", "raw_test", "params:data", "params:noise"],
                outputs=[
                    "train_samples",
                    "test_samples",
                    "train_labels",
                    "test_labels",
                    "noise_levels",
                ],
                name="prepare",
            ),
            Node(
                perturb_images,
                inputs=["train_samples", "test_samples", "noise_levels", "params:noise"],
                outputs=["train_images", "test_images"],
                name="perturb_images",
            ),
        ],
        namespace="data_processing",
        prefix_datasets_with_namespace=False,
        tags="data",
    )
