"""The embedded model with its manifest, and the sample mammogram with its truth."""
