"""The model of phantoms: small and sure of itself, for tests that need a model which finds what it should.

It was trained on phantoms alone (``make train-phantom``); of real mammograms it knows nothing.
"""

from pathlib import Path

from mammo_core.settings import Settings

PLACE = Path(__file__).parent / "fixtures" / "phantom.mammo"
URI = PLACE.as_uri()
BUNDLE = PLACE.read_bytes()


def phantom_settings() -> Settings:
    """Settings of a service that serves it."""
    return Settings(model_uri=URI)
