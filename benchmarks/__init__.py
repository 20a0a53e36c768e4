"""Measurements on data that are not part of the project; each writes a table into ``docs/``."""
