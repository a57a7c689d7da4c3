"""The first thing that a reader of a report should know of a group of runs, in two sentences."""

from collections.abc import Mapping, Sequence

from pipelines.reporting.aggregate import MetricColumn, Row, row_label
from pipelines.reporting.collect import Reference
from pipelines.reporting.comparisons import TESTED, AgainstTrivial

CHANCE = "beyond what chance over dialogues gives"
NAMES = {
    "constant": "a constant",
    "length": "the response's length",
    "majority": "the most frequent emotion",
    "tfidf_ridge": "bags of words (tfidf_ridge)",
    "tfidf_svm": "bags of words (tfidf_svm)",
}


def verdict(
    rows: Sequence[Row],
    references: Sequence[Reference],
    columns: Sequence[MetricColumn],
    against: Sequence[AgainstTrivial],
) -> tuple[str, str]:
    """Which system is best at what, and which is not shown to be better than the best trivial predictor.

    rows: without the twins. against: of `against_trivial`.
    """
    tested = [column for key in TESTED for column in columns if column.key == key]
    return _best(rows, references, tested), _above_trivial(rows, references, against)


def _best(rows: Sequence[Row], references: Sequence[Reference], columns: Sequence[MetricColumn]) -> str:
    names = _short_names(rows)
    winners: dict[str, list[str]] = {}
    for column in columns:
        found = [(e.mean, names[row_label(row)]) for row in rows if (e := row.estimate(column)) is not None]
        for reference in references:
            value = reference.metrics.get(column.task, {}).get(column.key)
            if value is not None:
                found.append((value, NAMES.get(reference.name, reference.name)))
        if found:
            value, name = (max if column.direction == "max" else min)(found)
            winners.setdefault(name, []).append(f"{column.title} ({value:.2f})")
    if not winners:
        return "No run has a figure of MAE, Spearman ρ or accuracy."
    return f"Best on average: {'; '.join(f'{name} on {joined(won)}' for name, won in winners.items())}."


def _above_trivial(rows: Sequence[Row], references: Sequence[Reference], against: Sequence[AgainstTrivial]) -> str:
    if not references:
        return "No references on these data were found, so nothing tells these figures from trivial ones."
    if not against:
        return "No figure of these runs can be compared with that of a trivial predictor."
    names = _short_names(rows)
    metrics = joined(list(dict.fromkeys(test.metric.title for test in against)))
    lacking: dict[str, list[str]] = {}
    for test in against:
        if not test.is_better:
            lacking.setdefault(names[test.row], []).append(test.metric.title)
    if not lacking:
        what = "The system beats" if len(rows) == 1 else "Every system beats"
        return f"{what} the best of a constant, length and bags of words on {metrics}, {CHANCE}."
    failing = "; ".join(f"{name} on {joined(titles)}" for name, titles in lacking.items())
    alike = len({tuple(titles) for titles in lacking.values()}) == 1
    if alike and 1 < len(lacking) == len({test.row for test in against}):
        failing = f"all systems on {joined(next(iter(lacking.values())))}"
    return f"Not shown to beat the best of a constant, length and bags of words {CHANCE}: {failing}."


def _short_names(rows: Sequence[Row]) -> Mapping[str, str]:
    """The label of each row -> its name, with the weight only where a system ran at several."""
    names = [row.name for row in rows]
    return {row_label(row): row.name if names.count(row.name) == 1 else row_label(row) for row in rows}


def joined(words: Sequence[str]) -> str:
    """Words as in a sentence."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
