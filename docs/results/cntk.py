"""CNTKs of Arora et al. (2019) beside the published accuracies: `python docs/results/cntk.py`.

Brings cntk.csv up to date with the kernels that `kedro run --config docs/results/cntk.yml` or
cntk_gap.yml wrote last, and draws cntk.png from all rows there.
"""

from pathlib import Path

import pandas as pd

from kernel_regime.figures.style import COLOURS, legend_below, new_figure

PUBLISHED = {
    "cntk_v_3": ("CNTK-V, depth 3", 40.9),
    "cntk_v_4": ("CNTK-V, depth 4", 42.5),
    "cntk_gap_3": ("CNTK-GAP, depth 3", 49.7),
    "cntk_gap_4": ("CNTK-GAP, depth 4", 51.1),
}
"""Per cent of the test images, of 2,000 training images and without a ridge."""
TABLES = Path("data/07_model_output/cifar10")


def measured() -> pd.DataFrame:
    """Per cent, a row a kernel: best ridge with its interval, leave-one-out's, the smallest."""
    picks = pd.read_parquet(TABLES / "ridge_selection.parquet").set_index("kernel")
    best = picks[picks["criterion"] == "test_accuracy"]
    paths = pd.read_parquet(TABLES / "kernel_scores.parquet").sort_values("ridge")
    columns = {
        "best": best["test_accuracy"],
        "low": best["test_accuracy_low"],
        "high": best["test_accuracy_high"],
        "by_loo": picks.loc[picks["criterion"] == "loo_loss", "test_accuracy"],
        "no_ridge": paths.groupby("kernel")["test_accuracy"].first(),
    }
    return 100 * pd.DataFrame(columns)


rows = Path(__file__).with_suffix(".csv")
table = pd.concat([measured(), pd.read_csv(rows, index_col="kernel")])
table = table[~table.index.duplicated()].reindex(list(PUBLISHED)).dropna()
table.to_csv(rows, float_format="%.1f", index_label="kernel")

figure, (axes,) = new_figure(1, width=6, height=2.8)
names, published = zip(*(PUBLISHED[kernel] for kernel in table.index), strict=True)
axes.errorbar(
    *(table["best"], names),
    xerr=[table["best"] - table["low"], table["high"] - table["best"]],
    **{"fmt": "s", "color": COLOURS[0], "label": "best ridge on the test set, 95 %"},
)
axes.plot(table["by_loo"], names, "D", mfc="white", color=COLOURS[0], label="by leave-one-out")
axes.plot(table["no_ridge"], names, "x", color=COLOURS[1], label="no ridge")
axes.plot(published, names, "o", mfc="none", ms=10, color="black", label="published, no ridge")
axes.margins(y=0.15)
axes.invert_yaxis()
axes.set(xlabel="test accuracy, per cent")
legend_below(figure, axes, columns=2)
figure.savefig(rows.with_suffix(".png"))
