"""One's own arrays, images and tables run to the report with nothing but an environment."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.experiments import new_project, run, tiny

ARRAYS = """
"raw_{split}":
  type: kernel_regime.datasets.ArraysDataset
  filepath: data/01_raw/mine/{split}.npz
"""
IMAGES = """
"raw_{split}":
  type: kernel_regime.datasets.ImageFolderDataset
  path: data/01_raw/mine/{split}
  side: 8
"""
TABLE = """
"raw_{split}":
  type: kernel_regime.datasets.TableDataset
  filepath: data/01_raw/mine/houses.csv
  target: price
  split: "{split}"
  test_share: 0.4
"""
GAUSSIAN = "noise: {kind: gaussian, levels: [{value: 0}, {value: 1}]}\n"
LOW = "noise: {kind: low_frequency, levels: [{value: 0}, {value: 4}]}\n"


def write_arrays(folder):
    """Vectors of two classes with strings as labels."""
    rng = np.random.default_rng(0)
    for split, n in (("train", 60), ("test", 30)):
        inputs = rng.standard_normal((n, 6))
        labels = np.where(inputs[:, 0] > 0, "up", "down")
        np.savez(folder / f"{split}.npz", inputs=inputs, labels=labels)


def write_images(folder):
    """Colour images of two classes, of several sizes."""
    rng = np.random.default_rng(0)
    for split, n in (("train", 30), ("test", 15)):
        for shade, name in enumerate(("dark", "light")):
            (folder / split / name).mkdir(parents=True)
            for k in range(n):
                pixels = rng.integers(90 * shade, 90 * shade + 160, (8 + k % 3, 8 + k % 3, 3))
                Image.fromarray(pixels.astype(np.uint8)).save(folder / split / name / f"{k}.png")


def write_table(folder):
    """A real-valued target, and columns in very different units."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"area": rng.uniform(3e3, 9e4, 150), "rooms": rng.integers(1, 9, 150)})
    table["price"] = table["area"] / 1e4 + table["rooms"] ** 2 / 10 + rng.normal(0, 0.1, 150)
    table.to_csv(folder / "houses.csv", index=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("catalog", "write", "noise", "metric"),
    [
        pytest.param(TABLE, write_table, GAUSSIAN, "test_loss", id="table"),
        pytest.param(ARRAYS, write_arrays, GAUSSIAN, "test_accuracy", id="arrays"),
        pytest.param(IMAGES, write_images, LOW, "test_accuracy", id="images"),
    ],
)
def test_an_environment_is_all_it_takes(tmp_path, catalog, write, noise, metric):
    project = new_project(tmp_path)
    (project / "data" / "01_raw" / "mine").mkdir(parents=True)
    write(project / "data" / "01_raw" / "mine")
    (project / "conf" / "mine").mkdir()
    (project / "conf" / "mine" / "catalog.yml").write_text(catalog)
    (project / "conf" / "mine" / "parameters.yml").write_text(noise)
    found = run(project, "mine", **tiny("mine", project / "conf"))
    curves = found.load("phase_curves")
    assert set(curves["metric"]) == {metric}
    assert set(curves["method"]) == {"ntk", "nngp", "quadratic", "mean_field"}
    assert np.isfinite(curves["score"]).all()
    # On clean data a kernel beats guessing, and the best constant.
    clean = curves[(curves["value"] == 0) & (curves["method"] == "ntk")]["score"].item()
    if metric == "test_accuracy":
        assert clean > 0.7
    else:
        assert clean < np.var(found.load("test_labels"))
    assert "</html>" in found.load("report")
