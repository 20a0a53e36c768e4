"""The program of the process that decodes one compressed frame; ``codec_process.py`` starts it.

Codecs are written in C, and hostile files make them abort, write past their buffers, or ask for twenty
gigabytes. Here that ends this process only. It imports no more than its one codec, and knows nothing of DICOM
but the pixels.

It reads the codestream from standard input up to its end, and answers on standard output with one byte of
:class:`Reply` and, after ``DECODED``, with the samples: rows × columns, one or two bytes each, little endian.
"""

import os
import resource
from collections.abc import Callable
from dataclasses import astuple, dataclass
from enum import StrEnum

STDIN, STDOUT, STDERR = 0, 1, 2


class Codec(StrEnum):
    """The library that decodes, and in which mode."""

    PILLOW = "pillow"
    GDCM_LOSSLESS = "gdcm-lossless"
    GDCM_EXTENDED = "gdcm-extended"
    CHARLS = "charls"
    OPENJPEG = "openjpeg"


class Reply(StrEnum):
    """First byte of the answer."""

    DECODED = "D"
    REFUSED = "R"
    """The codec raised, or gave another number of samples."""
    NO_MEMORY = "M"
    NOT_INSTALLED = "N"


@dataclass(frozen=True, slots=True)
class Task:
    """What to decode, and with how much.

    Parameters
    ----------
    codec : Codec
    rows, columns : int
        As the header of the codestream says.
    sample_bytes : int
        1 or 2.
    memory_bytes : int
        Of address space.
    cpu_seconds : int
        Of processor time; the last resort if the parent is gone.
    """

    codec: Codec
    rows: int
    columns: int
    sample_bytes: int
    memory_bytes: int
    cpu_seconds: int

    def to_arguments(self) -> list[str]:
        """The task as command-line arguments."""
        return [str(value) for value in astuple(self)]

    @classmethod
    def from_arguments(cls, arguments: list[str]) -> "Task":
        """The inverse of :meth:`to_arguments`."""
        codec, *numbers = arguments
        return cls(Codec(codec), *map(int, numbers))

    @property
    def size(self) -> int:
        """Bytes of the decoded samples."""
        return self.rows * self.columns * self.sample_bytes


Decode = Callable[[bytes, Task], bytes | bytearray]


def main(arguments: list[str]) -> None:
    """Decode one frame, and end the process.

    Parameters
    ----------
    arguments : list of str
        Of a :class:`Task`.
    """
    task = Task.from_arguments(arguments)
    answer = _take_standard_output()
    # A core dump would hold a patient's image.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (task.cpu_seconds, task.cpu_seconds))
    reply, samples = _run(task)
    _write(answer, reply.value.encode())
    _write(answer, samples)
    # Without the destructors of the codecs, which have nothing more to say.
    os._exit(0)


def _run(task: Task) -> tuple[Reply, bytes | bytearray]:
    try:
        decode = LOADERS[task.codec]()
    except ImportError:
        return Reply.NOT_INSTALLED, b""
    # Until here only our own code ran, which may write its byte code; the limit includes what it has mapped.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (task.memory_bytes, task.memory_bytes))
    try:
        with open(STDIN, "rb", closefd=False) as stream:
            samples = decode(stream.read(), task)
    except MemoryError:
        return Reply.NO_MEMORY, b""
    except Exception:
        return Reply.REFUSED, b""
    return (Reply.DECODED, samples) if len(samples) == task.size else (Reply.REFUSED, b"")


def _take_standard_output() -> int:
    """Keep standard output for the answer: codecs print their warnings there."""
    answer = os.dup(STDOUT)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDOUT)
    os.dup2(nowhere, STDERR)
    return answer


def _write(descriptor: int, data: bytes | bytearray) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _load_pillow() -> Decode:
    from io import BytesIO

    from PIL.JpegImagePlugin import JpegImageFile

    def decode(data: bytes, task: Task) -> bytes:
        # Not by open(), whose limit of pixels is not ours.
        image = JpegImageFile(BytesIO(data))
        return image.tobytes() if image.size == (task.columns, task.rows) and image.mode == "L" else b""

    return decode


def _load_charls() -> Decode:
    import jpeg_ls

    return lambda data, task: jpeg_ls.decode_from_buffer(data)


def _load_openjpeg() -> Decode:
    from openjpeg.utils import decode_pixel_data

    # Version 2 returns bytes in the size of the precision.
    return lambda data, task: bytearray(decode_pixel_data(data, version=2))


def _load_gdcm(transfer_syntax: str) -> Callable[[], Decode]:
    def load() -> Decode:
        import gdcm

        def decode(data: bytes, task: Task) -> bytes:
            fragment = gdcm.Fragment()
            fragment.SetByteStringValue(data)
            fragments = gdcm.SequenceOfFragments.New()
            fragments.AddFragment(fragment)
            element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
            element.SetValue(fragments.__ref__())
            image = gdcm.Image()
            image.SetNumberOfDimensions(2)
            image.SetDimensions((task.columns, task.rows, 1))
            image.SetDataElement(element)
            grey = gdcm.PhotometricInterpretation.MONOCHROME2
            image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(grey))
            kind = gdcm.TransferSyntax.GetTSType(transfer_syntax)
            image.SetTransferSyntax(gdcm.TransferSyntax(kind))
            # All bits of a sample are declared as stored: below eight, GDCM ends the process.
            bits = 8 * task.sample_bytes
            image.SetPixelFormat(gdcm.PixelFormat(1, bits, bits, bits - 1, 0))
            # It returns bytes in the shape of text.
            buffer: str = image.GetBuffer()
            return buffer.encode("utf-8", "surrogateescape")

        return decode

    return load


LOADERS: dict[Codec, Callable[[], Decode]] = {
    Codec.PILLOW: _load_pillow,
    Codec.CHARLS: _load_charls,
    Codec.OPENJPEG: _load_openjpeg,
    # All predictors, not only the first, are read under either UID of lossless JPEG.
    Codec.GDCM_LOSSLESS: _load_gdcm("1.2.840.10008.1.2.4.57"),
    Codec.GDCM_EXTENDED: _load_gdcm("1.2.840.10008.1.2.4.51"),
}
