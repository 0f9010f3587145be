"""A laboratory for one question: when does a neural network leave the kernel regime?"""

__version__ = "0.1.0"
