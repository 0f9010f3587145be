"""What each table of the report shows of its dataset, column by column."""

import pandas as pd

from kernel_regime.figures.methods import method_name
from kernel_regime.figures.spectra import INITIAL
from kernel_regime.pipelines.reporting.run import ReportedRun
from kernel_regime.pipelines.reporting.tables import (
    by_level_and_method,
    intervals,
    numbers,
    report_table,
)


@report_table(
    "phase_curves",
    "Scores of every method",
    "every training of this network diverged at this level",
)
def scores_table(run: ReportedRun) -> pd.DataFrame:
    """One row per method, one column per level: test error in percent, or test loss."""
    errors = run.errors().sort_values("value", kind="stable")
    cells = errors.assign(value=numbers(errors["value"]), cell=intervals(errors, "error"))
    table = cells.pivot(index="method", columns="value", values="cell").fillna("")
    table = table.loc[errors["method"].unique(), cells["value"].unique()].reset_index(names="")
    table[""] = table[""].map(method_name)
    what = f"{run.measure} in{run.unit}" if run.unit else run.measure
    return table.rename(columns={"": f"{what}, by {run.quantity}"}).rename_axis(columns=None)


@report_table("phase_diagram", "Pairs of methods", "the two do not cross here")
def crossings_table(run: ReportedRun) -> pd.DataFrame:
    """Pairs of methods: who is ahead before and after, and where they cross."""
    pairs: pd.DataFrame = run.tables["phase_diagram"]
    return pd.DataFrame({
        "ahead at low noise": pairs["ahead_before"].map(method_name),
        "ahead at high noise": pairs["ahead_after"].map(method_name),
        f"crossing, {run.quantity}": intervals(pairs, "crossing"),
        "resamples that cross, %": numbers(pairs["crossing_share"], 100),
        "effective dimension there": numbers(pairs["effective_dimension"]),
    })  # fmt: skip


@report_table(
    "ridge_selection", "Selected ridges", "the criterion is not known at any ridge of this path"
)
def ridges_table(run: ReportedRun) -> pd.DataFrame:
    """The ridge that the criterion picks, what it gives, and what a look at the test set would."""
    table: pd.DataFrame = run.tables["ridge_selection"]
    picks = table[table["criterion"] == run.parameters["selection"].criterion]
    errors = picks.assign(
        error=100 * (1 - picks["test_accuracy"]),
        error_low=100 * (1 - picks["test_accuracy_high"]),
        error_high=100 * (1 - picks["test_accuracy_low"]),
    )
    columns = {
        "ridge": numbers(picks["ridge"]),
        "test loss": intervals(picks, "test_loss"),
        "test error, %": intervals(errors, "error"),
        "selection bias of the loss": numbers(picks["loss_selection_bias"]),
    }
    return by_level_and_method(run, picks, "kernel", _known(columns))


@report_table(
    "gaussian_process_scores",
    "Likelihood and coverage",
    "an ensemble has no noise variance to maximise an evidence by",
)
def processes_table(run: ReportedRun) -> pd.DataFrame:
    """The selected noise variance or time of every process, and what its intervals hold."""
    table: pd.DataFrame = run.tables["gaussian_process_scores"]
    chosen = table[table["selected"].astype(bool)]
    return by_level_and_method(run, chosen, "process", {
        "noise variance": numbers(chosen["noise_variance"]),
        "log evidence": numbers(chosen["log_evidence"]),
        "negative log-likelihood per target": numbers(chosen["negative_log_likelihood"]),
        "in 50 % intervals, %": numbers(chosen["coverage_50"], 100),
        "in 90 % intervals, %": numbers(chosen["coverage_90"], 100),
        "in 95 % intervals, %": numbers(chosen["coverage_95"], 100),
        "test loss": numbers(chosen["test_loss"]),
    })  # fmt: skip


@report_table(
    "feature_machine_scores",
    "Iterations",
    "plain kernel regression has no metric before it, or no signal is known, or no sample is held "
    "out",
)
def machines_table(run: ReportedRun) -> pd.DataFrame:
    """Scores of every iteration, and how its metric turned."""
    table: pd.DataFrame = run.tables["feature_machine_scores"]
    columns = {
        "iteration": [f"{k}{' (selected)' * bool(chosen)}" for k, chosen
                      in zip(table["iteration"], table["selected"], strict=True)],
        "ridge over the mean diagonal": numbers(table["relative_ridge"]),
        "validation loss": numbers(table["validation_loss"]),
        "test loss": numbers(table["test_loss"]),
        "test error, %": numbers(1 - table["test_accuracy"], 100),
        "overlap with the metric before": numbers(table["overlap_before"]),
        "overlap with the signal": numbers(table["overlap_signal"]),
    }  # fmt: skip
    return by_level_and_method(run, table, "machine", _known(columns))


@report_table(
    "network_scores",
    "Selected networks",
    "there is no such score: models that are solved have no epochs, regressions no accuracy, and "
    "without a validation share there is no validation loss",
)
def networks_table(run: ReportedRun) -> pd.DataFrame:
    """Selected trainings: means over seeds."""
    table: pd.DataFrame = run.tables["network_scores"]
    if table.empty:
        return pd.DataFrame(columns=["method"])
    scores = ["train_loss", "validation_loss", "test_loss", "test_accuracy", "epochs", "seconds"]
    trainings = table[table["selected"]].groupby(["level", "network", "penalty"], sort=False)
    rows = trainings[scores].mean().assign(seeds=trainings["seed"].count()).reset_index()
    columns = {
        "penalty": numbers(rows["penalty"]),
        "training loss": numbers(rows["train_loss"]),
        "validation loss": numbers(rows["validation_loss"]),
        "test loss": numbers(rows["test_loss"]),
        "test error, %": numbers(1 - rows["test_accuracy"], 100),
        "seeds": numbers(rows["seeds"]),
        "epochs": numbers(rows["epochs"]),
        "seconds": numbers(rows["seconds"]),
    }
    return by_level_and_method(run, rows, "network", _known(columns))


def _known(columns: dict[str, list[str]]) -> dict[str, list[str]]:
    """Columns that have an entry: regressions have no accuracies."""
    return {name: entries for name, entries in columns.items() if any(entries)}


@report_table("regime", "Verdicts", "not measured for this network")
def regimes_table(run: ReportedRun) -> pd.DataFrame:
    """Verdict, and what it rests on, of every network at every level."""
    table: pd.DataFrame = run.tables["regime"]
    if table.empty:
        return pd.DataFrame(columns=["method", "verdict"])
    return by_level_and_method(run, table, "network", {
        "verdict": table["verdict"],
        "NTK drift ‖K_T − K_0‖/‖K_0‖": intervals(table, "drift"),
        "distance from the linearisation": intervals(table, "gap"),
        "test loss": numbers(table["network_loss"]),
        "of the linearised network": numbers(table["linearised_loss"]),
        "of the kernel before": numbers(table["before_kernel_loss"]),
        "of the kernel after": numbers(table["after_kernel_loss"]),
    })  # fmt: skip


@report_table(
    "kernel_evolution", "Kernels at each epoch", "the start has no time before it, or no accuracy"
)
def evolution_table(run: ReportedRun) -> pd.DataFrame:
    """How every network's kernel moved: means over seeds."""
    table: pd.DataFrame = run.tables["kernel_evolution"]
    if table.empty:
        return pd.DataFrame(columns=["method", "epoch"])
    keys = ["level", "network", "epoch"]
    rows = table.drop(columns="seed").groupby(keys, sort=False).mean().reset_index()
    return by_level_and_method(run, rows, "network", {
        "epoch": rows["epoch"].map(str),
        "drift": numbers(rows["drift"]),
        "cosine with the start": numbers(rows["cosine"]),
        "turn per epoch": numbers(rows["speed"]),
        "centred alignment with the targets": numbers(rows["alignment"]),
        "test loss of the kernel": numbers(rows["kernel_loss"]),
        "test loss of the network": numbers(rows["network_loss"]),
    })  # fmt: skip


@report_table(
    "spectral_summary",
    "Spectra in numbers",
    "too few eigenvalues above round-off, or no eigenvectors",
)
def spectra_table(run: ReportedRun) -> pd.DataFrame:
    """Size and decay of every spectrum: means over runs."""
    table: pd.DataFrame = run.tables["spectral_summary"]
    columns = ["n", "largest", "power_law_exponent", "participation_rank", "centred_alignment"]
    means = table.groupby(["level", "source"], sort=False)[columns].mean().reset_index()
    trained = means.assign(source=means["source"].str.removesuffix(INITIAL))
    shown = by_level_and_method(run, trained, "source", {
        "samples": numbers(means["n"]),
        "largest eigenvalue": numbers(means["largest"]),
        "decay exponent": numbers(means["power_law_exponent"]),
        "participation rank": numbers(means["participation_rank"]),
        "centred alignment with the targets": numbers(means["centred_alignment"]),
    })  # fmt: skip
    before = means["source"].str.endswith(INITIAL)
    shown["method"] = shown["method"].where(~before, shown["method"] + ", at initialisation")
    return shown


@report_table(
    "spectral_bias",
    "Rates of the modes on held-out inputs, true labels",
    "the mode does not decay measurably, or there is one run only",
)
def spectral_bias_table(run: ReportedRun) -> pd.DataFrame:
    """Rates of the modes on inputs that were never trained on, over eigenvalues."""
    table: pd.DataFrame = run.tables["spectral_bias"]
    rows = table[(table["measure"] == "held_out") & (table["labels"] == "true")]
    return pd.DataFrame({
        "architecture": rows["architecture"].map(method_name),
        "learner": rows["learner"],
        "width": [str(width) if width else "∞" for width in rows["width"]],
        "mode": rows["mode"].map(str),
        "eigenvalue": numbers(rows["eigenvalue"]),
        "rate ÷ eigenvalue": intervals(rows, "ratio"),
        "R² of the fit": numbers(rows["r_squared"]),
        "resolved": ["yes" if resolved else "no" for resolved in rows["resolved"]],
    })  # fmt: skip


@report_table(
    "learning_curves",
    "Forecast and measured",
    "a forecast does not reach so far or the kernel has none, or there is no regression or only "
    "one, which has no interval",
)
def learning_curves_table(run: ReportedRun) -> pd.DataFrame:
    """Forecast and measured test losses at every size."""
    table: pd.DataFrame = run.tables["learning_curves"]
    named = table.assign(measured=table["test_loss"], measured_low=table["test_low"],
                         measured_high=table["test_high"])  # fmt: skip
    return by_level_and_method(run, table, "kernel", {
        "ridge": numbers(table["ridge"]),
        "training samples": table["n"].map(str),
        "forecast": numbers(table["forecast"]),
        "Hermite forecast": numbers(table["hermite_forecast"]),
        "measured": intervals(named, "measured"),
        "generalised cross-validation": numbers(table["gcv_loss"]),
    })  # fmt: skip


@report_table(
    "sphere_spectrum", "Eigenvalues on the sphere", "the sample is smaller than this multiplicity"
)
def sphere_table(run: ReportedRun) -> pd.DataFrame:
    """Exact eigenvalues on the sphere, and those of a sample."""
    table: pd.DataFrame = run.tables["sphere_spectrum"]
    return pd.DataFrame({
        "degree": table["degree"].map(str),
        "multiplicity": table["multiplicity"].map(str),
        "exact eigenvalue": numbers(table["exact"]),
        "sample: mean": numbers(table["mean"]),
        "smallest": numbers(table["smallest"]),
        "largest": numbers(table["largest"]),
    })  # fmt: skip


@report_table("kernel_audit", "Kernel by kernel", "not measured")
def audit_table(run: ReportedRun) -> pd.DataFrame:
    """Symmetry, definiteness, accuracy and speed of every kernel matrix."""
    table: pd.DataFrame = run.tables["kernel_audit"]
    return by_level_and_method(run, table, "kernel", {
        "samples": table["samples"].map(str),
        "asymmetry": numbers(table["asymmetry"]),
        "smallest eigenvalue": numbers(table["smallest_eigenvalue"]),
        "largest": numbers(table["largest_eigenvalue"]),
        "error against float64": numbers(table["probe_error"]),
        "jitter to factor it": numbers(table["recommended_jitter"]),
        "seconds": numbers(table["seconds"]),
        "pairs a second": numbers(table["pairs_per_second"]),
    })  # fmt: skip
