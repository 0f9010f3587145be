"""Numba values of sixteen numbers: one per lane, in one vector register.

Numba leaves vectorisation to LLVM's loop vectoriser, which gives up on long stencils with rotating
operands. A `Lanes` value is an LLVM vector instead: ``a + b``, ``a * b`` (fused where LLVM sees
``a * b + c``), `load`, `store` and a few functions map to one instruction on AVX-512, to two or
four on machines with narrower registers and in float64. Plain numbers are spread over the lanes.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, models, overload, register_model

LANES = 16


class LanesType(types.Type):
    """Sixteen floats of one dtype."""

    def __init__(self, dtype):
        self.dtype = dtype
        super().__init__(name=f"Lanes({dtype})")


@register_model(LanesType)
class LanesModel(models.PrimitiveModel):
    """A `LanesType` is an LLVM vector."""

    def __init__(self, manager, lanes):
        element = manager.lookup(lanes.dtype).get_value_type()
        super().__init__(manager, lanes, ir.VectorType(element, LANES))


def _spread(builder, scalar):
    """The same number in every lane."""
    vector = ir.Constant(ir.VectorType(scalar.type, LANES), ir.Undefined)
    vector = builder.insert_element(vector, scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)
    return builder.shuffle_vector(vector, vector, zeros)


def _as_lanes(context, builder, value, given, lanes):
    """`value` itself if it has lanes, else cast to their dtype and spread."""
    if isinstance(given, LanesType):
        return value
    return _spread(builder, context.cast(builder, value, given, lanes.dtype))


def _pick(*given):
    """The lanes type among the operands, None if there is none or they disagree."""
    found = {type_ for type_ in given if isinstance(type_, LanesType)}
    return found.pop() if len(found) == 1 else None


def _elementwise(emit, n_operands):
    """Intrinsic applying `emit(builder, *vectors)` to operands of which some may be scalars."""

    def generate(lanes):
        def codegen(context, builder, signature, args):
            vectors = [
                _as_lanes(context, builder, value, given, lanes)
                for value, given in zip(args, signature.args, strict=True)
            ]
            return emit(builder, *vectors)

        return codegen

    if n_operands == 1:

        @intrinsic
        def apply(typing_context, a):
            return (a(a), generate(a)) if isinstance(a, LanesType) else None

    else:

        @intrinsic
        def apply(typing_context, a, b):
            lanes = _pick(a, b)
            return (lanes(a, b), generate(lanes)) if lanes else None

    return apply


def _llvm_function(name):
    """Emitter calling the LLVM intrinsic `name` of the operands' type."""

    def emit(builder, *vectors):
        type_ = vectors[0].type
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(type_, [type_] * len(vectors)),
            f"{name}.v{LANES}{type_.element.intrinsic_name}",
        )
        return builder.call(function, vectors)

    return emit


def _operator(python, method):
    """Make a Python operator work on lanes, free to fuse products into sums."""
    apply = _elementwise(lambda b, x, y: getattr(b, method)(x, y, flags=("contract",)), 2)

    @overload(python)
    def implement(a, b):
        return (lambda a, b: apply(a, b)) if _pick(a, b) else None


_operator(operator.add, "fadd")
_operator(operator.sub, "fsub")
_operator(operator.mul, "fmul")
absolute = _elementwise(_llvm_function("llvm.fabs"), 1)
root = _elementwise(_llvm_function("llvm.sqrt"), 1)
larger = _elementwise(lambda b, x, y: b.select(b.fcmp_ordered(">", x, y), x, y), 2)
copy_sign = _elementwise(_llvm_function("llvm.copysign"), 2)


def _item_pointer(context, builder, array_type, array, index):
    view = context.make_array(array_type)(context, builder, array)
    index = cgutils.unpack_tuple(builder, index)
    index += [context.get_constant(types.intp, 0)] * (array_type.ndim - len(index))
    return cgutils.get_item_pointer(context, builder, array_type, view, index)


@intrinsic
def load(typing_context, array, index):
    """Lanes at ``array[index]``: its last axis if `index` leaves one, else one number spread."""
    has_lanes = array.ndim == len(index) + 1

    def codegen(context, builder, signature, args):
        pointer = _item_pointer(context, builder, array, *args)
        if not has_lanes:
            return _spread(builder, builder.load(pointer))
        vector = context.get_value_type(signature.return_type)
        loaded = builder.load(builder.bitcast(pointer, vector.as_pointer()))
        loaded.align = array.dtype.bitwidth // 8
        return loaded

    return LanesType(array.dtype)(array, index), codegen


@intrinsic
def store(typing_context, array, index, lanes):
    """Put `lanes` into the last axis of `array` at `index`."""

    def codegen(context, builder, signature, args):
        *place, value = args
        pointer = _item_pointer(context, builder, array, *place)
        stored = builder.store(value, builder.bitcast(pointer, value.type.as_pointer()))
        stored.align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, index, lanes), codegen


@intrinsic
def spread(typing_context, like, value):
    """`value` in every lane, in the dtype of the array `like`."""
    lanes = LanesType(like.dtype)

    def codegen(context, builder, signature, args):
        return _as_lanes(context, builder, args[1], value, lanes)

    return lanes(like, value), codegen


@intrinsic
def polynomial(typing_context, x, coefficients):
    """Horner's rule, unrolled; constant term first."""

    def codegen(context, builder, signature, args):
        value, *rest = (
            _as_lanes(context, builder, c, coefficients.dtype, x)
            for c in reversed(cgutils.unpack_tuple(builder, args[1]))
        )
        for c in rest:
            product = builder.fmul(value, args[0], flags=("contract",))
            value = builder.fadd(product, c, flags=("contract",))
        return value

    return x(x, coefficients), codegen


def aligned_zeros(shape, dtype):
    """Zeroed array starting on a 64-byte cache line, so that no vector straddles two."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = np.zeros(size + 64, np.uint8)
    start = -buffer.ctypes.data % 64
    return buffer[start : start + size].view(dtype).reshape(shape)
