"""Wiring of data_processing."""

from kedro.pipeline import Node, Pipeline

from kernel_regime.pipelines.data_processing.nodes import (
    perturb_images,
    select_train_and_test,
    tabulate_levels,
)


def create_pipeline() -> Pipeline:
    """raw_train, raw_test → labels, noise_levels, and images per level."""
    return Pipeline(
        [
            Node(
                select_train_and_test,
                inputs=["raw_train", "raw_test", "params:data"],
                outputs=["train_samples", "test_samples", "train_labels", "test_labels"],
                name="select_train_and_test",
                tags="data",
            ),
            Node(
                tabulate_levels,
                inputs=["train_samples", "params:noise"],
                outputs="noise_levels",
                name="tabulate_levels",
                tags="data",
            ),
            Node(
                perturb_images,
                inputs=["train_samples", "test_samples", "noise_levels", "params:noise"],
                outputs=["train_images", "test_images"],
                name="perturb_images",
                tags="data",
            ),
        ],
        namespace="data_processing",
        prefix_datasets_with_namespace=False,
    )
