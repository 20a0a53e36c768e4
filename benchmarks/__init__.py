"""Commands that measure; each writes a table into ``docs/``."""
