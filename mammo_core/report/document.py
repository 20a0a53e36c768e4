"""From an answer to the file of its report."""

from mammo_core.options import DocumentFormat
from mammo_core.report.content import report_of
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
    """
    report = report_of(answer)
    return to_pdf(report) if document is DocumentFormat.PDF else to_html(report).encode()
