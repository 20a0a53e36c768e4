"""A report as one HTML file that needs nothing else: pictures inside, no script, no request."""

from functools import lru_cache
from importlib import resources
from typing import TYPE_CHECKING

from mammo_core.report.content import Report

if TYPE_CHECKING:
    from jinja2 import Template


def to_html(report: Report) -> str:
    """Lay a report out.

    Parameters
    ----------
    report : Report

    Returns
    -------
    str
        A document; everything that comes from the answer is escaped.
    """
    return prepare().render(report=report)


@lru_cache(maxsize=1)
def prepare() -> "Template":
    """Load the library and the template; once for the process."""
    from jinja2 import Environment, StrictUndefined

    source = (resources.files("mammo_core.report") / "report.html.jinja").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return environment.from_string(source)
