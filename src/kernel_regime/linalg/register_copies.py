"""Copies of as many numbers as a register holds, for Numba: one vector, or a square transposed."""

from typing import Any

from numba import types

from kernel_regime.linalg.simd import intrinsic
from kernel_regime.linalg.vector_emitter import VectorEmitter


@intrinsic
def copy_vector(
    typing_context: Any, source: Any, r: Any, c: Any, target: Any, i: Any, j: Any
) -> Any:
    """target[i, j : j + count] = source[r, c : c + count], for the numbers of a register."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = VectorEmitter(context, builder, source.dtype)
        vector = emit.load(emit.item(source, *args[:3]))
        emit.store(vector, emit.item(target, *args[3:]))
        return context.get_dummy_value()

    return types.void(source, r, c, target, i, j), codegen


@intrinsic
def copy_transposed(
    typing_context: Any, source: Any, r: Any, c: Any, target: Any, i: Any, j: Any
) -> Any:
    """target[i : i + count, j : j + count] = source[r : r + count, c : c + count].T, likewise."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        emit = VectorEmitter(context, builder, source.dtype)
        source_, r_, c_, target_, i_, j_ = args
        steps = [emit.index(k) for k in range(emit.count)]
        rows = [emit.load(emit.item(source, source_, builder.add(r_, k), c_)) for k in steps]
        for k, vector in zip(steps, emit.transposed(rows), strict=True):
            emit.store(vector, emit.item(target, target_, builder.add(i_, k), j_))
        return context.get_dummy_value()

    return types.void(source, r, c, target, i, j), codegen
