"""LLVM instructions on vectors as wide as a register, for loops that Numba cannot write."""

from collections.abc import Sequence
from typing import Any

from llvmlite import binding, ir
from numba.core import cgutils

VECTOR_BYTES = 64 if binding.get_host_cpu_features().get("avx512f", False) else 32


class VectorEmitter:
    """LLVM instructions on vectors of one dtype, as wide as a register."""

    def __init__(self, context: Any, builder: Any, dtype: Any) -> None:
        self.context, self.builder = context, builder
        self.count = VECTOR_BYTES * 8 // dtype.bitwidth
        self.vector = ir.VectorType(context.get_value_type(dtype), self.count)
        self.zero = ir.Constant(self.vector, None)
        self.alignment = dtype.bitwidth // 8

    def index(self, value: int) -> ir.Constant:
        """A constant place in an array."""
        return ir.Constant(ir.IntType(64), value)

    def item(self, kind: Any, array: Any, *indices: Any) -> Any:
        """Pointer to an item of a Numba array."""
        view = self.context.make_array(kind)(self.context, self.builder, array)
        return cgutils.get_item_pointer(self.context, self.builder, kind, view, indices)

    def after(self, pointer: Any, count: int) -> Any:
        """Pointer `count` items further on."""
        return self.builder.gep(pointer, [self.index(count)])

    def load(self, pointer: Any) -> Any:
        """The vector that lies there."""
        loaded = self.builder.load(self.builder.bitcast(pointer, self.vector.as_pointer()))
        loaded.align = self.alignment
        return loaded

    def store(self, vector: Any, pointer: Any) -> None:
        """A vector to its place."""
        stored = self.builder.store(vector, self.builder.bitcast(pointer, self.vector.as_pointer()))
        stored.align = self.alignment

    def prefetch(self, pointer: Any) -> None:
        """Ask for a cache line, into the second level; harmless behind the end of an array."""
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        function = cgutils.get_or_insert_function(
            self.builder.module,
            ir.FunctionType(ir.VoidType(), [byte, number, number, number]),
            "llvm.prefetch.p0i8",
        )
        to_read, second_level, data = (ir.Constant(number, value) for value in (0, 2, 1))
        address = self.builder.bitcast(pointer, byte)
        self.builder.call(function, [address, to_read, second_level, data])

    def broadcast(self, number: Any) -> Any:
        """The same number throughout a vector."""
        empty = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(empty, number, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.count), [0] * self.count)
        return self.builder.shuffle_vector(first, empty, zeros)

    def fma(self, x: Any, y: Any, z: Any) -> Any:
        """x·y + z, rounded once."""
        function = cgutils.get_or_insert_function(
            self.builder.module,
            ir.FunctionType(self.vector, [self.vector] * 3),
            f"llvm.fma.v{self.count}{self.vector.element.intrinsic_name}",
        )
        return self.builder.call(function, [x, y, z])

    def transposed(self, rows: Sequence[Any]) -> list[Any]:
        """Columns of as many vectors as one has numbers.

        Off-diagonal quarters change places, then those of every quarter, until they are numbers.
        """
        rows, side = list(rows), self.count // 2
        while side:
            first = [p if not p & side else p - side + self.count for p in range(self.count)]
            second = [p + side if not p & side else p + self.count for p in range(self.count)]
            for k in range(self.count):
                if not k & side:
                    pair = rows[k], rows[k + side]
                    rows[k] = self._picked(*pair, first)
                    rows[k + side] = self._picked(*pair, second)
            side //= 2
        return rows

    def _picked(self, x: Any, y: Any, places: list[int]) -> Any:
        """Numbers at the places of two vectors one behind the other."""
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.count), places)
        return self.builder.shuffle_vector(x, y, mask)
