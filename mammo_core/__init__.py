"""Explained mammogram inference: one image in, one answer out."""

__version__ = "0.1.0"
