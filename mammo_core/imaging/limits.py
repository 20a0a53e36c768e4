"""What is refused by its size, before any pixel is decoded."""

from dataclasses import dataclass

from mammo_core.errors import PayloadTooLargeError, UnreadableImageError, UnsuitableImageError


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest and the smallest image that is decoded.

    Parameters
    ----------
    max_bytes : int
        Bytes of the file.
    max_pixels : int
        Rows × columns.
    min_side : int
        Pixels; a shorter side shows no breast.
    """

    max_bytes: int = 256 * 2**20
    max_pixels: int = 50_000_000
    min_side: int = 64

    def check_bytes(self, count: int) -> None:
        """Refuse a file by its length.

        Raises
        ------
        UnreadableImageError
            If it is empty.
        PayloadTooLargeError
            If it is longer than ``max_bytes``.
        """
        if count == 0:
            raise UnreadableImageError("The image is empty: 0 bytes were received.")
        if count > self.max_bytes:
            raise PayloadTooLargeError(
                f"The file is too large: at most {self.max_bytes:,} bytes are read, {count:,} were received."
            )

    def check_shape(self, rows: int, columns: int) -> None:
        """Refuse an image by the matrix size that its header declares.

        Raises
        ------
        PayloadTooLargeError
            If it has more than ``max_pixels``.
        UnsuitableImageError
            If a side is shorter than ``min_side``.
        """
        if rows * columns > self.max_pixels:
            raise PayloadTooLargeError(
                f"The image is too large: at most {self.max_pixels:,} pixels are decoded, "
                f"its header declares {rows:,} rows × {columns:,} columns."
            )
        if min(rows, columns) < self.min_side:
            raise UnsuitableImageError(
                f"The image is too small for a mammographic view: each side needs at least "
                f"{self.min_side} pixels, received {rows} rows × {columns} columns."
            )
