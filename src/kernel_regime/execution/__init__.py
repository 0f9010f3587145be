"""Where and within which limits things are computed; matrices that survive any interruption."""

from kernel_regime.execution.settings import Execution

__all__ = ["Execution"]
