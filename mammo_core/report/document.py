"""From an answer to the file of its report."""

from mammo_core.attempt import kind
from mammo_core.errors import ReportError
from mammo_core.options import DocumentFormat
from mammo_core.report.content import Report, report_of
from mammo_core.report.html import to_html
from mammo_core.report.pdf import to_pdf
from mammo_core.schemas import Answer


def document_of(answer: Answer, document: DocumentFormat) -> bytes:
    """Make a report.

    Parameters
    ----------
    answer : Answer
        As the API gives it, perhaps read from a file; nothing else is looked at.
    document : DocumentFormat

    Returns
    -------
    bytes
        A PDF file of one page, or HTML in UTF-8. The same answer gives the same bytes.

    Raises
    ------
    ReportError
        If the document cannot be made: a library or a font is missing or fails, a picture is damaged.
    """
    report = report_of(answer)
    try:
        return _laid_out(report, document)
    except Exception as error:
        # The libraries fail in ways of their own; who asked should know that the analysis was done.
        other = next(each for each in DocumentFormat if each is not document)
        raise ReportError(
            f"The answer is there, but the {document} of the report could not be made ({kind(error)}). "
            f"Ask for {other} instead, or for the answer without a report."
        ) from error


def _laid_out(report: Report, document: DocumentFormat) -> bytes:
    return to_pdf(report) if document is DocumentFormat.PDF else to_html(report).encode()
