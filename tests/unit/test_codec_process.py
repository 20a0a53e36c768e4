"""Whatever happens to the process that decodes, the service gets pixels or a typed error; nothing is left."""

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mammo_core.errors import ConfigurationError, InternalError, MammoError, UnreadableImageError
from mammo_core.imaging import codec_process
from mammo_core.imaging.codec_child import Codec, Task
from mammo_core.imaging.codec_process import PROGRAM, codec_of, decode_apart
from mammo_core.imaging.codestream import Codestream, read_codestream
from mammo_core.imaging.transfer_syntax import Coding
from tests.builders_dicom import SYNTAXES, pattern
from tests.builders_jpeg import make_lossless_jpeg

JPEG_LS = next(syntax for syntax in SYNTAXES if syntax.uid == "1.2.840.10008.1.2.4.80")
Program = Callable[..., None]
BROKEN = "The compressed pixels cannot be decoded: they are truncated, corrupt or of a rare variant."
PIXELS = 64 * 80


def encoded(bits: int = 8) -> bytes:
    assert JPEG_LS.encode is not None
    return JPEG_LS.encode(pattern(bits))


def decode(data: bytes | None = None, *, deadline_s: float = 8.0) -> NDArray[np.integer]:
    data = encoded() if data is None else data
    return decode_apart(data, read_codestream(data), deadline_s=deadline_s)


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """No child, not even a dead one, and no open pipe."""
    before = sorted(Path("/proc/self/fd").iterdir())
    yield
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
    assert sorted(Path("/proc/self/fd").iterdir()) == before


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch) -> Program:
    """Replace what the process runs by other lines."""

    def replace(*lines: str) -> None:
        monkeypatch.setattr(codec_process, "PROGRAM", "\n".join(["import os, sys, time", *lines]))

    return replace


@pytest.mark.parametrize(
    ("coding", "precision", "codec"),
    [
        (Coding.BASELINE, 8, Codec.PILLOW),
        (Coding.EXTENDED, 8, Codec.PILLOW),
        (Coding.EXTENDED, 12, Codec.GDCM_EXTENDED),
        (Coding.LOSSLESS, 8, Codec.GDCM_LOSSLESS),
        (Coding.LOSSLESS, 16, Codec.GDCM_LOSSLESS),
        (Coding.JPEG_LS, 12, Codec.CHARLS),
        (Coding.JPEG_2000, 12, Codec.OPENJPEG),
    ],
)
def test_gdcm_is_asked_only_where_nothing_else_decodes(coding: Coding, precision: int, codec: Codec) -> None:
    assert codec_of(Codestream(coding, 64, 80, 1, precision)) is codec


@pytest.mark.parametrize("predictor", range(1, 8))
@pytest.mark.parametrize("precision", [2, 7, 8, 9, 12, 16])
def test_lossless_jpeg_of_every_predictor_and_precision_is_decoded(precision: int, predictor: int) -> None:
    stored = pattern(precision)

    decoded = decode(make_lossless_jpeg(stored.values, precision=precision, predictor=predictor))

    assert decoded.dtype == ("<u1" if precision <= 8 else "<u2")
    np.testing.assert_array_equal(decoded, stored.values)


def test_a_task_survives_its_way_through_the_command_line() -> None:
    task = Task(Codec.OPENJPEG, 4096, 3328, 2, memory_bytes=10**9, cpu_seconds=9)

    assert Task.from_arguments(task.to_arguments()) == task
    assert task.size == 4096 * 3328 * 2


def test_several_threads_decode_at_the_same_time() -> None:
    stored = [pattern(bits) for bits in (8, 10, 12, 14, 16)]
    assert JPEG_LS.encode is not None

    with ThreadPoolExecutor(5) as pool:
        decoded = list(pool.map(decode, [JPEG_LS.encode(one) for one in stored]))

    for one, values in zip(stored, decoded, strict=True):
        np.testing.assert_array_equal(values, one.values)


def test_what_a_codec_refuses_is_unreadable() -> None:
    data = encoded()

    with pytest.raises(UnreadableImageError) as caught:
        decode(data[: len(data) // 2])

    assert str(caught.value) == BROKEN
    assert caught.value.__cause__ is None


def test_a_file_that_makes_gdcm_abort_ends_gdcm_s_process_only() -> None:
    data = bytearray(make_lossless_jpeg(pattern(12).values, precision=12))
    assert data[15:17] == b"\xff\xc4"  # the marker of the Huffman table
    data[16] = 0

    with pytest.raises(UnreadableImageError) as caught:
        decode(bytes(data))

    assert str(caught.value) == BROKEN
    assert str(caught.value.__cause__) == "the process ended with status -6"


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["os.abort()"], -6),
        (["os.kill(os.getpid(), 11)"], -11),
        (["sys.stdin.buffer.read()", "os._exit(3)"], 3),
        (["sys.stdin.buffer.read()", f"os.write(1, b'D' + bytes({PIXELS - 1}))"], 0),
        # More than is expected, and not what is expected.
        (["sys.stdin.buffer.read()", "os.write(1, b'x' * 60000)"], 0),
    ],
)
def test_a_process_that_dies_or_talks_nonsense_makes_the_file_unreadable(
    program: Program, lines: list[str], status: int
) -> None:
    program(*lines)

    with pytest.raises(UnreadableImageError) as caught:
        decode()

    assert str(caught.value) == BROKEN
    assert str(caught.value.__cause__) == f"the process ended with status {status}"


def test_a_process_that_closes_its_answer_and_hangs_is_ended(program: Program) -> None:
    program("sys.stdin.buffer.read()", "os.close(1)", "time.sleep(60)")
    start = time.monotonic()

    with pytest.raises(UnreadableImageError) as caught:
        decode()

    assert str(caught.value.__cause__) == "the process ended with status None"
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("lines", [["time.sleep(60)"], ["sys.stdin.buffer.read()", "time.sleep(60)"]])
@pytest.mark.parametrize("size", [1, 2**20])
def test_a_process_that_takes_too_long_is_ended(program: Program, lines: list[str], size: int) -> None:
    program(*lines)
    start = time.monotonic()

    with pytest.raises(UnreadableImageError) as caught:
        decode(encoded() + bytes(size), deadline_s=0.3)

    assert str(caught.value) == ("The compressed pixels cannot be decoded in time; the attempt was ended.")
    assert 0.3 <= time.monotonic() - start < 10


def test_a_process_that_ends_before_it_has_read_all_is_no_broken_pipe(program: Program) -> None:
    program("os._exit(0)")

    with pytest.raises(UnreadableImageError, match="cannot be decoded"):
        decode(encoded() + bytes(10**6))


def test_memory_beyond_the_limit_is_refused_to_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec_process, "BASE_BYTES", 1)
    monkeypatch.setattr(codec_process, "BYTES_PER_PIXEL", 0)
    large = np.zeros((2048, 2048), dtype=np.int64)
    assert JPEG_LS.encode is not None
    data = JPEG_LS.encode(type(pattern(8))(large, 16))

    with pytest.raises(UnreadableImageError) as caught:
        decode(data)

    assert str(caught.value) == "The compressed pixels cannot be decoded within 0 MiB of memory."


def test_a_decoder_that_is_not_installed_is_our_fault_and_not_that_of_the_file(
    program: Program,
) -> None:
    program("sys.modules['jpeg_ls'] = None", PROGRAM)

    with pytest.raises(ConfigurationError) as caught:
        decode()

    assert str(caught.value) == "The decoder charls of compressed DICOM is not installed."


def test_a_process_that_cannot_be_started_is_our_fault(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    with pytest.raises(InternalError) as caught:
        decode()

    assert type(caught.value).__mro__[1] is MammoError
    assert str(caught.value) == "The process that decodes compressed pixels cannot be started."


def test_the_process_sees_no_credentials(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "testing")
    program(
        "sys.stdin.buffer.read()",
        "named = len([name for name in os.environ if 'AWS' in name]) + 1",
        f"os.write(1, b'D' + bytes([named]) * {PIXELS})",
    )

    assert set(decode().ravel().tolist()) == {1}


def test_the_process_writes_no_file_and_no_core_and_is_limited(program: Program) -> None:
    program(
        "import json",
        "sys.path[:] = json.loads(sys.argv[1])",
        "import resource",
        "from mammo_core.imaging import codec_child",
        "limits = [resource.RLIMIT_CORE, resource.RLIMIT_FSIZE, resource.RLIMIT_CPU, resource.RLIMIT_AS]",
        "def decode(data, task):",
        "    soft = [resource.getrlimit(limit)[0] for limit in limits]",
        "    good = soft == [0, 0, task.cpu_seconds, task.memory_bytes]",
        "    return bytes([good]) * task.size",
        "codec_child.LOADERS[codec_child.Codec.CHARLS] = lambda: decode",
        "codec_child.main(sys.argv[2:])",
    )

    assert set(decode().ravel().tolist()) == {1}


def test_what_a_codec_prints_is_not_taken_for_pixels(program: Program) -> None:
    program(
        "import json",
        "sys.path[:] = json.loads(sys.argv[1])",
        "from mammo_core.imaging import codec_child",
        "def decode(data, task):",
        "    os.write(1, b'warning: ' * 100)",
        "    os.write(2, b'warning: ' * 100)",
        "    return bytes([7]) * task.size",
        "codec_child.LOADERS[codec_child.Codec.CHARLS] = lambda: decode",
        "codec_child.main(sys.argv[2:])",
    )

    assert set(decode().ravel().tolist()) == {7}
