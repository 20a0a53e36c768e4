"""The embedded model and the region classifier with their manifests, and the sample with its truth."""
