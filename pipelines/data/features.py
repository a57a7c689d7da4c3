"""The row that every reader gives: one listener turn, its dialogue so far, and its labels."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from datasets import ClassLabel, Dataset, Features, List, Value

from pipelines.data.dialogue import EMOTIONS

EXAMPLE_FEATURES = Features(
    {
        "example_id": Value("string"),
        "conv_id": Value("string"),
        "turn": Value("int32"),
        "split": Value("string"),
        "situation": Value("string"),
        "dialogue_context": List({"role": Value("string"), "text": Value("string")}),
        "response": Value("string"),
        "emotion": ClassLabel(names=list(EMOTIONS)),
        "empathy": Value("float32"),
        "label_source": Value("string"),
    }
)


def example_dataset(rows: Iterable[Mapping[str, Any]]) -> Dataset:
    """Make a dataset of `rows`, dicts with exactly the columns of EXAMPLE_FEATURES and `emotion` as its class id.

    Built in one go from columns: a per-row map over EmpatheticDialogues would take minutes.
    """
    columns: dict[str, list[Any]] = {name: [] for name in EXAMPLE_FEATURES}
    for row in rows:
        for name, column in columns.items():
            column.append(row[name])
    return Dataset.from_dict(columns, features=EXAMPLE_FEATURES)


def with_labels(examples: Dataset, empathy: Sequence[float | None], label_sources: Sequence[str]) -> Dataset:
    """`examples` with these scores, None for none, and where they come from; each has one entry an example."""
    labelled = examples.remove_columns(["empathy", "label_source"])
    labelled = labelled.add_column("empathy", list(empathy), feature=Value("float32"))
    labelled = labelled.add_column("label_source", list(label_sources), feature=Value("string"))
    return labelled.select_columns(list(EXAMPLE_FEATURES))
