"""Provenance of stored data: which parameters and raw data each data set followed from."""

import json
from pathlib import Path

from kedro.framework.context import KedroContext
from kedro.framework.hooks import hook_impl
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline

from kernel_regime.core.errors import InputError
from kernel_regime.core.files import digest, write_json
from kernel_regime.core.types import Arguments, Json, Parameters
from kernel_regime.datasets.labelled_data import LabelledData

Sources = dict[str, Json]
"""Values of parameters and digests of raw data, by their names in the catalog."""

_PARAMETER = "params:"
# Where, and within which memory, something is computed does not change what it is.
_NO_SOURCE = "params:execution"
_THIS_RUN = "this run"
_REMEDY = (
    "run without --nodes, --from-nodes or --only-missing-outputs: what is finished is found again"
)


class StaleDataError(InputError):
    """Data on disk that other parameters made than those of this run, or of the data beside it."""


class RecordProvenance:
    """A run that takes data from disk takes none that other parameters made.

    Restricted by `--nodes`, `--from-nodes` or `--only-missing-outputs`, Kedro loads whatever an
    earlier run has left. Kernels of the samples of one seed would be fitted to the labels of
    another, without a word. So every data set that is saved has a record, in the catalog's folder
    `provenance`, of what it followed from. Data without one, older than these records or brought
    by hand, are believed.
    """

    def __init__(self) -> None:
        self._parameters: Parameters = {}
        self._folder = Path()
        self._sources: dict[str, Sources] = {}

    @hook_impl
    def after_context_created(self, context: KedroContext) -> None:
        """Keep the merged parameters, as they were given."""
        self._parameters = context.config_loader["parameters"]

    @hook_impl
    def before_pipeline_run(
        self, run_params: Arguments, pipeline: Pipeline, catalog: DataCatalog
    ) -> None:
        """Compare the sources of all stored data that the run takes.

        Raises
        ------
        StaleDataError
            If two of them differ, or one differs from the parameters.
        """
        self._folder = catalog.load("provenance")
        taken = set(pipeline.inputs())
        if run_params.get("only_missing_outputs"):
            taken |= {name for name in pipeline.all_outputs() if catalog.exists(name)}
        self._sources = {}
        given = {f"{_PARAMETER}{key}": _plain(value) for key, value in self._parameters.items()}
        known = {source: (value, _THIS_RUN) for source, value in given.items()}
        for name in sorted(taken):
            if name.startswith(_PARAMETER):
                self._sources[name] = {} if name == _NO_SOURCE else {name: given.get(name)}
            else:
                self._sources[name] = self._recorded(name)
            for source, value in self._sources[name].items():
                other, holder = known.setdefault(source, (value, name))
                if value != other:
                    raise StaleDataError(_disagreement(name, holder, source, value, other))

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str) -> None:
        """Take nothing that another run has replaced since.

        Raises
        ------
        StaleDataError
            If a run of the same experiment goes on beside this one, with other parameters.
        """
        expected = self._sources.get(dataset_name)
        if self._file(dataset_name).exists() and self._read(dataset_name) != expected:
            raise StaleDataError(
                f"{dataset_name} was replaced by another run while this one went on; run one "
                "after the other, or give each its own `experiment` in globals.yml"
            )

    @hook_impl
    def after_dataset_loaded(self, dataset_name: str, data: object) -> None:
        """Raw data are a source by what is in them."""
        if isinstance(data, LabelledData):
            self._sources[dataset_name] = {dataset_name: digest(data.inputs) + digest(data.labels)}

    @hook_impl
    def before_node_run(self, node: Node) -> None:
        """Follow the outputs of a node to their sources; until they are saved, they are nobody's.

        A node may write into their folder as it goes, and be killed.
        """
        followed = {
            source: value
            for name in node.inputs
            for source, value in self._sources.get(name, {}).items()
        }
        for name in node.outputs:
            if self._file(name).exists() and self._read(name) != followed:
                write_json(self._file(name), None)
            self._sources[name] = followed

    @hook_impl
    def after_dataset_saved(self, dataset_name: str) -> None:
        """Write down what the data followed from."""
        write_json(self._file(dataset_name), self._sources[dataset_name])

    def _recorded(self, name: str) -> Sources:
        """Sources of stored data; none where nothing is known of them."""
        found = self._read(name)
        if found is None and self._file(name).exists():
            raise StaleDataError(
                f"{name} on disk is what a run left that did not end and had other parameters "
                f"than the one before it; {_REMEDY}"
            )
        return found or {}

    def _read(self, name: str) -> Sources | None:
        try:
            found = json.loads(self._file(name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _plain(value: object) -> Json:
    """A value as JSON gives it back."""
    plain: Json = json.loads(json.dumps(value, default=str))
    return plain


def _disagreement(name: str, holder: str, source: str, there: Json, here: Json) -> str:
    if not source.startswith(_PARAMETER):
        return f"{name} and {holder} on disk come from different {source}; {_REMEDY}"
    place, there, here = _first_difference(source.removeprefix(_PARAMETER), there, here)
    return f"{name} on disk was made with {place} = {there}, {holder} has {here}; {_REMEDY}"


def _first_difference(place: str, there: Json, here: Json) -> tuple[str, Json, Json]:
    """Dotted name of the first parameter that differs, and both of its values.

    Examples
    --------
    >>> _first_difference("data", {"n_train": 5, "seed": 0}, {"n_train": 5, "seed": 1})
    ('data.seed', 0, 1)
    """
    if isinstance(there, dict) and isinstance(here, dict):
        for key in sorted(there.keys() | here.keys()):
            if there.get(key) != here.get(key):
                return _first_difference(f"{place}.{key}", there.get(key), here.get(key))
    return place, there, here
