"""Keras networks: traced to explain themselves, and compiled to do it without TensorFlow."""
