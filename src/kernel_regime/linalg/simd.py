"""SIMD vectors for Numba: values of sixteen numbers, computed with as one.

Numba leaves vectorisation to LLVM's loop vectoriser, which does not find it in stencils that keep
operands for the next turn. A value of `VectorType` is an LLVM vector instead: ``a + b``, ``a * b``
(fused where they meet), `load`, `store` and a few functions become one instruction on AVX-512, and
two or four where registers are narrower or numbers double. Plain numbers are broadcast.
"""

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic as numba_intrinsic
from numba.extending import models, overload, register_model

from kernel_regime.core.arrays import Array

Vector = Any  # what compiled functions take and return; it does not exist outside them
VECTOR_SIZE = 16
intrinsic: Any = numba_intrinsic  # its callers leave out the typing context


class VectorType(types.Type):
    """Sixteen floats of one dtype."""

    def __init__(self, dtype: types.Float) -> None:
        self.dtype = dtype
        super().__init__(name=f"Vector({dtype})")


@register_model(VectorType)
class VectorModel(models.PrimitiveModel):
    """A `VectorType` is an LLVM vector."""

    def __init__(self, manager: Any, vector: VectorType) -> None:
        element = manager.lookup(vector.dtype).get_value_type()
        super().__init__(manager, vector, ir.VectorType(element, VECTOR_SIZE))


def _broadcast(builder: Any, scalar: Any) -> Any:
    """The same number throughout a vector."""
    vector = ir.Constant(ir.VectorType(scalar.type, VECTOR_SIZE), ir.Undefined)
    vector = builder.insert_element(vector, scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), VECTOR_SIZE), [0] * VECTOR_SIZE)
    return builder.shuffle_vector(vector, vector, zeros)


def _as_vector(context: Any, builder: Any, value: Any, given: Any, vector: VectorType) -> Any:
    """`value` itself if it is a vector, else cast to the dtype of vectors and broadcast."""
    if isinstance(given, VectorType):
        return value
    return _broadcast(builder, context.cast(builder, value, given, vector.dtype))


def _common(*given: Any) -> VectorType | None:
    """The vector type among the operands, None if there is none or they disagree."""
    found = {type_ for type_ in given if isinstance(type_, VectorType)}
    return found.pop() if len(found) == 1 else None


def _bits(vector: VectorType) -> Any:
    """The vector of integers that lies behind a vector of floats."""
    return ir.VectorType(ir.IntType(vector.dtype.bitwidth), VECTOR_SIZE)


def _call(llvm_name: str) -> Callable[..., Any]:
    """Emitter of a call to the LLVM function of the operands' type."""

    def emit(builder: Any, *vectors: Any) -> Any:
        vector = vectors[0].type
        name = f"{llvm_name}.v{VECTOR_SIZE}{vector.element.intrinsic_name}"
        type_ = ir.FunctionType(vector, [vector] * len(vectors))
        function = cgutils.get_or_insert_function(builder.module, type_, name)
        return builder.call(function, vectors)

    return emit


def _unary(emit: Callable[[Any, Any], Any]) -> Any:
    """`emit(builder, a)` on vectors."""

    @intrinsic
    def apply(typing_context: Any, a: VectorType) -> Any:
        return a(a), lambda context, builder, signature, args: emit(builder, *args)

    return apply


def _binary(emit: Callable[[Any, Any, Any], Any]) -> Any:
    """`emit(builder, a, b)` on two operands of which one may be a plain number."""

    @intrinsic
    def apply(typing_context: Any, a: Any, b: Any) -> Any:
        vector: Any = _common(a, b)

        def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            operands = zip(args, signature.args, strict=True)
            return emit(builder, *(_as_vector(context, builder, *o, vector) for o in operands))

        return (vector(a, b), codegen) if vector else None

    return apply


def _operator(python: Callable[[Any, Any], Any], llvm_name: str) -> None:
    """Make a Python operator work on vectors, free to fuse products into sums."""
    apply = _binary(lambda builder, a, b: getattr(builder, llvm_name)(a, b, flags=("contract",)))

    overload(python)(lambda a, b: (lambda a, b: apply(a, b)) if _common(a, b) else None)


_operator(operator.add, "fadd")
_operator(operator.sub, "fsub")
_operator(operator.mul, "fmul")
_operator(operator.truediv, "fdiv")
absolute = _unary(_call("llvm.fabs"))
root = _unary(_call("llvm.sqrt"))
nearest_integer = _unary(_call("llvm.rint"))
copy_sign = _binary(_call("llvm.copysign"))
larger = _binary(lambda builder, a, b: builder.select(builder.fcmp_ordered(">", a, b), a, b))
smaller = _binary(lambda builder, a, b: builder.select(builder.fcmp_ordered("<", a, b), a, b))


def by_precision(x: Vector, single: Any, double: Any) -> Any:
    """Constants of single or of double precision, as the vector `x` has it."""
    return single if x.dtype == np.float32 else double


@overload(by_precision)
def _by_precision(x: Any, single: Any, double: Any) -> Any:
    def single_precision(x: Any, single: Any, double: Any) -> Any:
        return single

    def double_precision(x: Any, single: Any, double: Any) -> Any:
        return double

    return single_precision if x.dtype == types.float32 else double_precision


@intrinsic
def where_not_negative(typing_context: Any, sign: VectorType, value: VectorType) -> Any:
    """`value` where the sign bit of `sign` is clear, 0 elsewhere."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zero = ir.Constant(_bits(sign), None)
        clear = builder.icmp_signed(">=", builder.bitcast(args[0], zero.type), zero)
        return builder.select(clear, args[1], ir.Constant(args[1].type, None))

    return value(sign, value), codegen


@intrinsic
def with_sign_of(typing_context: Any, value: VectorType, sign: VectorType) -> Any:
    """`value`, negated where the sign bit of `sign` is set."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits, sign_bit = _bits(sign), 1 << (sign.dtype.bitwidth - 1)
        a, b = (builder.bitcast(vector, bits) for vector in args)
        flip = builder.and_(b, ir.Constant(bits, [sign_bit] * VECTOR_SIZE))
        return builder.bitcast(builder.xor(a, flip), args[0].type)

    return value(value, sign), codegen


@intrinsic
def polynomial(typing_context: Any, x: VectorType, coefficients: Any) -> Any:
    """Estrin's scheme, constant term first: only log2(degree) products wait for each other."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def fused(a: Any, b: Any, c: Any) -> Any:
            product = builder.fmul(a, b, flags=("contract",))
            return builder.fadd(product, c, flags=("contract",))

        power, numbers = args[0], cgutils.unpack_tuple(builder, args[1])
        terms = [_as_vector(context, builder, c, coefficients.dtype, x) for c in numbers]
        while len(terms) > 1:
            pairs = zip(terms[::2], terms[1::2], strict=False)
            last = terms[-1:] if len(terms) % 2 else []
            terms = [fused(power, b, a) for a, b in pairs] + last
            power = builder.fmul(power, power)
        return terms[0]

    return x(x, coefficients), codegen


@intrinsic
def horner(typing_context: Any, x: VectorType, coefficients: Any) -> Any:
    """Horner's scheme, constant term first: the fewest operations, but one after another."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = cgutils.unpack_tuple(builder, args[1])
        terms = [_as_vector(context, builder, c, coefficients.dtype, x) for c in numbers]
        total = terms.pop()
        for term in reversed(terms):
            product = builder.fmul(total, args[0], flags=("contract",))
            total = builder.fadd(product, term, flags=("contract",))
        return total

    return x(x, coefficients), codegen


@intrinsic
def multiples(typing_context: Any, x: VectorType, numbers: Any) -> Any:
    """A tuple of `x` times each of some numbers.

    Where `x` is not known before it runs, a loop takes these from registers or the stack, as
    operands of its products; constants it would fetch anew, in two instructions each.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        factors = cgutils.unpack_tuple(builder, args[1])
        vectors = (_as_vector(context, builder, n, numbers.dtype, x) for n in factors)
        products = [builder.fmul(args[0], vector) for vector in vectors]
        return context.make_tuple(builder, signature.return_type, products)

    return types.UniTuple(x, len(numbers))(x, numbers), codegen


@intrinsic
def power_of_two(typing_context: Any, exponent: VectorType) -> Any:
    """2 to the power of whole numbers: normal ones, or infinity from 128 (float64: 1024) on."""
    bias, mantissa = {32: (127, 23), 64: (1023, 52)}[exponent.dtype.bitwidth]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        bits = _bits(exponent)
        whole = builder.fptosi(args[0], bits)
        biased = builder.add(whole, ir.Constant(bits, [bias] * VECTOR_SIZE))
        shifted = builder.shl(biased, ir.Constant(bits, [mantissa] * VECTOR_SIZE))
        return builder.bitcast(shifted, args[0].type)

    return exponent(exponent), codegen


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any) -> Any:
    """Address of an item, or of the first of a vector where `index` leaves out the last axis.

    Rows of vectors are as long as a vector: of two axes, no length needs to be read and multiplied.
    """
    view = context.make_array(array_type)(context, builder, array)
    place = cgutils.unpack_tuple(builder, index)
    if len(place) == 1 and array_type.ndim == 2 and array_type.layout == "C":
        return builder.gep(view.data, [builder.mul(place[0], place[0].type(VECTOR_SIZE))])
    place += [context.get_constant(types.intp, 0)] * (array_type.ndim - len(place))
    return cgutils.get_item_pointer(context, builder, array_type, view, place)


@intrinsic
def load(typing_context: Any, array: Any, index: Any) -> Any:
    """Vector at ``array[index]``: the last axis where `index` leaves it out, else a number."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, array, *args)
        if array.ndim == len(index):
            return _broadcast(builder, builder.load(pointer))
        vector = context.get_value_type(signature.return_type)
        loaded = builder.load(builder.bitcast(pointer, vector.as_pointer()))
        loaded.align = array.dtype.bitwidth // 8
        return loaded

    return VectorType(array.dtype)(array, index), codegen


@intrinsic
def store(typing_context: Any, array: Any, index: Any, vector: VectorType) -> Any:
    """Put `vector` into the last axis of `array` at `index`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pointer = _pointer(context, builder, array, *args[:2])
        stored = builder.store(args[2], builder.bitcast(pointer, args[2].type.as_pointer()))
        stored.align = array.dtype.bitwidth // 8
        return context.get_dummy_value()

    return types.void(array, index, vector), codegen


@intrinsic
def broadcast(typing_context: Any, like: Any, value: Any) -> Any:
    """`value` throughout a vector, in the dtype of the array `like`."""
    vector = VectorType(like.dtype)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _as_vector(context, builder, args[1], value, vector)

    return vector(like, value), codegen


def aligned_zeros(shape: tuple[int, ...], dtype: Any) -> Array:
    """Zeroed array starting on a 64-byte cache line, so that no vector straddles two."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    buffer = np.zeros(size + 64, np.uint8)
    start = -buffer.ctypes.data % 64
    return buffer[start : start + size].view(dtype).reshape(shape)
