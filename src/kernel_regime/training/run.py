"""Train one cell, here and now."""

import json
import logging
from functools import lru_cache
from typing import Any

from kernel_regime.networks.architecture import Architecture
from kernel_regime.networks.storage import save_network
from kernel_regime.training.cell import Cell, Report, Result
from kernel_regime.training.checkpoint import Checkpoint
from kernel_regime.training.data import Samples
from kernel_regime.training.descent import Descent, DivergenceError
from kernel_regime.training.methods import GradientDescent

log = logging.getLogger(__name__)


def run_cell(cell: Cell, samples: Samples, result: Result, every: int, report: Report) -> None:
    """Train a cell into its folder; an interrupted one continues from its last checkpoint.

    Parameters
    ----------
    cell : Cell
        What to train.
    samples : Samples
        On what.
    result : Result
        Where to.
    every : int
        Epochs between checkpoints.
    report : callable
        Receives the rows of the curve as they are made.
    """
    result.folder.mkdir(parents=True, exist_ok=True)
    _write(result, "cell.json", cell.description(samples.digest))
    if not isinstance(cell.method, GradientDescent):
        raise NotImplementedError
    tables = _descend(cell, cell.method, samples, result, every, report)
    _write(result, result.record.name, tables)
    result.checkpoint.unlink(missing_ok=True)


def _descend(
    cell: Cell,
    method: GradientDescent,
    samples: Samples,
    result: Result,
    every: int,
    report: Report,
) -> dict[str, Any]:
    (penalty,) = cell.penalties
    shape, outputs = samples.train[0].shape[1:], samples.train[1].shape[1]
    network = cell.architecture.build(shape, outputs, cell.seed)
    save_network(network, result.initial)
    descent = _compiled(cell.architecture, method, shape, outputs)
    descent.start_from(network)
    status = "finished"
    try:
        checkpoint = Checkpoint(result.checkpoint, every)
        curve = descent.train(samples, penalty, cell.seed, checkpoint, report)
    except DivergenceError as error:
        log.warning("%s, seed %d: %s", cell.architecture.kind, cell.seed, error)
        curve, status = error.curve, "diverged"
    for variable, trained in zip(network.variables, descent.network.variables, strict=True):
        variable.assign(trained)
    save_network(network, result.final)
    score = {
        "penalty": penalty,
        **descent.scores(samples),
        "epochs": len(curve),
        "seconds": curve[-1]["seconds"],
        "status": status,
    }
    return {"scores": [score], "curve": [{"penalty": penalty, **row} for row in curve]}


@lru_cache(maxsize=2)
def _compiled(
    architecture: Architecture, method: GradientDescent, shape: tuple[int, ...], outputs: int
) -> Descent:
    """Compiled once for all the cells that differ in penalty, seed or noise level only."""
    return Descent(architecture.build(shape, outputs, seed=0), method)


def _write(result: Result, name: str, content: dict[str, Any]) -> None:
    draft = result.folder / f".{name}"
    draft.write_text(json.dumps(content, indent=1))
    draft.replace(result.folder / name)
