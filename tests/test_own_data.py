"""One's own arrays, images and tables run to the report with nothing but an environment."""

import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.experiments import PROJECT, new_project, run, tiny

DOCUMENT = (PROJECT / "docs" / "data.md").read_text(encoding="utf-8")
ARRAYS, IMAGES, TABLE = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.S)
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


def test_the_documented_sweep_runs_without_kedro():
    (code,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.S)
    names = {}
    exec(code, names)
    assert list(names["perturbed"]) == [1.0, 14.0]
    assert names["perturbed"][14.0].shape == (40, 28, 28)
