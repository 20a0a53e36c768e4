"""What a check found."""

from dataclasses import asdict, dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    REPORTED = "reported"
    """A measurement without a limit."""
    NOT_POSSIBLE = "not_possible"
    """The file does not hold what the check needs."""


@dataclass(frozen=True, slots=True)
class Result:
    """One check.

    Parameters
    ----------
    check : str
    outcome : Outcome
    summary : str
        One sentence.
    limit : float or None
        What the value may not exceed.
    value : float or None
    details : tuple of (str, float)
        Measurements behind the value, named, in their order.
    """

    check: str
    outcome: Outcome
    summary: str
    value: float | None = None
    limit: float | None = None
    details: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """All checks of one model.

    Parameters
    ----------
    model, version, sha256, backend, target_layer, method : str
    inputs : tuple of str
        What the model was run on.
    results : tuple of Result
    """

    model: str
    version: str
    sha256: str
    backend: str
    target_layer: str
    method: str
    inputs: tuple[str, ...]
    results: tuple[Result, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return all(result.outcome is not Outcome.FAILED for result in self.results)

    def as_json(self) -> dict[str, object]:
        """The same, of what JSON can hold."""
        made = asdict(self)
        for result in made["results"]:
            result["details"] = [{"name": name, "value": value} for name, value in result["details"]]
        return {**made, "passed": self.passed}
