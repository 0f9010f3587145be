"""Make OpenBLAS use AVX-512 on AMD Zen 5, where the builds in NumPy 2.4 and SciPy 1.17 do not.

Their detection does not know the processor and falls back on AVX2 kernels, at half the speed of
every matrix product (mended upstream: OpenMathLib/OpenBLAS#6033). OpenBLAS reads the environment
once, when NumPy loads it.
"""

import os
from pathlib import Path

CPU_INFO = Path("/proc/cpuinfo")


def prefer_avx512() -> None:
    """Name the kernels to OpenBLAS, unless the user already has."""
    if CPU_INFO.exists() and is_unrecognised(CPU_INFO.read_text()):
        os.environ.setdefault("OPENBLAS_CORETYPE", "SkylakeX")


def is_unrecognised(cpu_info: str) -> bool:
    """Whether /proc/cpuinfo describes an AMD processor of family 26 (Zen 5) with AVX-512."""
    lines = cpu_info.split("\n\n")[0].splitlines()
    parts = (line.partition(":") for line in lines)
    fields = {name.strip(): value.strip() for name, _, value in parts}
    return (
        fields.get("vendor_id") == "AuthenticAMD"
        and fields.get("cpu family") == "26"
        and {"avx512f", "avx512dq", "avx512bw", "avx512vl"} <= set(fields.get("flags", "").split())
    )
