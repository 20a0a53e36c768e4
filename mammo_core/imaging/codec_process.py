"""Decode a compressed frame in a process of its own, with limits on its memory and its time.

A process for each frame: its start costs less than a tenth of a second, and nothing that a file does to a
codec is still there for the next file. It is talked to through pipes, as Lambda has neither shared memory nor
a writable file system.
"""

import os
import select
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from mammo_core import child
from mammo_core.errors import ConfigurationError, InternalError, UnreadableImageError
from mammo_core.imaging.codec_child import Codec, Reply, Task
from mammo_core.imaging.codestream import Codestream
from mammo_core.imaging.transfer_syntax import Coding

DEADLINE_S = 8.0
"""A full view of 13.6 megapixels takes 0.4 s to 1.8 s on one core (``benchmarks/dicom.py``)."""
BASE_BYTES, BYTES_PER_PIXEL = 256 * 2**20, 12
"""Address space of a process: what Python, NumPy and a codec map, and what decoding takes (measured: 10)."""
PROGRAM = "from mammo_core.imaging.codec_child import main; main(sys.argv[2:])"
CHUNK = 2**20


def codec_of(codestream: Codestream) -> Codec:
    """Choose the library that decodes a codestream.

    GDCM only where nothing else decodes: of the four it is the one that aborts on hostile files.
    """
    match codestream.coding:
        case Coding.LOSSLESS:
            return Codec.GDCM_LOSSLESS
        case Coding.JPEG_LS:
            return Codec.CHARLS
        case Coding.JPEG_2000:
            return Codec.OPENJPEG
    return Codec.PILLOW if codestream.precision == 8 else Codec.GDCM_EXTENDED


def decode_apart(
    data: bytes, codestream: Codestream, *, deadline_s: float = DEADLINE_S
) -> NDArray[np.integer]:
    """Decode a frame in a process of its own.

    Parameters
    ----------
    data : bytes
    codestream : Codestream
        Its header, compared with the attributes already.
    deadline_s : float
        Seconds until the process is ended.

    Returns
    -------
    ndarray of shape (rows, columns), int8, uint8, int16 or uint16

    Raises
    ------
    UnreadableImageError
        If the codec refuses the data, breaks, takes too long or wants too much memory.
    ConfigurationError
        If the codec cannot be imported.
    InternalError
        If no process can be started.
    """
    task = _task(data, codestream, deadline_s)
    # The samples follow one byte, and should begin at a whole word.
    answer = np.empty(8 + task.size, dtype=np.uint8)[7:]
    with _process(task) as process:
        received = _exchange(process, memoryview(data)[codestream.start :], answer.data, deadline_s)
        ended = _ending(process)
    _check(answer, received, task, ended)
    kind = np.dtype(f"<{'i' if codestream.signed else 'u'}{task.sample_bytes}")
    return answer[1:].view(kind).reshape(codestream.rows, codestream.columns)


def _task(data: bytes, codestream: Codestream, deadline_s: float) -> Task:
    pixels = codestream.rows * codestream.columns
    return Task(
        codec=codec_of(codestream),
        rows=codestream.rows,
        columns=codestream.columns,
        sample_bytes=1 if codestream.precision <= 8 else 2,
        memory_bytes=BASE_BYTES + BYTES_PER_PIXEL * pixels + 2 * len(data),
        cpu_seconds=ceil(deadline_s) + 1,
    )


@contextmanager
def _process(task: Task) -> Iterator["subprocess.Popen[bytes]"]:
    """A running process; gone, and no zombie, when the context is left in whatever way."""
    try:
        process = subprocess.Popen(  # noqa: S603  # our own interpreter with our own program
            child.command(PROGRAM, task.to_arguments()),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=child.environment(),
            cwd="/",
            start_new_session=True,
        )
    except OSError as exc:
        raise InternalError("The process that decodes compressed pixels cannot be started.") from exc
    with process:
        try:
            yield process
        finally:
            process.kill()


def _exchange(
    process: "subprocess.Popen[bytes]", data: memoryview, answer: memoryview, deadline_s: float
) -> int:
    """Send the codestream and receive the answer; how many bytes of it came.

    The process reads all before it answers, so one direction at a time cannot block both sides.
    """
    end = monotonic() + deadline_s
    if process.stdin is None or process.stdout is None:
        raise InternalError("The process that decodes compressed pixels has no pipes.")
    with process.stdin:
        _send(process.stdin.fileno(), data, end)
    return _receive(process.stdout.fileno(), answer, end)


def _send(descriptor: int, data: memoryview, end: float) -> None:
    os.set_blocking(descriptor, False)
    while data:
        _wait(descriptor, select.POLLOUT, end)
        try:
            data = data[os.write(descriptor, data[:CHUNK]) :]
        except BrokenPipeError:
            # It ended before it had read all: its answer, or its exit status, says why.
            return


def _receive(descriptor: int, answer: memoryview, end: float) -> int:
    received = 0
    while received < len(answer):
        _wait(descriptor, select.POLLIN, end)
        count = os.readv(descriptor, [answer[received : received + CHUNK]])
        if count == 0:
            break
        received += count
    return received


def _wait(descriptor: int, event: int, end: float) -> None:
    poll = select.poll()
    poll.register(descriptor, event)
    remaining = end - monotonic()
    if remaining <= 0 or not poll.poll(remaining * 1000):
        raise UnreadableImageError("The compressed pixels cannot be decoded in time; the attempt was ended.")


def _ending(process: "subprocess.Popen[bytes]") -> int | None:
    """Exit status of a process whose answer has ended; None if it hangs."""
    try:
        return process.wait(1.0)
    except subprocess.TimeoutExpired:
        return None


def _check(answer: NDArray[np.uint8], received: int, task: Task, ended: int | None) -> None:
    """Raise unless all samples came."""
    first = chr(answer[0]) if received else ""
    if first == Reply.DECODED and received == 1 + task.size:
        return
    if first == Reply.NOT_INSTALLED:
        raise ConfigurationError(f"The decoder {task.codec} of compressed DICOM is not installed.")
    if first == Reply.NO_MEMORY:
        raise UnreadableImageError(
            f"The compressed pixels cannot be decoded within {task.memory_bytes >> 20} MiB of memory."
        )
    cause = None if first == Reply.REFUSED else RuntimeError(f"the process ended with status {ended}")
    raise UnreadableImageError(
        "The compressed pixels cannot be decoded: they are truncated, corrupt or of a rare variant."
    ) from cause
