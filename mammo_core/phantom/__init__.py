"""Synthetic mammograms with known truth: for tests, the demonstration and the embedded model."""
