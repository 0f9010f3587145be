"""Time of learning curves, verdicts and kernels along training, before they are computed."""

from kernel_regime.analysis.kernel_evolution import KernelEvolutionStudy
from kernel_regime.analysis.learning_curve_settings import LearningCurveSettings
from kernel_regime.linalg.throughput import eigensystem_seconds, product_rate
from kernel_regime.ntk.kernel_cost import TangentKernelCost
from kernel_regime.regression.path_cost import path_seconds

_RIDGES = 8  # of the regressions with kernels of networks


def learning_curve_seconds(settings: LearningCurveSettings, m: int, outputs: int) -> float:
    """Seconds of one kernel's learning curve, forecast and measured on `m` test samples.

    An eigendecomposition forecasts it; every regression is a path and its predictions. The Hermite
    forecast, which sees inputs alone, is not counted.

    Examples
    --------
    >>> once, thrice = (LearningCurveSettings(500, [400], [0.1], repeats=k) for k in (1, 3))
    >>> learning_curve_seconds(once, 100, 10) < learning_curve_seconds(thrice, 100, 10)
    True
    """
    ridges = len(settings.ridges)
    regressions = sum(
        path_seconds(n, ridges) + 2.0 * m * n * ridges * outputs / product_rate()
        for n in settings.sizes
    )
    return eigensystem_seconds(settings.forecast_from) + settings.repeats * regressions


def verdict_seconds(kernel: TangentKernelCost, n: int, m: int) -> float:
    """Seconds of the measures of one network on `n` training and `m` test samples.

    Its kernels before and after training, the flow of the linearisation, and a regression with
    either kernel.

    Examples
    --------
    >>> kernel = TangentKernelCost(compilation=1.0, sample=1e-3, pair=1e-6, at_once=64)
    >>> verdict_seconds(kernel, 600, 600) > verdict_seconds(kernel, 100, 100)
    True
    """
    kernels = kernel.gram(n) + kernel.cross(m, n)
    return 2 * kernels + eigensystem_seconds(n) + 2 * path_seconds(n, _RIDGES)


def evolution_seconds(
    study: KernelEvolutionStudy, kernel: TangentKernelCost, training: float, n: int, m: int
) -> float:
    """Seconds in which one training, of so many seconds, is replayed and its kernel followed.

    Examples
    --------
    >>> kernel = TangentKernelCost(compilation=1.0, sample=1e-3, pair=1e-6, at_once=64)
    >>> study = KernelEvolutionStudy(times=5, samples=100)
    >>> evolution_seconds(study, kernel, training=60.0, n=100, m=100) > 60
    True
    """
    n, m = min(n, study.samples), min(m, study.samples)
    look = kernel.gram(n) + kernel.cross(m, n) + path_seconds(n, _RIDGES)
    return training + (study.times + 1) * look
