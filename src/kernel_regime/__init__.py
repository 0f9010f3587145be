"""A laboratory for one question: when does a neural network leave the kernel regime?"""

import os

# Without AVX-512, TensorFlow uses oneDNN's products and convolutions only if told so before its
# import.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")

__version__ = "0.1.0"
