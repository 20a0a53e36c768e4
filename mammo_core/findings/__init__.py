"""What can be said of a map and a score: regions on the source image, and an assessment."""
