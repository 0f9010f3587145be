"""A laboratory for one question: when does a neural network leave the kernel regime?"""

from kernel_regime.openblas import prefer_avx512

__version__ = "0.1.0"

# Here, because this file runs before anything of the package can import NumPy.
prefer_avx512()
