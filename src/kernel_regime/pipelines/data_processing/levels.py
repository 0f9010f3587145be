"""What the levels of the parameters mean for the images at hand."""

from kernel_regime.noise import PERTURBATIONS
from kernel_regime.pipelines.data_processing.parameters import Level, NoiseParameters


def resolve_levels(noise: NoiseParameters, shape: tuple[int, ...]) -> list[float]:
    """Values of all levels, for samples of this shape.

    Raises
    ------
    ValueError
        If the perturbation is not made for such samples, a place is outside the published grid,
        or two entries mean the same value.
    """
    if refused := PERTURBATIONS[noise.kind].refusal(shape):
        raise ValueError(f"noise.kind: {refused}, the data set has {_describe(shape)}")
    values: list[float] = []
    for position, level in enumerate(noise.levels):
        place = f"noise.levels[{position}]"
        value = _resolve(level, noise.kind, shape, place)
        if value in values:
            raise ValueError(
                f"{place}: {value:g} is what noise.levels[{values.index(value)}] means, too; "
                "name every level once"
            )
        values.append(value)
    return values


def _resolve(level: Level, kind: str, shape: tuple[int, ...], place: str) -> float:
    perturbation = PERTURBATIONS[kind]
    if level.value is not None:
        if refused := perturbation.level_refusal(level.value, shape):
            raise ValueError(f"{place}: {refused}; give another value")
        return level.value
    grid = perturbation.grid(shape)
    if level.index is not None and level.index < len(grid):
        return grid[level.index]
    article = "an" if perturbation.level[0] in "aeiou" else "a"
    bounds = f"(0–{len(grid) - 1})" if grid else "(no grid was published)"
    raise ValueError(
        f"{place}: index {level.index} is out of range for {kind} on {_describe(shape)} {bounds}; "
        f"give {article} {perturbation.level} instead: {{value: {grid[-1] if grid else 1:g}}}"
    )


def _describe(shape: tuple[int, ...]) -> str:
    if len(shape) == 1:
        return f"vectors of {shape[0]} features"
    return "×".join(map(str, shape)) + " images"
