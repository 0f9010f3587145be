"""One's own table as a data set."""

from collections.abc import Callable

import pandas as pd

from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.types import Arguments
from kernel_regime.datasets.labelled_data import LabelledData, local_path
from kernel_regime.datasets.labels import ClassNames, Task
from kernel_regime.datasets.splitting import DividedDataset
from kernel_regime.noise.sampling import Split

_READERS: dict[str, Callable[..., pd.DataFrame]] = {
    ".csv": pd.read_csv,
    ".parquet": pd.read_parquet,
}


class TableDataset(DividedDataset):
    """Rows of a Parquet or CSV file as vectors, one column of which is to be predicted.

    Parameters
    ----------
    filepath : str
        A `.parquet` or `.csv` file.
    target : str
        Column of the labels: strings, booleans and whole numbers are classes, floating numbers
        real-valued targets.
    features : list of str, optional
        Columns of the inputs; all others by default, which must be numeric then.
    class_names : list or mapping, optional
        See `encode_labels`.
    task : str, optional
        `classification` or `regression`; see `encode_labels`.
    load_args : dict, optional
        For `pandas.read_csv` or `read_parquet`, such as `{sep: ";"}`.
    split, test_share, seed, metadata
        See `DividedDataset`.

    Examples
    --------
    ```yaml
    "raw_{split}":
      type: kernel_regime.datasets.TableDataset
      filepath: data/01_raw/wine.csv
      target: quality
      split: "{split}"
      test_share: 0.2
    ```
    """

    def __init__(
        self,
        filepath: str,
        target: str,
        *,
        features: list[str] | None = None,
        class_names: ClassNames = None,
        task: Task | None = None,
        load_args: Arguments | None = None,
        split: Split | None = None,
        test_share: float | None = None,
        seed: int = 0,
        metadata: Arguments | None = None,
    ) -> None:
        super().__init__(split, test_share, seed, metadata)
        self._filepath = local_path(filepath)
        self._target, self._features = target, _checked_features(features, target)
        self._class_names, self._task = class_names, task
        self._load_args = load_args or {}

    @property
    def name(self) -> str:
        """Name of the file."""
        return self._filepath.name

    def load(self) -> LabelledData:
        """Rows of the split, float64.

        Raises
        ------
        InputError
            If the file is missing or damaged, a column is missing, a feature is no number, or a
            cell is empty.
        """
        table = self._read()
        features = self._features or [name for name in table.columns if name != self._target]
        for name in (self._target, *features):
            if name not in table:
                known = did_you_mean(str(name), map(str, table.columns))
                raise InputError(f"{self._filepath} has no column {name!r}; {known}")
            if table[name].isna().any():
                row = int(table[name].isna().to_numpy().argmax())
                raise InputError(
                    f"{self._filepath}: column {name!r} is empty in row {row}; fill or drop it"
                )
        for name in features:
            if not pd.api.types.is_numeric_dtype(table[name]):
                raise InputError(
                    f"{self._filepath}: column {name!r} holds {table[name].dtype}, no numbers; "
                    "encode it, or list the columns to use as features"
                )
        if not features:
            raise InputError(f"{self._filepath} has no column beside {self._target!r}")
        target = table[self._target]
        labels = target if pd.api.types.is_numeric_dtype(target) else target.astype(str)
        inputs = table[list(features)].to_numpy(dtype=float)
        source = f"{self._filepath}, column {self._target!r}"
        data = LabelledData.of(inputs, labels, self._class_names, self._task, source)
        return self._divided(data)

    def _read(self) -> pd.DataFrame:
        path = self._filepath
        if path.suffix not in _READERS:
            raise InputError(f"{path} is neither .csv nor .parquet; save the table as one of them")
        try:
            return _READERS[path.suffix](path, **self._load_args)
        except FileNotFoundError as missing:
            raise InputError(
                f"{path} is missing; put it there, or correct the catalog"
            ) from missing
        except (ValueError, TypeError, OSError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise InputError(f"{path} cannot be read as {path.suffix} ({reason})") from error

    def _exists(self) -> bool:
        return self._filepath.is_file()

    def _describe(self) -> Arguments:
        return {"filepath": str(self._filepath), "target": self._target, **super()._describe()}


def _checked_features(features: object, target: str) -> list[str] | None:
    """A list of columns, each once and none the target; None for all."""
    if features is None:
        return None
    if not isinstance(features, list | tuple) or not features:
        raise InputError(f"features: {features!r} is no list of columns; leave it out for all")
    for name in features:
        if name == target:
            raise InputError(f"features: {name!r} is the target, which inputs must not tell")
        if features.count(name) > 1:
            raise InputError(f"features: {name!r} is listed twice")
    return list(features)
