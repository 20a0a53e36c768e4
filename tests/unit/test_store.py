"""A model's files are fetched together, checked against their digests, and never replaced by others."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from mammo_core import storage
from mammo_core.errors import (
    AccessDeniedError,
    ConfigurationError,
    MammoError,
    ModelIntegrityError,
    ModelUnavailableError,
    NotFoundError,
    StorageUnavailableError,
)
from mammo_core.models.bundle import unpack
from mammo_core.models.store import ModelFiles, fetch, manifest_uri
from tests.conftest import make_bundle, make_manifest

WEIGHTS = b"weights of a model"
SHA256 = hashlib.sha256(WEIGHTS).hexdigest()
MANIFEST = make_manifest().model_dump_json().encode()
MANIFEST_SHA256 = hashlib.sha256(MANIFEST).hexdigest()
OTHER = "ab" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Weights with a manifest beside them."""
    (tmp_path / "m.keras").write_bytes(WEIGHTS)
    (tmp_path / "m.manifest.json").write_bytes(MANIFEST)
    return tmp_path


def raising(error: MammoError) -> Callable[[str], NoReturn]:
    def read(_uri: str) -> NoReturn:
        raise error

    return read


def test_weights_and_manifest_are_read_and_their_digests_told(folder: Path) -> None:
    files = fetch((folder / "m.keras").as_uri())

    assert files == ModelFiles(WEIGHTS, ".keras", SHA256, make_manifest(), MANIFEST_SHA256)


def test_pinned_files_are_served(folder: Path) -> None:
    files = fetch((folder / "m.keras").as_uri(), model_sha256=SHA256, manifest_sha256=MANIFEST_SHA256)

    assert (files.sha256, files.manifest_sha256) == (SHA256, MANIFEST_SHA256)


def test_a_model_without_a_manifest_is_served(folder: Path) -> None:
    (folder / "m.manifest.json").unlink()

    assert fetch((folder / "m.keras").as_uri()) == ModelFiles(WEIGHTS, ".keras", SHA256, None, None)


def test_the_bytes_of_the_weights_stay_out_of_the_repr(folder: Path) -> None:
    assert "weights of a model" not in repr(fetch((folder / "m.keras").as_uri()))


@pytest.mark.parametrize(
    ("uri", "manifest"),
    [
        ("s3://bucket/a/m.keras", "s3://bucket/a/m.manifest.json"),
        ("s3://bucket/v1.2/m.v3.h5", "s3://bucket/v1.2/m.v3.manifest.json"),
        ("file:///models/m.keras", "file:///models/m.manifest.json"),
    ],
)
def test_the_manifest_lies_beside_the_weights(uri: str, manifest: str) -> None:
    assert manifest_uri(uri) == manifest


class TestDigests:
    def test_of_other_weights_than_pinned_are_refused(self, folder: Path) -> None:
        with pytest.raises(ModelIntegrityError) as caught:
            fetch((folder / "m.keras").as_uri(), model_sha256=OTHER)

        assert caught.value.message == (
            f"The sha256 of the weights is {SHA256[:12]}…, expected is {OTHER[:12]}…."
        )

    def test_of_another_manifest_than_pinned_are_refused(self, folder: Path) -> None:
        with pytest.raises(ModelIntegrityError, match="The sha256 of the manifest is"):
            fetch((folder / "m.keras").as_uri(), manifest_sha256=OTHER)

    def test_of_other_weights_than_the_manifest_names_are_refused(self, folder: Path) -> None:
        manifest = make_manifest().model_copy(update={"weights_sha256": OTHER})
        (folder / "m.manifest.json").write_bytes(manifest.model_dump_json().encode())

        with pytest.raises(ModelIntegrityError, match="The sha256 of the weights is"):
            fetch((folder / "m.keras").as_uri())

    def test_that_the_manifest_names_rightly_are_accepted(self, folder: Path) -> None:
        manifest = make_manifest().model_copy(update={"weights_sha256": SHA256})
        (folder / "m.manifest.json").write_bytes(manifest.model_dump_json().encode())

        assert fetch((folder / "m.keras").as_uri()).manifest == manifest

    def test_of_a_manifest_that_is_not_there_are_refused(self, folder: Path) -> None:
        (folder / "m.manifest.json").unlink()

        with pytest.raises(ModelIntegrityError, match="A manifest is pinned, but none lies beside"):
            fetch((folder / "m.keras").as_uri(), manifest_sha256=MANIFEST_SHA256)


class TestWithoutWeights:
    def test_a_missing_file_is_an_unavailable_model(self, tmp_path: Path) -> None:
        with pytest.raises(ModelUnavailableError) as caught:
            fetch((tmp_path / "m.keras").as_uri())

        assert caught.value.message == "The model's weights cannot be fetched: The file does not exist."

    @pytest.mark.parametrize("error", [NotFoundError("gone"), StorageUnavailableError("busy")])
    def test_storage_that_cannot_answer_is_an_unavailable_model(
        self, error: MammoError, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(storage, "read", raising(error))

        with pytest.raises(ModelUnavailableError) as caught:
            fetch("s3://bucket/m.keras")

        assert caught.value.__cause__ is error
        assert caught.value.retryable

    def test_a_refused_read_is_a_matter_of_access(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(storage, "read", raising(AccessDeniedError("no")))

        with pytest.raises(AccessDeniedError):
            fetch("s3://bucket/m.keras")

    def test_a_manifest_that_cannot_be_read_now_is_not_taken_for_none(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def read(uri: str) -> bytes:
            if uri.endswith(".json"):
                raise StorageUnavailableError("busy")
            return WEIGHTS

        monkeypatch.setattr(storage, "read", read)

        with pytest.raises(ModelUnavailableError):
            fetch("s3://bucket/m.keras")


class TestConfiguration:
    @pytest.mark.parametrize("name", ["m.pt", "m", "m.keras.zip"])
    def test_with_another_suffix_is_refused(self, name: str) -> None:
        with pytest.raises(ConfigurationError, match=r"must end in \.mammo, \.keras, \.h5 or \.json"):
            fetch(f"file:///models/{name}")

    def test_with_an_unpinned_hdf5_file_is_refused_before_anything_is_read(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(storage, "read", raising(NotFoundError("must not be asked")))

        with pytest.raises(ConfigurationError, match="only with MODEL_SHA256 set"):
            fetch("file:///models/m.h5")

    def test_with_a_pinned_hdf5_file_is_served(self, tmp_path: Path) -> None:
        (tmp_path / "m.h5").write_bytes(WEIGHTS)

        assert fetch((tmp_path / "m.h5").as_uri(), model_sha256=SHA256).suffix == ".h5"

    def test_with_an_invalid_manifest_is_refused(self, folder: Path) -> None:
        (folder / "m.manifest.json").write_text(json.dumps({"id": "m"}))

        with pytest.raises(ConfigurationError, match="The model's manifest is invalid"):
            fetch((folder / "m.keras").as_uri())

    def test_with_a_uri_of_another_form_is_refused(self) -> None:
        with pytest.raises(ConfigurationError, match="A URI of the form"):
            fetch("https://example.com/m.keras")


class TestTheEmbeddedModel:
    def test_is_read_from_the_package(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        data = make_bundle()
        (tmp_path / "default.mammo").write_bytes(data)
        monkeypatch.setattr("mammo_core.models.store.resources.files", lambda _package: tmp_path)
        bundle = unpack(data)

        assert fetch(None) == ModelFiles(
            bundle.graph, ".mammo", hashlib.sha256(data).hexdigest(), bundle.manifest, bundle.manifest_sha256
        )

    def test_that_was_left_out_of_a_deployment_is_an_unavailable_model(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("mammo_core.models.store.resources.files", lambda _package: tmp_path)

        with pytest.raises(ModelUnavailableError, match="lacks the embedded model"):
            fetch(None)

    def test_whose_folder_was_left_out_is_an_unavailable_model(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing(package: str) -> NoReturn:
            raise ModuleNotFoundError(package)

        monkeypatch.setattr("mammo_core.models.store.resources.files", missing)

        with pytest.raises(ModelUnavailableError, match="ModuleNotFoundError"):
            fetch(None)
