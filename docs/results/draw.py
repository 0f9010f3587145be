"""Figures and tables of a study: `python docs/results/draw.py NAME EXPERIMENT`.

Reads what `kedro run --config docs/results/NAME.yml` wrote under the experiment's name, and
writes NAME.png and NAME.csv beside this file.
"""

import sys
from pathlib import Path

import pandas as pd

from kernel_regime.figures.comparison import method_comparison

name, experiment = sys.argv[1:]
tables = Path("data/07_model_output") / experiment
curves = pd.read_parquet(tables / "phase_curves.parquet")
scores = curves.pivot(index="value", columns="method", values="score").round(4)
here = Path(__file__).parent
scores.to_csv(here / f"{name}.csv")
pd.read_parquet(tables / "phase_diagram.parquet").round(3).to_csv(
    here / f"{name}_crossings.csv", index=False
)
method_comparison(curves, "noise level").savefig(here / f"{name}.png")
