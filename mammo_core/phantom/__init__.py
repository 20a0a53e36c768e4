"""Synthetic mammograms with known truth: for tests, samples and the demonstration."""
