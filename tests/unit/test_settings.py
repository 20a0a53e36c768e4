"""Settings come from the environment, are checked, and lose against arguments."""

import pytest
from pydantic import ValidationError

from mammo_core.errors import ConfigurationError
from mammo_core.settings import Settings, load_settings

DEFAULTS = {
    "model_uri": None,
    "model_sha256": None,
    "manifest_sha256": None,
    "max_image_bytes": 268_435_456,
    "max_image_pixels": 50_000_000,
    "max_picture_bytes": 3_900_000,
    "max_body_bytes": 4_500_000,
    "cors_origin": None,
    "frame_ancestors": "",
    "api_base_path": "/",
    "log_level": "INFO",
    "upload_bucket": None,
    "result_bucket": None,
    "readable_buckets": "",
    "max_receives": 3,
    "metrics_namespace": None,
}


def test_without_an_environment_the_defaults_hold() -> None:
    assert load_settings().model_dump() == DEFAULTS


def test_each_field_is_a_variable_of_the_same_name(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "model_uri": "s3://models/m.keras",
        "model_sha256": "ab" * 32,
        "manifest_sha256": "cd" * 32,
        "max_image_bytes": 1000,
        "max_image_pixels": 2000,
        "max_picture_bytes": 3000,
        "max_body_bytes": 4000,
        "cors_origin": "https://viewer.example",
        "frame_ancestors": "https://a.example https://*.b.example:8443",
        "api_base_path": "/prod",
        "log_level": "WARNING",
        "upload_bucket": "uploads",
        "result_bucket": "results",
        "readable_buckets": "a,b",
        "max_receives": 5,
        "metrics_namespace": "mammo",
    }
    assert values.keys() == DEFAULTS.keys()
    assert all(values[name] != DEFAULTS[name] for name in DEFAULTS)
    for name, value in values.items():
        monkeypatch.setenv(name.upper(), str(value))

    assert load_settings().model_dump() == values


def test_an_argument_beats_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_IMAGE_BYTES", "1000")

    assert Settings(max_image_bytes=7).max_image_bytes == 7


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template passes an empty string for a parameter that is not set."""
    for name in DEFAULTS:
        monkeypatch.setenv(name.upper(), "")

    assert load_settings().model_dump() == DEFAULTS


def test_results_do_not_go_where_uploads_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each result would be analysed, and its result again."""
    monkeypatch.setenv("UPLOAD_BUCKET", "one")
    monkeypatch.setenv("RESULT_BUCKET", "one")

    with pytest.raises(ConfigurationError, match="RESULT_BUCKET and UPLOAD_BUCKET must differ"):
        load_settings()


def test_readable_buckets_are_separated_by_commas() -> None:
    assert Settings(readable_buckets=" a, b ,,").readable == {"a", "b"}
    assert Settings().readable == frozenset()


def test_a_log_level_may_be_written_small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_LEVEL", "debug")

    assert load_settings().log_level == "DEBUG"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MODEL_SHA256", "1234secret"),
        ("MODEL_SHA256", "AB" * 32),
        ("MANIFEST_SHA256", "zz" * 32),
        ("MAX_IMAGE_BYTES", "-70"),
        ("MAX_IMAGE_PIXELS", "-5"),
        ("MAX_PICTURE_BYTES", "manysecret"),
        ("MAX_BODY_BYTES", "1.5"),
        ("LOG_LEVEL", "LOUDSECRET"),
        ("MAX_RECEIVES", "0.5"),
    ],
)
def test_a_bad_value_is_refused_with_its_name_and_not_its_text(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ConfigurationError) as caught:
        load_settings()

    assert name in caught.value.message
    assert value not in caught.value.message


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings().log_level = "DEBUG"
