"""Empirical NTKs against the published code, neural-tangents, and plain Jacobians."""

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest

from kernel_regime.core.jax_precision import jax_precision
from kernel_regime.core.memory import limited_memory
from kernel_regime.ntk.empirical import BATCH, empirical_ntk, empirical_ntk_diagonal
from kernel_regime.ntk.factors import Outer, pull_back
from kernel_regime.ntk.jaxpr import Program, find_layers

GOLDEN_OF = {0: "ntk_logit0", 3: "ntk_logit3", 9: "ntk_logit9", "trace": "ntk_trace_over_logits"}


def jacobian_ntk(apply, params, x1, x2):
    """The definition, (n1, K, n2, K), from full Jacobians."""

    def flat(x):
        leaves = jax.tree.leaves(jax.jacrev(apply)(params, x))
        return np.concatenate([leaf.reshape(*leaf.shape[:2], -1) for leaf in leaves], axis=2)

    return np.einsum("ikp,jlp->ikjl", flat(x1), flat(x2))


@pytest.mark.parametrize("outputs", GOLDEN_OF)
def test_lenet5_equals_the_published_kernel(lenet5_golden, lenet5_apply, outputs):
    values, params = lenet5_golden
    expected = values[GOLDEN_OF[outputs]]
    kernel = empirical_ntk(lenet5_apply, params, values["images"], outputs=outputs)
    # 64,122 products summed in another order: round-off of about √64122·2^-53 relative to λ₁.
    np.testing.assert_allclose(kernel, expected, rtol=0, atol=3e-14 * np.abs(expected).max())
    np.testing.assert_array_equal(kernel, kernel.T)


def test_full_kernel_equals_the_published_one(lenet5_golden, lenet5_apply):
    values, params = lenet5_golden
    kernel = empirical_ntk(lenet5_apply, params, values["images"], outputs="full")
    np.testing.assert_allclose(kernel, values["ntk_full"], rtol=0, atol=1e-14 * kernel.max())


def test_float32_is_accurate_to_single_precision(lenet5_golden, lenet5_apply):
    values, params = lenet5_golden
    kernel = empirical_ntk(lenet5_apply, params, values["images"].astype(np.float32))
    assert kernel.dtype == np.float32
    expected = values["ntk_logit0"]
    np.testing.assert_allclose(kernel, expected, rtol=0, atol=2e-6 * expected.max())


def test_a_list_of_logits_stacks_their_kernels(lenet5_golden, lenet5_apply):
    values, params = lenet5_golden
    stacked = empirical_ntk(lenet5_apply, params, values["images"], outputs=[9, 0])
    expected = np.stack([values["ntk_logit9"], values["ntk_logit0"]])
    np.testing.assert_allclose(stacked, expected, rtol=0, atol=1e-14 * expected.max())


def test_a_logit_may_be_an_array_of_no_axes():
    x, weights = np.eye(3), np.arange(6.0).reshape(3, 2)
    kernel = empirical_ntk(lambda w, x: x @ w, weights, x, outputs=np.array(1))
    np.testing.assert_array_equal(kernel, np.eye(3))


def test_the_big_layers_of_lenet5_stay_factored(lenet5_golden, lenet5_apply):
    values, params = lenet5_golden
    images = jnp.asarray(values["images"], jnp.float32)
    params = jax.tree.map(lambda p: jnp.asarray(p, jnp.float32), params)
    factors = pull_back(lenet5_apply, params, images, jnp.eye(10)[:1])
    widths = [f.inputs.shape[-1] for f in factors if isinstance(f, Outer)]
    assert sorted(widths) == [84, 120, 400]
    assert sum(leaf[0].size for leaf in jax.tree.leaves(factors)) < 64_122 / 10


@pytest.mark.parametrize("outputs", [1, "trace", "full"])
def test_blocks_of_samples_give_the_same_kernel(lenet5_golden, lenet5_apply, outputs):
    values, params = lenet5_golden
    images = values["images"]
    whole = empirical_ntk(lenet5_apply, params, images, outputs=outputs)
    with limited_memory(1_200_000):
        blocked = empirical_ntk(lenet5_apply, params, images, outputs=outputs)
        across = empirical_ntk(lenet5_apply, params, images[:5], images[5:], outputs)
    np.testing.assert_allclose(blocked, whole, rtol=0, atol=1e-14 * whole.max())
    expected = whole[:5, :, 5:] if outputs == "full" else whole[:5, 5:]
    np.testing.assert_allclose(across, expected, rtol=0, atol=1e-14 * whole.max())


def test_batches_of_which_the_last_is_filled_up_give_the_same_kernel(lenet5_golden, lenet5_apply):
    values, params = lenet5_golden
    many = np.arange(BATCH + 6) % len(values["images"])
    whole = empirical_ntk(lenet5_apply, params, values["images"])
    repeated = empirical_ntk(lenet5_apply, params, values["images"][many])
    np.testing.assert_allclose(
        repeated, whole[np.ix_(many, many)], rtol=0, atol=1e-14 * whole.max()
    )


def network_of_everything(params, x):
    """Layers that factor, and layers that must not: shared, grouped, transposed, attached twice."""
    scaled = params["conv"] * 0.5
    h = jax.lax.conv_general_dilated(
        x, scaled, (2, 1), "SAME", rhs_dilation=(1, 2), dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
    h = jnp.tanh(h + params["bias"])
    h = jax.lax.conv_general_dilated(
        h, params["depthwise"], (1, 1), "VALID", feature_group_count=3,
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )  # fmt: skip
    h = jax.nn.softplus(h) @ params["pointwise"]
    h = jnp.einsum("nhwc,dc->nhwd", h, params["transposed"])
    h = h + jnp.tanh(h @ params["shared"]) @ params["shared"]
    h = jnp.einsum("nhwc,hwck->nk", h, params["head"].reshape(2, 2, 4, 3))
    return h * params["scale"] + params["outside"][None, :, 0]


@pytest.fixture
def everything():
    shapes = {
        "conv": (3, 3, 2, 3), "bias": (3,), "depthwise": (2, 3, 1, 3), "pointwise": (3, 4),
        "transposed": (4, 4), "shared": (4, 4), "head": (16, 3), "scale": (), "outside": (3, 1),
    }  # fmt: skip
    rng = np.random.default_rng(1)
    params = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    return params | {"steps": np.array(7)}, rng.standard_normal((6, 5, 4, 2))


@pytest.mark.parametrize("outputs", [2, "trace", "full"])
def test_any_mixture_of_layers_equals_the_jacobian(everything, outputs):
    params, x = everything
    kernel = empirical_ntk(network_of_everything, params, x[:4], x[2:], outputs)
    trained = {k: v for k, v in params.items() if k != "steps"}
    with jax_precision(np.float64):
        full = jacobian_ntk(network_of_everything, trained, x[:4], x[2:])
    expected = {2: full[:, 2, :, 2], "trace": np.einsum("ikjk->ij", full), "full": full}[outputs]
    np.testing.assert_allclose(kernel, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("outputs", [1, "trace"])
def test_diagonal_is_that_of_the_kernel(everything, outputs):
    params, x = everything
    kernel = empirical_ntk(network_of_everything, params, x, outputs=outputs)
    diagonal = empirical_ntk_diagonal(network_of_everything, params, x, outputs)
    np.testing.assert_allclose(diagonal, np.diag(kernel), rtol=1e-12)


def wide_head(params, x):
    """Few positions, many channels: contracted over positions rather than written out."""
    h = jax.lax.conv(x, params["conv"], (1, 1), "VALID")
    return jnp.tanh(h).reshape(len(x), -1) @ params["head"]


@pytest.mark.parametrize("outputs", [0, "trace", "full"])
def test_spatial_contraction_equals_neural_tangents(outputs):
    nt = pytest.importorskip("neural_tangents")
    rng = np.random.default_rng(2)
    params = {
        "conv": rng.standard_normal((64, 40, 2, 2)) / 12,
        "head": rng.standard_normal((128, 2)) / 11,
    }
    x = rng.standard_normal((7, 40, 3, 2))
    with jax_precision(np.float64):
        factors = pull_back(wide_head, params, jnp.asarray(x), jnp.eye(2)[:1])
        positions = [f.inputs.shape[1] for f in factors if isinstance(f, Outer)]
        assert positions == [2, 1]
        theirs = nt.empirical_ntk_fn(lambda p, x: wide_head(p, x), trace_axes=())(x, None, params)
    full = np.moveaxis(np.asarray(theirs), 2, 1)
    expected = {0: full[:, 0, :, 0], "trace": np.einsum("ikjk->ij", full), "full": full}[outputs]
    kernel = empirical_ntk(wide_head, params, x, outputs=outputs)
    np.testing.assert_allclose(kernel, expected, rtol=0, atol=1e-13 * np.abs(expected).max())


@pytest.mark.parametrize("outputs", [10, -1, "sum"])
def test_unknown_logits_are_refused(lenet5_golden, lenet5_apply, outputs):
    values, params = lenet5_golden
    with pytest.raises(ValueError, match="0…9"):
        empirical_ntk(lenet5_apply, params, values["images"], outputs=outputs)


def test_a_network_without_a_logit_axis_is_refused():
    with pytest.raises(ValueError, match=r"\(n, K\)"):
        empirical_ntk(lambda w, x: x @ w, np.ones(3), np.ones((4, 3)))


def loop_over_gradients(apply, params, x, cotangents):
    """What `pull_back` factors, one gradient after the other: (n, K', p)."""

    def gradient(sample, combination):
        trained = {name: p for name, p in params.items() if p.dtype.kind == "f"}
        fixed = {name: p for name, p in params.items() if name not in trained}
        outputs = jax.grad(lambda p: combination @ apply(fixed | p, sample[None])[0])(trained)
        return np.concatenate([np.ravel(outputs[name]) for name in sorted(outputs)])

    return np.array([[gradient(sample, k) for k in cotangents] for sample in x])


def test_factors_are_the_gradients_of_the_loop(everything):
    params, x = everything
    cotangents = np.random.default_rng(3).standard_normal((2, 3))
    with jax_precision(np.float64):
        factors = pull_back(network_of_everything, params, jnp.asarray(x), jnp.asarray(cotangents))
        expected = loop_over_gradients(network_of_everything, params, x, cotangents)
    products = 0
    for factor in factors:
        if isinstance(factor, Outer):
            rows = np.einsum("nkto,nti->nkoi", factor.signals, factor.inputs)
            rows = rows.reshape(*rows.shape[:2], -1)
        else:
            rows = np.asarray(factor.rows)
        products = products + np.einsum("nkp,mlp->nkml", rows, rows)
    reference = np.einsum("nkp,mlp->nkml", expected, expected)
    np.testing.assert_allclose(products, reference, rtol=1e-11, atol=1e-11)


def test_layers_are_found_with_their_inputs_and_signals(everything):
    params, x = everything
    leaves, tree = jax.tree.flatten(params)

    def one(leaves, sample):
        return network_of_everything(jax.tree.unflatten(tree, leaves), sample[None])[0]

    with jax_precision(np.float64):
        program = Program.trace(one, leaves, x[0])
        found = find_layers(program, [leaf.dtype.kind == "f" for leaf in leaves])
        names = {sorted(params)[layer.weight.leaf] for layer in found.values()}
        assert names == {"conv", "head", "pointwise", "transposed"}
        at_zero = {number: np.zeros(layer.y.shape) for number, layer in found.items()}
        (logits,), inputs = program.run([*leaves, x[0]], found, at_zero)
        np.testing.assert_allclose(logits, network_of_everything(params, x[:1])[0], rtol=1e-12)

        def first_logit(nudges):
            return program.run([*leaves, x[0]], found, nudges)[0][0][0]

        signals = jax.grad(first_logit)(at_zero)
        gradients = jax.grad(lambda leaves: one(leaves, x[0])[0], allow_int=True)(leaves)
        for number, layer in found.items():
            a = layer.inputs(inputs[number]) * layer.weight.scale
            entries = np.einsum("to,ti->oi", layer.outputs(signals[number]), a)
            # The same numbers as the gradient of the parameter, in an order of the layer's own.
            expected = np.sort(np.ravel(gradients[layer.weight.leaf]))
            np.testing.assert_allclose(np.sort(entries.ravel()), expected, rtol=1e-9, atol=1e-12)


def test_a_weight_cast_to_an_integer_has_gradient_zero():
    rng = np.random.default_rng(0)
    params = {"step": 3 * rng.standard_normal((5, 2)), "bias": np.ones(2)}
    x = rng.standard_normal((3, 5))

    def quantised(params, x):
        return x @ params["step"].astype(jnp.int32).astype(x.dtype) + params["bias"]

    # What is left is the bias, with gradient 1.
    np.testing.assert_array_equal(empirical_ntk(quantised, params, x), np.ones((3, 3)))


@pytest.mark.parametrize("params", [[], {"steps": np.array(3)}, {"mask": np.ones(3, bool)}])
def test_a_network_without_float_parameters_has_the_zero_kernel(params):
    x = np.ones((3, 2))
    for outputs, shape in ((0, (3, 3)), ("trace", (3, 3)), ("full", (3, 2, 3, 2))):
        kernel = empirical_ntk(lambda p, x: x, params, x, outputs=outputs)
        np.testing.assert_array_equal(kernel, np.zeros(shape))
    np.testing.assert_array_equal(empirical_ntk_diagonal(lambda p, x: x, params, x), np.zeros(3))


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float16])
@pytest.mark.parametrize("back", [True, False])
def test_lower_precision_inside_gives_the_kernel_up_to_its_round_off(dtype, back):
    rng = np.random.default_rng(0)
    x, w = rng.standard_normal((3, 5)).astype(np.float32), rng.standard_normal((5, 2))

    def low(w, x):
        outputs = x.astype(dtype) @ w.astype(dtype)
        return outputs.astype(x.dtype) if back else outputs

    kernel = empirical_ntk(low, w, x, outputs="trace")
    assert kernel.dtype == np.float32
    expected = 2 * x.astype(float) @ x.T.astype(float)
    np.testing.assert_allclose(kernel, expected, atol=2**-7 * expected.max())


def test_all_array_likes_are_inputs():
    x, w = np.arange(6).reshape(3, 2), np.ones((2, 2))
    expected = (x @ x.T).astype(float)
    inputs = [x, x.tolist(), pd.DataFrame(x), jnp.asarray(x), x.astype(np.uint8), x.astype("f2")]
    for samples in inputs:
        np.testing.assert_array_equal(empirical_ntk(lambda w, x: x @ w, w, samples), expected)
    crossed = empirical_ntk(lambda w, x: x @ w, w, jnp.asarray(x), x.tolist(), np.int64(1))
    np.testing.assert_array_equal(crossed, expected)
    assert empirical_ntk(lambda w, x: x @ w, w, x[:0].astype(float)).shape == (0, 0)
