"""Kernels of fully connected networks: functions of two lengths and an angle."""
