"""Models: what they declare, where they come from, and how they run."""
