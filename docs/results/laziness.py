"""Figure and tables of the dial of laziness: `python docs/results/laziness.py NAME EXPERIMENT`.

Reads what `kedro run --config docs/results/laziness_NAME.yml` wrote under the experiment's name,
and writes laziness_NAME.png, laziness_NAME.csv and laziness_NAME_laws.csv beside this file.
"""

import sys
from pathlib import Path

import pandas as pd

from kernel_regime.figures.laziness_noise import laziness_under_noise

name, experiment = sys.argv[1:]
tables, here = Path("data/07_model_output") / experiment, Path(__file__)
verdicts, laws = (
    pd.read_parquet(tables / f"laziness_{table}.parquet") for table in ("verdicts", "laws")
)
levels = pd.read_parquet(Path("data/03_primary") / experiment / "noise_levels.parquet")
verdicts.round(4).to_csv(here.with_name(f"laziness_{name}.csv"), index=False)
laws.round(3).to_csv(here.with_name(f"laziness_{name}_laws.csv"), index=False)
laziness_under_noise(verdicts, levels, "noise-to-signal ratio τ").savefig(
    here.with_name(f"laziness_{name}.png")
)
