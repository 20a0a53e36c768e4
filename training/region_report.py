"""The measurement in words and tables, as it stands in ``docs/region_type.md``."""

from collections import Counter
from collections.abc import Iterable, Iterator

from training.region_protocol import LEVEL, NAMED_FROM, RECALL_LEVEL, REPEATS, Bound, Result


def as_markdown(results: Iterable[Result], command: str) -> str:
    """All that was measured, in the order in which it was tried."""
    lines = [f"Made by `{command}`.", ""]
    for result in results:
        lines += [
            f"### {result.taxonomy.name.capitalize()}",
            "",
            *_numbers(result),
            "",
            *_confusion(result),
            "",
        ]
        lines += [*_named(result), "", _settings(result), ""]
    return "\n".join(lines).rstrip() + "\n"


def in_words(bound: Bound) -> str:
    """A share with its interval, two digits."""
    return f"{bound.value:.2f} ({bound.low:.2f} to {bound.high:.2f})"


def _numbers(result: Result) -> Iterator[str]:
    regions, lesions = sum(result.counts), sum(result.counts[:-1])
    yield (
        f"{lesions} lesions and {result.counts[-1]} regions without a lesion, {result.patients} patients. "
        f"Intervals by patient: {LEVEL:.1%}, of the recalls {RECALL_LEVEL:.1%}."
    )
    yield ""
    yield "| measured | regions | value (interval) | chance | lower bound above chance |"
    yield "|---|---|---|---|---|"
    yield _row("balanced accuracy, all classes", regions, result.overall)
    yield _row("balanced accuracy among the lesions", lesions, result.among_lesions)
    yield _row("lesion or not (decides nothing)", regions, result.lesion_or_not)
    for name, count, recall in zip(result.taxonomy.classes, result.counts, result.recalls, strict=True):
        yield _row(f"recall of `{name}`", count, recall)
    yield ""
    verdict = "passes" if result.passed else "does not pass"
    yield f"By the rule, this taxonomy **{verdict}**."


def _row(name: str, count: int, bound: Bound) -> str:
    return (
        f"| {name} | {count} | {in_words(bound)} | {bound.chance:.2f} | {'yes' if bound.passed else 'no'} |"
    )


def _confusion(result: Result) -> Iterator[str]:
    classes = result.taxonomy.classes
    yield f"Rows: what a region is; columns: what it is taken for; per cent, mean of {REPEATS} repeats."
    yield ""
    yield f"| | {' | '.join(f'`{name}`' for name in classes)} |"
    yield f"|---|{'---|' * len(classes)}"
    for name, count, row in zip(classes, result.counts, result.confusion, strict=True):
        yield f"| `{name}` ({count}) | {' | '.join(f'{100 * share:.0f}' for share in row)} |"


def _named(result: Result) -> Iterator[str]:
    classes = result.taxonomy.classes[:-1]
    yield f"Answers with a probability of at least {NAMED_FROM:g}, per cent; the rest is `indeterminate`:"
    yield ""
    yield f"| | {' | '.join(f'`{name}`' for name in classes)} | `indeterminate` |"
    yield f"|---|{'---|' * (len(classes) + 1)}"
    for name, count, row in zip(result.taxonomy.classes, result.counts, result.named, strict=True):
        shares = [*row[:-1], 1.0 - row[:-1].sum()]
        yield f"| `{name}` ({count}) | {' | '.join(f'{100 * share:.0f}' for share in shares)} |"
    yield ""
    yield f"Of the regions named so, in this mix, how many are it: {_precisions(result)}."


def _precisions(result: Result) -> str:
    """Of each lesion class, how many of the regions that are named so are so; regions per repeat."""
    named = result.named * [[count] for count in result.counts]
    return ", ".join(
        f"`{name}` {named[k, k]:.1f} of {named[:, k].sum():.1f}"
        for k, name in enumerate(result.taxonomy.classes[:-1])
    )


def _settings(result: Result) -> str:
    counted = Counter(result.settings).most_common()
    listed = ", ".join(f"{s.penalty:g} / {s.phantom_weight:g} ({n}×)" for s, n in counted)
    return f"Chosen by the inner cross-validation (penalty / weight of phantoms): {listed}."
