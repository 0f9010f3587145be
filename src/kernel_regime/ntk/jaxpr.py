"""JAX programs: tracing any `apply`, running it, and finding the layers in it.

Every parameter is followed through reshapes and transposes to the products that it enters, which
are the layers (`linear_layers`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, TypeAlias

from kernel_regime.core.extras import from_extra
from kernel_regime.core.types import PyTree
from kernel_regime.ntk.linear_layers import LinearLayer, Weight, layer_of, shape_of

with from_extra("jax"):
    import jax
    import jax.numpy as jnp
    from jax.extend.core import Jaxpr, JaxprEqn, Literal

if TYPE_CHECKING:
    from jax.extend.core import Var

RELAYOUTS = {"reshape", "transpose", "squeeze", "rev", "copy", "copy_p"}
CALLS = {"pjit": "jaxpr", "jit": "jaxpr", "closed_call": "call_jaxpr", "core_call": "call_jaxpr"}

Values: TypeAlias = Sequence[Any]
"""Arrays and tracers, or the variables and literals that stand for them in a program."""


@dataclass(frozen=True)
class Program:
    """A function as straight-line code: one equation after the other, calls written out.

    Examples
    --------
    >>> import numpy as np
    >>> def network(w, x):
    ...     return jax.jit(jnp.tanh)(x @ w)
    >>> program = Program.trace(network, np.ones((3, 2)), np.ones(3))
    >>> [equation.primitive.name for equation in program.code.eqns]
    ['dot_general', 'tanh']
    """

    code: Jaxpr
    constants: Values

    @classmethod
    def trace(cls, function: Callable[..., PyTree], *arguments: PyTree) -> "Program":
        """The program that a function runs on arguments of these shapes."""
        nested = jax.make_jaxpr(function)(*arguments)
        flat = jax.make_jaxpr(lambda *values: _evaluate(nested.jaxpr, nested.consts, values))
        program = flat(*(jax.ShapeDtypeStruct(a.shape, a.dtype) for a in nested.in_avals))
        return cls(program.jaxpr, program.consts)

    def run(
        self, arguments: Values, layers: Mapping[int, LinearLayer], nudges: Mapping[int, jax.Array]
    ) -> tuple[Values, dict[int, jax.Array]]:
        """Results with y + nudge in place of the y of every layer, and the inputs a of layers.

        `layers` and `nudges` go by the number of their equation. The derivative of a result with
        respect to a nudge, at zero, is the signal δ of its layer.
        """
        values = _Values(self.code, self.constants, arguments)
        activations = {}
        for number, equation in enumerate(self.code.eqns):
            operands = values.of(equation.invars)
            results = _bind(equation, operands)
            if number in layers:
                activations[number] = operands[layers[number].operand]
                results = [results[0] + nudges[number]]
            values.set(equation.outvars, results)
        return values.of(self.code.outvars), activations


def find_layers(program: Program, trained: Sequence[bool]) -> dict[int, LinearLayer]:
    """Layers by the number of their equation: parameters used once, in one product.

    Parameters
    ----------
    program : Program
        Its first arguments are the parameters.
    trained : sequence of bool
        For each of them, whether gradients are asked for.

    Examples
    --------
    The bias is no layer, and neither is `shared`, which is used twice:

    >>> import numpy as np
    >>> def network(inner, bias, shared, x):
    ...     return jnp.tanh(x @ (2 * inner.T) + bias) @ shared @ shared
    >>> shapes = (4, 3), (4,), (4, 4), (3,)
    >>> program = Program.trace(network, *map(np.ones, shapes))
    >>> {n: layer.weight for n, layer in find_layers(program, [True, True, True]).items()}
    {2: Weight(leaf=0, scale=2.0)}
    """
    places = dict(zip(program.code.invars, map(Weight, range(len(trained))), strict=False))
    known = {var: weight for var, weight in places.items() if trained[weight.leaf]}
    uses: dict[int, list[tuple[int, LinearLayer] | None]] = {}

    def weight_in(atom: "Var | Literal") -> Weight | None:
        return None if isinstance(atom, Literal) else known.get(atom)

    for number, equation in enumerate(program.code.eqns):
        weights = [weight_in(atom) for atom in equation.invars]
        if not any(weights):
            continue
        if relaid := _relayout(equation, weights):
            known[equation.outvars[0]] = relaid
        elif layer := layer_of(equation, weights):
            uses.setdefault(layer.weight.leaf, []).append((number, layer))
        else:
            for weight in filter(None, weights):
                uses.setdefault(weight.leaf, []).append(None)
    for weight in filter(None, map(weight_in, program.code.outvars)):
        uses.setdefault(weight.leaf, []).append(None)
    return dict(seen[0] for seen in uses.values() if len(seen) == 1 and seen[0])


class _Values:
    """What the variables of a program are while it runs."""

    def __init__(self, code: Jaxpr, constants: Values, arguments: Values) -> None:
        self._values = dict(zip(code.constvars, constants, strict=True))
        self.set(code.invars, arguments)

    def of(self, atoms: Values) -> Values:
        return [a.val if isinstance(a, Literal) else self._values[a] for a in atoms]

    def set(self, variables: Values, values: Values) -> None:
        self._values.update(zip(variables, values, strict=True))


def _evaluate(code: Jaxpr, constants: Values, arguments: Values) -> Values:
    """Results of a program, equation by equation, those of called programs included."""
    values = _Values(code, constants, arguments)
    for equation in code.eqns:
        operands = values.of(equation.invars)
        name = equation.primitive.name
        if name in CALLS:
            inner = equation.params[CALLS[name]]
            body, consts = getattr(inner, "jaxpr", inner), getattr(inner, "consts", ())
            values.set(equation.outvars, _evaluate(body, consts, operands))
        else:
            values.set(equation.outvars, _bind(equation, operands))
    return values.of(code.outvars)


def _bind(equation: JaxprEqn, operands: Values) -> Values:
    """Evaluate one equation as it stands."""
    needed = equation.primitive.get_bind_params(equation.params)
    functions, parameters = (
        needed if isinstance(needed, tuple) else ((), needed)
    )  # newer JAX: no functions apart
    results = equation.primitive.bind(*functions, *operands, **parameters)
    return list(results) if equation.primitive.multiple_results else [results]


def _relayout(equation: JaxprEqn, weights: Sequence[Weight | None]) -> Weight | None:
    """The parameter that comes out with the same entries, up to order and one constant."""
    name, weight = equation.primitive.name, weights[0]
    if name in RELAYOUTS:
        return weight
    if name == "convert_element_type":  # to an integer, it is a step function: gradient 0
        return weight if jnp.issubdtype(equation.params["new_dtype"], jnp.floating) else None
    if name == "broadcast_in_dim" and weight:
        same_size = prod(shape_of(equation.invars[0])) == prod(shape_of(equation.outvars[0]))
        return weight if same_size else None
    if name in ("mul", "div") and weight and isinstance(equation.invars[1], Literal):
        constant = float(equation.invars[1].val)
        return replace(weight, scale=weight.scale * (constant if name == "mul" else 1 / constant))
    if name == "mul" and weights[1] and isinstance(equation.invars[0], Literal):
        return replace(weights[1], scale=weights[1].scale * float(equation.invars[0].val))
    return None
