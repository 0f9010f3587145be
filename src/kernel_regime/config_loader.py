"""Configuration of an experiment: Kedro's loader, which also knows what `conf/base` declares."""

from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader


class ExperimentConfigLoader(OmegaConfigLoader):
    """Loader of `conf/`, a folder or an archive: base, then an environment, then `--params`.

    Attributes
    ----------
    declared : frozenset of str
        Top-level parameters of the base environment: a key that is not among them is a mistake.
    """

    def __init__(
        self,
        conf_source: str | Path,
        env: str | None = None,
        runtime_params: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        base = OmegaConfigLoader(conf_source, settings["base_env"], **settings)
        self.declared = frozenset(base["parameters"])
        # After it: `${globals:…}` is answered by the loader that was made last.
        super().__init__(conf_source, env, runtime_params, **settings)
