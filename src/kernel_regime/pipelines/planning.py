"""Plan of a whole run: all work beside kernels, and what all of it leaves on the disk."""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from kernel_regime.core.types import Parameters
from kernel_regime.pipelines.model_training.plan import (
    PlannedTrainings,
    plan_regressions,
    plan_trainings,
)
from kernel_regime.pipelines.partitions import Catalog
from kernel_regime.pipelines.planned_inputs import PlannedInputs, PlannedWork
from kernel_regime.pipelines.spectral_analysis.plan import plan_analyses


def plan_work(
    inputs: PlannedInputs, parameters: Parameters, catalog: Catalog
) -> tuple[pd.DataFrame, dict[str, PlannedTrainings]]:
    """Cost of everything that follows from kernels and inputs, and the trainings by network.

    Returns
    -------
    DataFrame
        A row per kind of work and what it is done with: work, name, count, done (finished
        trainings that a run would find), hours (of what is not done, on this machine alone);
        a last row `total`.
    dict
        See `plan_trainings`.
    """
    work = list(plan_regressions(inputs, parameters))
    sweep = plan_trainings(inputs, parameters, catalog)
    work += (trainings.work(name) for name, trainings in sweep.items())
    work += plan_analyses(inputs, parameters, catalog.load("raw_train"), sweep)
    return _table(work), sweep


def _table(work: Iterable[PlannedWork]) -> pd.DataFrame:
    """Rows of the same kind of work beside each other, and their sum."""
    table = pd.DataFrame([planned.row() for planned in work])
    kinds = list(dict.fromkeys(table["work"]))
    table = table.sort_values("work", key=lambda column: column.map(kinds.index), kind="stable")
    sums = table[["count", "done", "hours"]].sum()
    total = pd.DataFrame([{"work": "total", "name": "", **sums}])
    return pd.concat([table, total], ignore_index=True)


def plan_disk(
    inputs: PlannedInputs, kernels: pd.DataFrame, sweep: Mapping[str, PlannedTrainings]
) -> pd.DataFrame:
    """Gigabytes of perturbed samples, kernels and networks: in all, and not on the disk yet.

    Parameters
    ----------
    inputs : PlannedInputs
    kernels : DataFrame
        What `plan_kernels` gives.
    sweep : dict
        What `plan_trainings` gives; a training keeps its network as it was and as it became.
    """
    first, levels = inputs.first_level, len(inputs.noise_levels)
    size = sum(float(np.prod(loads[first]().shape)) for loads in (inputs.train, inputs.test))
    images = levels * 4e-9 * size
    networks = {name: 8e-9 * trainings.weights for name, trainings in sweep.items()}
    whole = sum(networks[name] * trainings.count for name, trainings in sweep.items())
    done = sum(networks[name] * trainings.done for name, trainings in sweep.items())
    total = kernels.iloc[-1]
    table = pd.DataFrame(
        [
            ("samples", images, 0.0 if inputs.stored else images),
            ("kernels", total["gigabytes"], total["gigabytes_to_come"]),
            ("networks", whole, whole - done),
        ],
        columns=["what", "gigabytes", "gigabytes_to_come"],
    )
    sums = table[["gigabytes", "gigabytes_to_come"]].sum()
    table = pd.concat([table, pd.DataFrame([{"what": "total", **sums}])], ignore_index=True)
    return table.assign(free_gigabytes=total["free_gigabytes"])
