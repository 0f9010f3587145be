"""Distance of finite networks from their limits: `python docs/results/infinite_width.py`."""

from pathlib import Path

import pandas as pd

from kernel_regime.analysis.infinite_width import Task, tangent_distances, trained_networks
from kernel_regime.analysis.linearisation import linearisation_distances
from kernel_regime.figures.infinite_width import infinite_width

task = Task()
x, x_test, y = task.draw()
tangent = tangent_distances(task, [2**k for k in range(6, 13)], seeds=range(5))
trained = trained_networks(task, [4**k for k in range(3, 7)], seeds=range(4))
linear = linearisation_distances(trained, x, x_test, y)
figure = infinite_width(pd.concat([tangent, linear], ignore_index=True))
figure.savefig(Path(__file__).with_suffix(".png"))
