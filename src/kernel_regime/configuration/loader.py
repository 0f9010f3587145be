"""Configuration of an experiment: Kedro's loader, with a name for every environment's outputs."""

import re
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import InterpolationResolutionError

from kernel_regime.configuration.checked_loader import CheckedConfigLoader
from kernel_regime.configuration.files import refuse_misnamed
from kernel_regime.core.errors import InputError, did_you_mean
from kernel_regime.core.types import Arguments


class ExperimentConfigLoader(CheckedConfigLoader):
    """Loader of `conf/`, a folder or an archive: base, then an environment, then `--params`.

    An environment without a global `experiment` of its own is the experiment of its name, so that
    it never writes into the folders of another. Catalogs may read parameters, wherever these are
    set: `n_train: ${parameters:data.n_train}`.

    Attributes
    ----------
    declared : frozenset of str
        Top-level parameters of the base environment: a key that is not among them is a mistake.
    """

    def __init__(
        self,
        conf_source: str | Path,
        env: str | None = None,
        runtime_params: Arguments | None = None,
        **settings: Any,
    ) -> None:
        base = CheckedConfigLoader(conf_source, settings["base_env"], **settings)
        self.declared = frozenset(base["parameters"])
        self._experiment = None
        if env not in (None, settings["base_env"], settings["default_run_env"]):
            _refuse_unknown(env, Path(conf_source))
            alone = CheckedConfigLoader(conf_source, env, **settings | {"base_env": env})
            self._experiment = alone["globals"].get("experiment", env)
        # After them: `${globals:…}` is answered by the loader that was made last.
        super().__init__(conf_source, env, runtime_params, **settings)
        OmegaConf.register_new_resolver("parameters", self._parameter, replace=True)
        for folder in {settings["base_env"], env or settings["default_run_env"]}:
            refuse_misnamed(Path(conf_source) / folder)
        _refuse_no_folder_name(self["globals"].get("experiment"))

    def __getitem__(self, key: str) -> Arguments:
        """Configuration of one type, merged and resolved."""
        found = super().__getitem__(key)
        if key == "globals" and self._experiment is not None:
            return found | {"experiment": self._experiment}
        return found

    def _parameter(self, name: str) -> object:
        """Value of a parameter by its dotted name, for catalogs."""
        value: object = self["parameters"]
        for part in name.split("."):
            if not isinstance(value, dict) or part not in value:
                raise InterpolationResolutionError(f"parameter {name!r} not found")
            value = value[part]
        return value


def _refuse_unknown(environment: str, source: Path) -> None:
    """Refuse an environment that has no folder; of archives, only Kedro knows what is in them."""
    if source.is_dir() and not (source / environment).is_dir():
        known = sorted(path.name for path in source.iterdir() if path.is_dir())
        raise InputError(f"no environment {environment!r}; {did_you_mean(environment, known)}")


def _refuse_no_folder_name(experiment: object) -> None:
    """Refuse experiments that would write outside of folders of their own."""
    if not isinstance(experiment, str) or not re.fullmatch(r"\w[\w.-]*", experiment):
        raise InputError(
            f"experiment: {experiment!r} in globals.yml is no name of a folder; give letters, "
            "digits, '_', '-' and '.', or leave it out: an environment's own name is taken then"
        )
