"""Kedro's loader of configuration, which names the place of what it could not read or merge."""

from itertools import combinations
from pathlib import Path
from typing import Any

from kedro.config import OmegaConfigLoader
from omegaconf import OmegaConf

from kernel_regime.configuration.files import (
    refuse_conflicts,
    refuse_non_data_sets,
    refuse_unreadable,
)
from kernel_regime.core.types import Arguments


class CheckedConfigLoader(OmegaConfigLoader):
    """`OmegaConfigLoader`, with the checks of `files` where its errors say too little."""

    def __getitem__(self, key: str) -> Arguments:
        """Configuration of one type, merged and resolved."""
        found: Arguments = super().__getitem__(key)
        if key == "catalog":
            refuse_non_data_sets(found)
        return found

    def _is_valid_config_path(self, path: Path) -> bool:
        """Kedro asks before it reads a file: what it would stumble over is refused here."""
        valid = super()._is_valid_config_path(path)
        if valid:
            refuse_unreadable(_shown(path), self._fs.cat_file(path.as_posix()))
        return valid

    def _merge_and_resolve(self, key: str, config_per_file: dict[Path, Any]) -> Arguments:
        """Files of one folder and, over those of parameters, `--params`."""
        if key == "parameters":
            parts: list[tuple[str, Any]] = [
                (_shown(path), OmegaConf.to_container(config, resolve=False))
                for path, config in sorted(config_per_file.items())
            ]
            for first, second in combinations([*parts, ("--params", self.runtime_params)], 2):
                refuse_conflicts(first[1], second[1], (first[0], second[0]))
        merged: Arguments = super()._merge_and_resolve(key, config_per_file)
        return merged

    def _merge_configs(
        self, config: Arguments, env_config: Arguments, key: str, env_path: str
    ) -> Arguments:
        """An environment over the base."""
        if key == "parameters":
            refuse_conflicts(config, env_config, ("the base environment", _shown(Path(env_path))))
        merged: Arguments = super()._merge_configs(config, env_config, key, env_path)
        return merged


def _shown(path: Path) -> str:
    """A file or folder of configuration as its user would write it: `conf/base/globals.yml`."""
    return "/".join(path.parts[-3:] if path.suffix else path.parts[-2:])
