"""Parts of random architectures, and neural-tangents' kernels of them in float64."""

import warnings

import numpy as np
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from kernel_regime.kernels import NetworkKernel

weights = st.floats(0.5, 1.6)
biases = st.none() | st.floats(0.05, 0.5)
activation = st.sampled_from(
    [
        *("Relu", "Abs", "Erf", "Gelu", "Sigmoid_like", "Gabor", "ExpNormalized"),
        {"LeakyRelu": {"alpha": 0.2}},
        {"ABRelu": {"a": -0.5, "b": 1.3}},
        {"Sin": {"a": 1.2, "b": 0.8, "c": 0.3}},
        {"Cos": {"a": 1.2, "b": 0.8, "c": 0.3}},
        {"Rbf": {"gamma": 0.4}},
        {"Gaussian": {"a": 1.1, "b": -0.6}},
        {"Exp": {"a": 0.5, "b": 0.3}},
        {"Monomial": {"degree": 2}},
        {"Polynomial": {"coef": [0.1, 1.0, 0.3]}},
    ]
)


def hidden(linear):
    """An activation and a layer of weights."""
    return st.builds(lambda one, two: [one, two], activation, linear)


def residual(inner):
    """The sum of layers and the identity."""
    return st.builds(lambda layers: [{"residual": layers}], inner)


def fork(inner, other):
    """The sum of two branches."""
    return st.builds(
        lambda one, two: [
            {"FanOut": {"num": 2}},
            {"parallel": [{"serial": one}, two]},
            "FanInSum",
        ],
        inner,
        other,
    )


def random_networks(examples):
    """Settings of a test over so many networks, the same in every run."""
    return settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )


def neural_tangents(layers, x1, x2):
    """NTK and NNGP in float64, by the library itself and not compiled."""
    from jax.experimental import enable_x64

    with enable_x64(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from neural_tangents import stax

        def build(given):
            name, arguments = (given, {}) if isinstance(given, str) else next(iter(given.items()))
            if name in ("serial", "parallel"):
                return getattr(stax, name)(*map(build, arguments))
            if name == "residual":
                inner = {"parallel": [{"serial": arguments}, "Identity"]}
                return build({"serial": [{"FanOut": {"num": 2}}, inner, "FanInSum"]})
            return getattr(stax, name)(**arguments)

        kernels = build({"serial": layers})[2](x1, x2, ("ntk", "nngp"))
        return {"ntk": np.asarray(kernels.ntk), "nngp": np.asarray(kernels.nngp)}


def samples(shape, seed, number=3, spread=0.5):
    """Ordinary samples of any length, then some equal, opposite and scaled; a constant and a zero.

    Which of them coincide up to a factor comes third.
    """
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((number, *shape))
    x *= np.exp(rng.normal(0, spread, (number, *(1 for _ in shape))))
    others = rng.standard_normal((3, *shape))
    y = np.concatenate([others, x[:1], -x[1:2], 3 * x[2:3], np.ones((1, *shape)), 0 * x[:1]])
    coincide = np.zeros((len(x), len(y)), bool)
    coincide[[0, 1, 2], [3, 4, 5]] = True
    return x, y, coincide


def scales(kernel, x1, x2):
    bound = np.sqrt(np.outer(kernel.diagonal(x1), kernel.diagonal(x2)))
    return np.where(bound == 0, 1, bound)


def assert_equal_to_neural_tangents(layers, engine, x, y, coincide):
    """Exact but where inputs coincide: there neural-tangents loses half the digits of an angle.

    It knows no angle to a zero sample, the last of y: its polynomials divide zero by zero, a column
    of NaN, and `ExpNormalized` gives 1e-8 where the kernel, homogeneous, is 0.
    """
    inexact = coincide.copy()
    inexact[:, -1] = True
    expected = neural_tangents(layers, x, y)
    for get in ("ntk", "nngp"):
        kernel = NetworkKernel(layers, get)
        assert kernel.engine == engine
        values = kernel.cross(x, y)
        assert np.isfinite(values).all()
        assert np.isfinite(expected[get][:, :-1]).all()
        given = np.where(np.isnan(expected[get]), values, expected[get])
        error = np.abs(values - given) / scales(kernel, x, y)
        assert error.max(where=~inexact, initial=0) < 1e-10
        assert error.max() < 1e-7
