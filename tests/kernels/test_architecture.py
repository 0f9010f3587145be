"""Architectures as data: what is read, and how what does not fit is refused."""

import importlib
import subprocess
import sys

import pytest

from kernel_regime.core.errors import InputError
from kernel_regime.kernels.architecture import read_architecture
from kernel_regime.kernels.architecture_words import as_json, in_stax_words

DENSE = {"Dense": {"out_dim": 1}}
CONVOLUTION = {"Conv": {"out_chan": 1, "filter_shape": [3, 3], "padding": "SAME"}}


@pytest.mark.parametrize(
    "given, message",
    [
        ([DENSE, "Rellu"], "architecture[1]: there is no layer 'Rellu'; did you mean 'Relu'?"),
        (
            [DENSE, "Relu", {"Dense": {"out_dim": 1, "W_sdt": 2}}],
            "architecture[2]: Dense has no parameter 'W_sdt'; did you mean 'W_std'?",
        ),
        ([{"Dense": {"W_std": 2}}], "architecture[0]: Dense.out_dim: field required"),
        ([{"Dense": {"out_dim": 1, "W_std": "wide"}}], "architecture[0]: Dense.W_std: 'wide'"),
        (
            [{"Dense": {"out_dim": 1, "W_std": 1e300}}],
            "architecture[0]: Dense.W_std: 1e+300 should be less than or equal to 1000000000000000",
        ),
        ([DENSE, {"Sin": {"b": -1e300}}], "architecture[1]: Sin.b: -1e+300 should be greater than"),
        ([DENSE, {"Erf": {"c": float("nan")}}], "architecture[1]: Erf.c: nan should be"),
        (
            [DENSE, {"Monomial": {"degree": 400}}],
            "architecture[1]: Monomial.degree: 400 should be less than or equal to 170",
        ),
        ([{"Dense": 3}], "architecture[0]: Dense holds 3; give its arguments by name"),
        ([{"Dense": {}, "Relu": {}}], "architecture[0]: {'Dense': {}, 'Relu': {}} is no layer"),
        ([], "architecture: serial holds []; give it a list of layers"),
        (
            [DENSE, {"residual": ["Relu", "Dens"]}],
            "architecture[1][1]: there is no layer 'Dens'; did you mean 'Dense'?",
        ),
        (["Relu"], "architecture[0]: Relu needs Gaussian inputs; put a Dense or Conv"),
        ([DENSE, "Erf", "Gelu"], "architecture[2]: Gelu needs Gaussian inputs"),
        ([DENSE, "Erf", "LayerNorm"], "architecture[2]: LayerNorm needs Gaussian inputs"),
        (
            [{"Conv": {"out_chan": 1, "filter_shape": [3, 4], "padding": "SAME"}}],
            "architecture[0]: Conv.filter_shape: 4 is even",
        ),
        (
            [CONVOLUTION, "Relu", DENSE],
            "architecture[2]: Dense leaves pixel axes (of architecture[0]: Conv)",
        ),
        (
            [DENSE, {"FanOut": {"num": 2}}, {"parallel": ["Identity"]}, "FanInSum"],
            "architecture[2]: parallel has 1 layers for 2 branches",
        ),
        ([DENSE, {"parallel": ["Identity"]}], "architecture[1]: parallel has 1 layers for one"),
        ([DENSE, "FanInSum"], "architecture[1]: FanInSum has no branches"),
        ([DENSE, {"FanOut": {"num": 2}}], "architecture[1]: FanOut leaves 2 branches"),
        ([DENSE, {"FanOut": {"num": 2}}, DENSE], "architecture[2]: Dense stands behind 2 branches"),
        (
            [DENSE, {"residual": ["Relu"]}],
            "architecture[1]: FanInSum needs Gaussian branches",
        ),
    ],
)
def test_what_does_not_fit_is_refused_by_its_place(given, message):
    with pytest.raises(InputError) as error:
        read_architecture(given)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_a_residual_is_short_for_a_sum_with_the_identity():
    inner = ["Gelu", DENSE]
    branches = {"parallel": [{"serial": inner}, "Identity"]}
    long = [DENSE, {"serial": [{"FanOut": {"num": 2}}, branches, "FanInSum"]}]
    short = [DENSE, {"residual": inner}]
    assert read_architecture(short) == read_architecture(long)
    assert in_stax_words(short) == long


def test_layers_of_images_end_in_a_pool_or_flattened():
    for head in ("Flatten", "GlobalAvgPool"):
        read_architecture([CONVOLUTION, {"residual": ["Relu", CONVOLUTION]}, head, DENSE])


def test_functions_are_told_apart_by_their_source(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    module = tmp_path / "functions_of_a_user.py"
    module.write_text("def square(x):\n    return x * x\n")
    given = [DENSE, {"Elementwise": {"fn": "functions_of_a_user:square"}}, DENSE]
    text = as_json(given)[1]["Elementwise"]["fn"]
    assert text["function"] == "functions_of_a_user:square"
    assert len(text["source"]) == 64
    with pytest.raises(InputError, match="cannot be imported by its name"):
        as_json([{"Elementwise": {"fn": lambda x: x}}])


def test_a_function_is_told_apart_by_what_it_calls_and_refused_when_that_is_stale(
    tmp_path, monkeypatch
):
    monkeypatch.syspath_prepend(tmp_path)
    helper, module = tmp_path / "helper_of_a_user.py", tmp_path / "calls_of_a_user.py"
    helper.write_text("def twice(x):\n    return 2 * x\n")
    module.write_text("from helper_of_a_user import twice\ndef fn(x):\n    return twice(x)\n")
    given = [DENSE, {"Elementwise": {"fn": "calls_of_a_user:fn"}}, DENSE]
    before = as_json(given)
    helper.write_text("def twice(x):\n    return 30 * x\n")
    with pytest.raises(InputError, match=r"helper_of_a_user: .* was edited after it was imported"):
        as_json(given)
    importlib.invalidate_caches()
    importlib.reload(sys.modules["helper_of_a_user"])
    assert as_json(given) != before


def test_reading_needs_no_neural_tangents():
    code = (
        "import sys\n"
        "from kernel_regime.kernels import NetworkKernel\n"
        "NetworkKernel([{'Dense': {'out_dim': 1}}, 'Erf', {'Dense': {'out_dim': 1}}])\n"
        "assert not {'jax', 'neural_tangents', 'tensorflow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
