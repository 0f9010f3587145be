"""Section of the report on the dial of laziness: its text and its tables."""

import pandas as pd

from kernel_regime.pipelines.reporting.run import ReportedRun
from kernel_regime.pipelines.reporting.tables import (
    by_level_and_method,
    intervals,
    numbers,
    report_table,
)


def section_text(run: ReportedRun) -> str:
    """What to look for, and where trainings ended before their goal."""
    table: pd.DataFrame = run.tables["laziness_verdicts"]
    text = (
        "Any network can be made lazy: its output, less that at initialisation, is multiplied by "
        "α and the loss divided by α². Outputs then move along the tangent kernel whatever α, and "
        "weights by 1/α: small scales learn features, large ones are regression with the kernel "
        "at initialisation. In mean-field parametrisation α means the same at every width; in NTK "
        "parametrisation the transition moves as one over the root of the width. All training "
        "samples are used, and descent has neither momentum nor penalty."
    )
    if short := int((table["finished"] < 1).sum()):
        text += (
            f" Beware: at {short} of {len(table)} places a training or its linearisation ended at "
            "`most_gradients`; the two are compared at the loss that was reached."
        )
    return text


@report_table("laziness_verdicts", "Scales and widths", "not measured: one seed has no interval")
def verdicts_table(run: ReportedRun) -> pd.DataFrame:
    """Verdict and scores of every network at every scale and width."""
    table: pd.DataFrame = run.tables["laziness_verdicts"]
    return by_level_and_method(run, table, "network", {
        "width": table["width"].map(str),
        "scale α": numbers(table["alpha"]),
        "verdict": table["verdict"],
        "NTK drift": intervals(table, "drift"),
        "distance from the linearisation": intervals(table, "gap"),
        "test loss": intervals(table, "test_loss"),
        "of the kernel": numbers(table["kernel_loss"]),
        "test error, %": numbers(1 - table["test_accuracy"], 100),
        "of the kernel, %": numbers(1 - table["kernel_accuracy"], 100),
    })  # fmt: skip


@report_table(
    "laziness_laws",
    "Laws of the dial",
    "there is no transition, no advantage to lose, or too few widths, scales or seeds to tell",
)
def laws_table(run: ReportedRun) -> pd.DataFrame:
    """Slope of the gap, exponent of the transition, and where the advantage is lost."""
    table: pd.DataFrame = run.tables["laziness_laws"]
    return by_level_and_method(run, table, "network", {
        "slope of the gap at large α (theory: −1)": intervals(table, "gap_slope"),
        "transition, power of the width": intervals(table, "width_exponent"),
        "α that halves the advantage in loss": intervals(table, "lost_loss"),
        "in accuracy": intervals(table, "lost_accuracy"),
    })  # fmt: skip
