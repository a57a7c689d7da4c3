"""The columns of a predictions file: one definition for the runs and the references that write it and what reads it."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.atomic import write_with

if TYPE_CHECKING:
    from datasets import Dataset

PREDICTION_SCHEMA = pa.schema(
    {
        "example_id": pa.string(),
        "conv_id": pa.string(),
        "turn": pa.int32(),
        "response_words": pa.int32(),
        "empathy_true": pa.float32(),
        "empathy_pred": pa.float32(),
        "emotion_true": pa.int32(),
        "emotion_logits": pa.list_(pa.float32()),
    }
)


def prediction_frame(
    examples: "Dataset", empathy_pred: np.ndarray | None = None, emotion_logits: np.ndarray | None = None
) -> pd.DataFrame:
    """One row an example: its ids, the response's length in words, and what was true and predicted.

    `empathy_pred` is (examples,) in points from 1 to 5, `emotion_logits` (examples, emotions), each None where the
    system does not predict it; missing scores, true or predicted, become NaN. Raises ValueError where the predictions
    are not as many as the examples.
    """
    n = len(examples)
    for name, values in (("empathy_pred", empathy_pred), ("emotion_logits", emotion_logits)):
        if values is not None and len(values) != n:
            raise ValueError(f"expected {n} predictions in {name}, one an example; got {len(values)}")
    scores = np.full(n, np.nan) if empathy_pred is None else empathy_pred
    return pd.DataFrame(
        {
            "example_id": list(examples["example_id"]),
            "conv_id": list(examples["conv_id"]),
            "turn": np.asarray(examples["turn"], dtype=np.int32),
            "response_words": word_counts(examples["response"]),
            "empathy_true": np.array([np.nan if true is None else true for true in examples["empathy"]], np.float32),
            "empathy_pred": np.asarray(scores, dtype=np.float32),
            "emotion_true": np.asarray(examples["emotion"], dtype=np.int32),
            "emotion_logits": [None] * n if emotion_logits is None else list(emotion_logits.astype(np.float32)),
        }
    )


def word_counts(responses: Sequence[str]) -> np.ndarray:
    """Whitespace tokens of each response: (responses,) int32."""
    return np.array([len(text.split()) for text in responses], dtype=np.int32)


def write_predictions(path: Path, frame: pd.DataFrame) -> None:
    """Write a `prediction_frame` as parquet, whole or not at all."""
    table = pa.Table.from_pandas(frame, schema=PREDICTION_SCHEMA, preserve_index=False)
    write_with(path, lambda partial: pq.write_table(table, partial))
