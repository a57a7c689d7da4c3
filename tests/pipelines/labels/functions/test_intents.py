"""The intent rater."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipelines.data.empathetic_intents import INTENTS
from pipelines.labels.functions import intents
from pipelines.labels.functions.intents import INTENT_FUNCTION
from tests.pipelines.labels.invented import label_settings, quick


def test_probabilities_of_the_nine_classes(tmp_path: Path, tiny_bert: str) -> None:
    turns = pd.DataFrame({"response": ["i am sorry", "why ?", "oh well ."]})
    with quick():
        frame = INTENT_FUNCTION.compute(turns, label_settings(tmp_path, tiny_bert), tmp_path / "own")
    assert list(frame) == list(INTENTS)
    assert frame.sum(axis=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)


def test_columns_are_those_of_the_classes(tmp_path: Path, tiny_bert: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = np.zeros((1, 9))
    logits[0, INTENTS.index("sympathizing")] = 5
    monkeypatch.setattr(intents, "load_or_train", lambda *_: None)
    monkeypatch.setattr(intents, "rate", lambda rater, ids, pad: logits)
    settings = label_settings(tmp_path, tiny_bert)
    frame = INTENT_FUNCTION.compute(pd.DataFrame({"response": ["so sorry"]}), settings, tmp_path)
    assert frame["sympathizing"][0] == pytest.approx(np.exp(5) / (np.exp(5) + 8))


def test_training_data_are_the_listeners_texts(tmp_path: Path, tiny_bert: str) -> None:
    items, classes = intents._training_data(label_settings(tmp_path, tiny_bert))
    assert len(items) == len(classes) == 18
    assert all(len(item) == 1 for item in items)
