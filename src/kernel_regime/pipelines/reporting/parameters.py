"""Parameter `figures`: one's own figures, beside the built-in ones."""

import inspect

from pydantic import ConfigDict, model_validator

from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.parameters import ParameterMapping, ParameterModel
from kernel_regime.figures.kinds import FigureKind, find_figure
from kernel_regime.pipelines.reporting.sections import TABLES


class OwnFigure(ParameterModel):
    """A figure of one's own: `kind: package.module:function`, and options of the function.

    The function's arguments without a default are called as the tables that it takes.
    """

    model_config = ConfigDict(extra="allow")

    kind: str

    @property
    def figure(self) -> FigureKind:
        """What the kind names."""
        return find_figure(self.kind)

    @property
    def options(self) -> dict[str, object]:
        """Further keys: arguments of the function that have a default."""
        return dict(self.model_extra or {})

    @model_validator(mode="after")
    def _can_be_drawn(self) -> "OwnFigure":
        """Refuse tables and options that do not exist before anything runs."""
        for table in self.figure.tables:
            if table not in TABLES:
                raise InputError(
                    f"{self.kind} takes {table!r}, which is no table; {did_you_mean(table, TABLES)}"
                )
        known = set(inspect.signature(self.figure.draw).parameters) - set(self.figure.tables)
        for option in self.options:
            if option not in known:
                hint = did_you_mean(option, known) if known else "remove it"
                raise InputError(f"{self.kind} has no option {option!r}; {hint}")
        return self


class OwnFigures(ParameterMapping[dict[str, OwnFigure | None]]):
    """One's own figures by name; an environment drops one with null.

    Examples
    --------
    >>> OwnFigures.model_validate({"again": {"kind": "sphere"}, "dropped": None}).entries()
    {'again': OwnFigure(kind='sphere')}
    """

    def entries(self) -> dict[str, OwnFigure]:
        """Those that are left."""
        return {name: entry for name, entry in self.root.items() if entry is not None}
