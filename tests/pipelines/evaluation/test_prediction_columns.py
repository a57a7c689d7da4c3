from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import Dataset, Features, Value

from pipelines.evaluation.prediction_columns import PREDICTION_SCHEMA, prediction_frame, word_counts, write_predictions

EXAMPLES = Dataset.from_dict(
    {
        "example_id": ["c1/2", "c1/4"],
        "conv_id": ["c1", "c1"],
        "turn": [2, 4],
        "response": ["I am  so sorry.", "Oh no"],
        "emotion": [26, 3],
        "empathy": [4.5, None],
    },
    features=Features(
        {
            "example_id": Value("string"),
            "conv_id": Value("string"),
            "turn": Value("int32"),
            "response": Value("string"),
            "emotion": Value("int32"),
            "empathy": Value("float32"),
        }
    ),
)


def test_a_frame_has_the_columns_of_the_file_and_what_is_true() -> None:
    frame = prediction_frame(EXAMPLES, np.array([4.0, 2.25]), np.arange(8.0).reshape(2, 4))
    assert list(frame.columns) == PREDICTION_SCHEMA.names
    assert frame["response_words"].tolist() == word_counts(EXAMPLES["response"]).tolist() == [4, 2]
    assert frame["emotion_true"].tolist() == [26, 3]
    np.testing.assert_array_equal(frame["empathy_true"], [4.5, np.nan])
    assert frame["empathy_pred"].tolist() == [4.0, 2.25]
    assert frame["emotion_logits"][1].tolist() == [4, 5, 6, 7]


@pytest.mark.parametrize("logits", [None, np.ones((2, 4))])
def test_a_file_has_the_same_types_with_and_without_predictions(tmp_path: Path, logits: np.ndarray | None) -> None:
    path = tmp_path / "predictions" / "test.parquet"
    write_predictions(path, prediction_frame(EXAMPLES, None, logits))
    table = pq.read_table(path)
    assert table.schema.equals(PREDICTION_SCHEMA, check_metadata=False)
    assert table["empathy_pred"].to_pandas().isna().all()
    assert table["empathy_true"].to_pandas().isna().tolist() == [False, True]
    assert table["emotion_logits"].null_count == (2 if logits is None else 0)
    assert [found.name for found in path.parent.iterdir()] == ["test.parquet"]


def test_predictions_of_other_examples_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected 2 predictions in empathy_pred, one an example; got 3"):
        prediction_frame(EXAMPLES, np.zeros(3))
