"""Matrix file: a `.npy` written and read tile by tile, without mapping it into memory."""

import errno
import io
import os
from pathlib import Path

import numpy as np
from zlib_ng.zlib_ng import crc32

from kernel_regime.core.arrays import Array, Dtype
from kernel_regime.execution.store.tiles import Tile
from kernel_regime.linalg.tile_copies import transposed

_ROWS = 128


class NpyFile:
    """An open `.npy` file of known shape and dtype.

    Reads and writes instead of a memory map: pages of a map count as memory of this
    process, and a full disk would end it with a bus error instead of an exception.

    Parameters
    ----------
    path : Path
        The file; a writable one is created when missing, and extended when cut short.
    shape, dtype : (int, int), numpy dtype
        Of the matrix.
    writable : bool
        Whether to open for filling or only for checking.
    """

    def __init__(self, path: Path, shape: tuple[int, int], dtype: Dtype, *, writable: bool) -> None:
        self._shape, self._dtype = shape, dtype
        self._header = header(shape, dtype)
        if writable:
            path.touch()
        self._file = path.open("r+b" if writable else "rb", buffering=0)
        if writable:
            self._file.write(self._header)
            self._file.truncate(file_bytes(shape, dtype))
            _reserve(self._file.fileno(), file_bytes(shape, dtype))

    def close(self) -> None:
        """Let go of the file; on a network file system, learn what could not be written."""
        self._file.close()

    def write(self, tile: Tile, values: Array, mirrored: bool) -> int:
        """Write a tile, and its transpose where it belongs; return its checksum."""
        values = np.ascontiguousarray(values, self._dtype)
        for row, row_values in zip(range(*tile.rows.indices(self._shape[0])), values, strict=True):
            self._write_row(row, tile.columns.start, row_values)
        if mirrored:
            for start in range(0, values.shape[1], _ROWS):
                image = transposed(values[:, start : start + _ROWS])
                for row, row_values in enumerate(image, start=tile.columns.start + start):
                    self._write_row(row, tile.rows.start, row_values)
        return crc32(values.data)

    def is_framed(self) -> bool:
        """Whether header and size are what they should be."""
        size = os.fstat(self._file.fileno()).st_size
        self._file.seek(0)
        found = self._file.read(len(self._header))
        return size == file_bytes(self._shape, self._dtype) and found == self._header

    def matches(self, tile: Tile, checksum: int, mirrored: bool) -> bool:
        """Whether the stored tile has this checksum and its mirror image equals it."""
        values = self._read(tile.rows, tile.columns)
        if crc32(values.data) != checksum:
            return False
        if not mirrored:
            return True
        # As integers: a damaged value may be a NaN, and 0 equals −0.
        bits = f"u{self._dtype.itemsize}"
        for start in range(0, values.shape[1], _ROWS):
            first = tile.columns.start + start
            rows = slice(first, min(first + _ROWS, tile.columns.stop))
            image, block = self._read(rows, tile.rows), values[:, start : start + _ROWS]
            if not _is_transpose(image.view(bits), block.view(bits)):
                return False
        return True

    def _offset(self, row: int, column: int) -> int:
        return len(self._header) + (row * self._shape[1] + column) * self._dtype.itemsize

    def _write_row(self, row: int, column: int, row_values: Array) -> None:
        rest = row_values.data.cast("B")
        self._file.seek(self._offset(row, column))
        while rest:
            rest = rest[self._file.write(rest) :]

    def _read(self, rows: slice, columns: slice) -> Array:
        values = np.empty((rows.stop - rows.start, columns.stop - columns.start), self._dtype)
        for row, row_values in enumerate(values, start=rows.start):
            self._file.seek(self._offset(row, columns.start))
            self._file.readinto(row_values.data)
        return values


def _reserve(descriptor: int, size: int) -> None:
    """Have the file system set all blocks of a file aside at once.

    Block by block, while rows are written, takes a quarter longer; and a disk that is too small
    says so now.
    """
    if not hasattr(os, "posix_fallocate"):  # macOS, Windows
        return
    try:
        os.posix_fallocate(descriptor, 0, size)
    except OSError as error:
        if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise


def _is_transpose(image: Array, block: Array) -> bool:
    """Whether one is the transpose of the other; in small squares, 8 times faster than in one go.

    Not compiled, as the copies of tiles are: whoever only reads matrices need not wait for that.
    """
    return all(
        np.array_equal(image[:, start : start + _ROWS], block[start : start + _ROWS].T)
        for start in range(0, len(block), _ROWS)
    )


def header(shape: tuple[int, int], dtype: Dtype) -> bytes:
    """The bytes before the values."""
    file = io.BytesIO()
    description = {"descr": dtype.str, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, description)
    return file.getvalue()


def file_bytes(shape: tuple[int, int], dtype: Dtype) -> int:
    """Size of the whole file."""
    return len(header(shape, dtype)) + shape[0] * shape[1] * dtype.itemsize
