"""Figure 1 of paper A beside the published one: `python docs/results/fmnist_high_frequency.py`.

Reads what `kedro run --config docs/results/fmnist_high_frequency.yml` wrote, draws
fmnist_high_frequency.png and writes fmnist_high_frequency.csv.
"""

from pathlib import Path

import pandas as pd

from kernel_regime.figures.methods import line_styles, method_name
from kernel_regime.figures.style import legend_below, new_figure

PUBLISHED = pd.DataFrame(
    {
        "mean_field": [0.9144, 0.9035, 0.8951, 0.8720, 0.8499],
        "two_layer_ntk": [0.9190, 0.9039, 0.8922, 0.8599, 0.8232],
        "two_layer_nngp": [0.9161, 0.9027, 0.8922, 0.8613, 0.8232],
        "linear": [0.8223, 0.8185, 0.8163, 0.8126, 0.811],
    },
    index=pd.Index([0, 3 / 7, 9 / 14, 1.5, 3], name="noise"),
)
"""Test accuracies at the penalty or ridge that is best on the test set, read off the figure."""

selection = pd.read_parquet("data/07_model_output/fmnist_high_frequency/ridge_selection.parquet")
selection["noise"] = selection["level"].str.removeprefix("level_").astype(float)
rows = []
for (noise, kernel), picks in selection.groupby(["noise", "kernel"]):
    by = picks.set_index("criterion")
    best, chosen = by.loc["test_accuracy"], by.loc["loo_loss"]
    nearest = abs(PUBLISHED.index - noise).argmin()
    rows.append(
        {
            "noise": noise,
            "kernel": kernel,
            "published": PUBLISHED[kernel].iloc[nearest],
            "accuracy": best["test_accuracy"],
            "low": best["test_accuracy_low"],
            "high": best["test_accuracy_high"],
            "ridge": best["ridge"],
            "accuracy_by_loo": chosen["test_accuracy"],
            "loss_by_loo": chosen["test_loss"],
            "ridge_by_loo": chosen["ridge"],
        }
    )
table = pd.DataFrame(rows)
here = Path(__file__)
table.round(4).to_csv(here.with_suffix(".csv"), index=False)

figure, (axes,) = new_figure(1)
styles = line_styles(PUBLISHED)
for place, method in enumerate(PUBLISHED):
    axes.plot(
        PUBLISHED.index,
        PUBLISHED[method],
        color=styles[method]["color"],
        lw=1,
        ls="--",
        marker="o",
        mfc="none",
        label=f"{method_name(method)}, published",
    )
    ours = table[table["kernel"] == method]
    axes.errorbar(
        ours["noise"] + 0.05 * (place - 2),  # side by side
        ours["accuracy"],
        yerr=[ours["accuracy"] - ours["low"], ours["high"] - ours["accuracy"]],
        color=styles[method]["color"],
        marker="s",
        lw=0,
        elinewidth=2,
        label=f"{method_name(method)}, here" if len(ours) else None,
    )
axes.set(xlabel="noise-to-signal ratio τ", ylabel="test accuracy")
legend_below(figure, axes, columns=2)
figure.savefig(here.with_suffix(".png"))
