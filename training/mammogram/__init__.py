"""How the default model was made from real mammograms; not part of the service."""
