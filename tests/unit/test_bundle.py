"""A bundle holds a graph and its manifest and nothing else, or it is refused."""

import hashlib
import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mammo_core.errors import ConfigurationError, MammoError, ModelIntegrityError
from mammo_core.models.bundle import GRAPH, MANIFEST, pack, unpack
from tests.conftest import make_bundle, make_compilation, make_manifest

GRAPH_BYTES = b"\x1c\0\0\0TFL3 and no more"
DATA = make_bundle(GRAPH_BYTES)


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def changed(change: Callable[[dict[str, bytes]], object]) -> bytes:
    members = members_of(DATA)
    change(members)
    return zipped(members)


def test_what_was_packed_comes_out_again() -> None:
    bundle = unpack(DATA)

    assert bundle.graph == GRAPH_BYTES
    assert bundle.manifest == make_manifest(target_layer="c1").model_copy(
        update={"compiled": make_compilation(), "weights_sha256": hashlib.sha256(GRAPH_BYTES).hexdigest()}
    )
    assert bundle.manifest_sha256 == hashlib.sha256(members_of(DATA)[MANIFEST]).hexdigest()


def test_the_same_graph_and_manifest_give_the_same_bytes() -> None:
    assert make_bundle(GRAPH_BYTES) == DATA
    assert make_bundle(GRAPH_BYTES + b"!") != DATA


def test_a_copy_zipped_by_another_tool_opens_too() -> None:
    assert unpack(zipped(members_of(DATA))).graph == GRAPH_BYTES


BOMB = zipped({**members_of(DATA), GRAPH: b"\0" * 50_000_000}, zipfile.ZIP_DEFLATED)
HOSTILE = {
    "no archive": b"text",
    "nothing": b"",
    "a truncated archive": DATA[: len(DATA) // 2],
    "a flipped bit in the graph": DATA.replace(b"and no more", b"and no mor\0"),
    "a bomb": BOMB,
    "a compressed manifest": zipped(members_of(DATA), zipfile.ZIP_BZIP2),
    "a missing graph": changed(lambda m: m.pop(GRAPH)),
    "a missing manifest": changed(lambda m: m.pop(MANIFEST)),
    "one file more": changed(lambda m: m.update({"readme.txt": b"hello"})),
    "a path out of the folder": changed(lambda m: m.update({f"../{GRAPH}": m.pop(GRAPH)})),
    "an absolute path": changed(lambda m: m.update({f"/{GRAPH}": m.pop(GRAPH)})),
    "a graph of another kind": changed(lambda m: m.update({GRAPH: b"0123456789"})),
    "a manifest of another graph": changed(lambda m: m.update({GRAPH: m[GRAPH] + b"?"})),
    "a manifest of no compiled graph": pack(GRAPH_BYTES, make_manifest(target_layer="c1")),
    "a manifest without a target layer": pack(
        GRAPH_BYTES, make_manifest().model_copy(update={"compiled": make_compilation()})
    ),
}


def test_the_bomb_is_one() -> None:
    assert len(BOMB) < 100_000


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_bundle_is_refused(case: str) -> None:
    with pytest.raises(ModelIntegrityError):
        unpack(HOSTILE[case])


def test_two_members_of_one_name_are_refused() -> None:
    buffer = io.BytesIO(DATA)
    with zipfile.ZipFile(buffer, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(GRAPH, b"another")

    with pytest.raises(ModelIntegrityError, match="3 members"):
        unpack(buffer.getvalue())


def test_an_encrypted_member_is_refused() -> None:
    # Bit 0 of the flags of each central entry: offset 8.
    data = bytearray(DATA)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)

    with pytest.raises(ModelIntegrityError, match="neither compressed nor encrypted"):
        unpack(bytes(data))


def test_a_manifest_that_is_none_is_a_wrong_configuration() -> None:
    with pytest.raises(ConfigurationError, match="manifest is invalid"):
        unpack(changed(lambda m: m.update({MANIFEST: b"{}"})))


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_any_changed_byte_is_an_error_of_ours_or_changes_nothing(position: int, difference: int) -> None:
    data = bytearray(DATA)
    data[position] ^= difference

    try:
        bundle = unpack(bytes(data))
    except MammoError:
        return
    assert bundle == unpack(DATA)
