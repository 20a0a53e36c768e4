"""The page at ``GET /``: static text, no build step, nothing from elsewhere."""
