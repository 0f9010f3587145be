"""Figure 1 of paper A beside the published: `python docs/results/fmnist_high_frequency.py kernels`.

Brings fmnist_high_frequency.csv up to date with what `kedro run --config` wrote last, and draws
fmnist_high_frequency.png from all rows there. What is read is said in a word: `kernels` after
fmnist_high_frequency.yml and fmnist_quadratic.yml, `random` after fmnist_random_split.yml, and
`networks` after fmnist_networks.yml, fmnist_random_features.yml and fmnist_neural_tangent.yml.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd

from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import legend_below, new_figure

PUBLISHED = pd.DataFrame(
    {
        "mean_field": [0.9144, 0.9035, 0.8951, 0.8720, 0.8499],
        "two_layer_ntk": [0.9190, 0.9039, 0.8922, 0.8599, 0.8232],
        "two_layer_nngp": [0.9161, 0.9027, 0.8922, 0.8613, 0.8232],
        "linear": [0.8223, 0.8185, 0.8163, 0.8126, 0.811],
        "quadratic": np.nan,  # said to be level with the NTK from τ ≈ 1 on
        "random_features": [0.916, 0.9004, 0.8915, 0.8539, 0.8174],  # of 321,126 features
        "neural_tangent": [0.9064, 0.8929, 0.8806, 0.8445, 0.8098],
    },
    index=pd.Index([0, 3 / 7, 9 / 14, 1.5, 3], name="noise"),
)
"""Test accuracies at the penalty or ridge that is best on the test set, read off the figure."""
TABLES = Path("data/07_model_output/fmnist_high_frequency")
TEST_IMAGES = 10_000
SPLITS = {
    "official": {"lw": 1.5, "marker": "s"},
    "random": {"ls": "", "marker": "D", "mfc": "white"},
}


def kernels() -> pd.DataFrame:
    """A row per level and kernel: at the ridge best on the test set, and at leave-one-out's."""
    picks = pd.read_parquet(TABLES / "ridge_selection.parquet")
    picks = picks.rename(columns={"kernel": "method"}).set_index(["level", "method", "criterion"])
    best = picks.xs("test_accuracy", level="criterion")
    chosen = picks.xs("loo_loss", level="criterion")
    columns = {
        "test_accuracy": "accuracy",
        "test_accuracy_low": "low",
        "test_accuracy_high": "high",
    }
    by_loo = chosen[["test_accuracy", "test_loss", "ridge"]].set_axis(
        ["accuracy_by_loo", "loss_by_loo", "ridge_by_loo"], axis=1
    )
    return best[[*columns, "ridge"]].rename(columns=columns).join(by_loo).reset_index()


def networks() -> pd.DataFrame:
    """A row per level, at the penalty best on the test set."""
    scores = pd.read_parquet(TABLES / "network_scores.parquet")
    scores = scores[scores["selected_on_test"]].rename(
        columns={"network": "method", "test_accuracy": "accuracy"}
    )
    error = 1.96 * np.sqrt(scores["accuracy"] * (1 - scores["accuracy"]) / TEST_IMAGES)
    limits = {"low": scores["accuracy"] - error, "high": scores["accuracy"] + error}
    return scores[["level", "method", "accuracy", "penalty", "epochs"]].assign(**limits)


read = {"kernels": kernels, "random": kernels, "networks": networks}
word = sys.argv[1] if len(sys.argv) > 1 else ""
if word not in read:
    sys.exit(f"say what to read: {', '.join(read)}; not {word!r}")
table = read[word]()
table.insert(0, "noise", table.pop("level").str.removeprefix("level_").astype(float))
nearest = abs(np.subtract.outer(table["noise"].to_numpy(), PUBLISHED.index)).argmin(axis=1)
places = PUBLISHED.columns.get_indexer(table["method"])
table.insert(2, "published", PUBLISHED.to_numpy()[nearest, places])
table.insert(3, "split", "random" if word == "random" else "official")
here = Path(__file__)
rows = here.with_suffix(".csv")
stored = pd.read_csv(rows)
newest_first = pd.concat([table, stored])[list(stored)].round({"noise": 4})
key = ["noise", "method", "split"]
table = newest_first.drop_duplicates(key).sort_values(key)
table.to_csv(rows, index=False, float_format="%.4g")

figure, (axes,) = new_figure(1)
styles = line_styles(PUBLISHED)
for place, method in enumerate(PUBLISHED):
    colour = styles[method]["color"]
    axes.plot(
        *(PUBLISHED.index, PUBLISHED[method]),
        **{"color": colour, "lw": 1, "ls": "--", "marker": "o", "mfc": "none"},
        label=f"{method_name(method)}, published" if PUBLISHED[method].notna().all() else None,
    )
    for split, style in SPLITS.items():
        ours = table[(table["method"] == method) & (table["split"] == split)]
        if len(ours):
            axes.errorbar(
                ours["noise"] + 0.02 * (place - 2),  # side by side
                ours["accuracy"],
                yerr=[ours["accuracy"] - ours["low"], ours["high"] - ours["accuracy"]],
                **{"color": colour, "elinewidth": 2, **style},
                label=f"{method_name(method)}, {'here' if split == 'official' else 'random split'}",
            )
axes.set(xlabel="noise-to-signal ratio τ", ylabel="test accuracy")
legend_below(figure, axes, columns=2)
figure.savefig(here.with_suffix(".png"))
