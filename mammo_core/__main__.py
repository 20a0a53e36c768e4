"""``mammo``, and ``python -m mammo_core``: the command line."""

import os


def main() -> None:
    """Run the command line, with one thread for NumPy's products of matrices.

    Those of a region's features are small: where other processes want the cores too, threads that wait for
    one another took eight times as long. Whoever sets the variable is heard; NumPy reads it as it is
    imported.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from mammo_core.cli import app

    app()


if __name__ == "__main__":
    main()
