"""The few lines that a command prints when it is done."""

from collections.abc import Iterable, Mapping
from typing import Any

COLUMNS = (("empathy", "mae"), ("empathy", "spearman"), ("emotion", "accuracy"), ("emotion", "macro_f1"))


def summary_lines(results: Iterable[Mapping[str, Any]]) -> list[str]:
    """A table of test metrics, a line a run."""
    header = f"{'family':<15}{'lambda':>8}{'seed':>6}" + "".join(f"{name:>11}" for _, name in COLUMNS)
    lines = [header]
    for result in results:
        cells = [result["metrics"]["test"].get(task, {}).get(name) for task, name in COLUMNS]
        lines.append(
            f"{result['family']:<15}{result['lambda_emo']:>8g}{result['seed']:>6}"
            + "".join(f"{'-' if value is None else format(value, '.4f'):>11}" for value in cells)
        )
    return lines
