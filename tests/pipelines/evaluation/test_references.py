import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value

from pipelines.errors import UserError
from pipelines.evaluation import references
from pipelines.evaluation.references import reference_metrics, reference_predictions, write_references

EMOTIONS = ["afraid", "excited", "grateful", "lonely"]
FEATURES = Features(
    {
        "example_id": Value("string"),
        "conv_id": Value("string"),
        "turn": Value("int32"),
        "dialogue_context": List({"role": Value("string"), "text": Value("string")}),
        "response": Value("string"),
        "emotion": ClassLabel(names=EMOTIONS),
        "empathy": Value("float32"),
    }
)
SAID = {
    "afraid": "I heard a noise in the dark cellar number {}",
    "excited": "My holiday begins tomorrow with ticket {}",
    "grateful": "A stranger paid for my lunch, all {} of it",
    "lonely": "Nobody called me for {} weeks",
}
ANSWERS = [("Okay.", 1.0), ("Oh no, tell me.", 3.0), ("I am so sorry, that must be hard; I am here for you.", 5.0)]


def _rows(names: list[str], count: int, labelled: bool = True) -> Dataset:
    rows = []
    for k in range(count):
        emotion, (answer, score) = names[k % len(names)], ANSWERS[k % 3]
        text = SAID[emotion].format(k % 7)
        row = {
            "example_id": f"c{k}/2",
            "conv_id": f"c{k}",
            "turn": 2,
            "dialogue_context": [{"role": "speaker", "text": text}],
            "response": answer,
            "emotion": emotion,
            "empathy": score if labelled else None,
        }
        rows.append(row)
    return Dataset.from_list(rows, features=FEATURES)


def _texts(rows: Dataset) -> list[str]:
    return [context[0]["text"] for context in rows["dialogue_context"]]


def _predict(train: Dataset, test: Dataset) -> dict[str, pd.DataFrame]:
    return reference_predictions(train, test, _texts(train), _texts(test))


def test_every_reference_predicts_every_test_example() -> None:
    train, test = _rows(EMOTIONS, 60), _rows(EMOTIONS, 24)
    found = _predict(train, test)
    assert list(found) == ["constant", "length", "tfidf_ridge", "majority", "tfidf_svm"]
    for name, frame in found.items():
        assert frame["example_id"].tolist() == test["example_id"]
        assert frame["response_words"].tolist()[:3] == [1, 4, 13]
        assert frame["emotion_true"].tolist() == test["emotion"]
        assert frame["empathy_true"].tolist() == test["empathy"]
        empathy = name in ("constant", "length", "tfidf_ridge")
        assert frame["empathy_pred"].notna().all() == empathy
        assert frame["emotion_logits"].isna().all() == empathy
    assert found["constant"]["empathy_pred"].unique().tolist() == [3.0]
    metrics = reference_metrics(found)
    assert metrics["constant"]["empathy"]["mae"] == pytest.approx(4 / 3)
    assert metrics["constant"]["empathy"]["spearman"] is None
    assert metrics["length"]["empathy"]["spearman"] == pytest.approx(1.0)
    assert metrics["tfidf_ridge"]["empathy"]["mae"] < 0.2  # type: ignore[operator]
    assert metrics["tfidf_svm"]["emotion"]["accuracy"] == 1.0
    assert metrics["tfidf_svm"]["emotion"]["ece"] is None
    assert metrics["majority"]["emotion"]["accuracy"] == 0.25
    assert metrics["majority"]["emotion"]["ece"] == pytest.approx(0.0, abs=0.01)


def test_length_is_the_least_squares_line_over_the_logarithm_of_words() -> None:
    train, test = _rows(EMOTIONS, 60), _rows(EMOTIONS, 3)
    words, score = np.log1p([1.0, 4.0, 13.0]), np.array([1.0, 3.0, 5.0])
    centred = words - words.mean()
    slope = 20 * (centred @ (score - 3)) / (20 * centred @ centred + 1.0)  # 20 of each answer, penalty 1
    expected = np.clip(3 + slope * centred, 1, 5)
    np.testing.assert_allclose(_predict(train, test)["length"]["empathy_pred"], expected, rtol=1e-5)


def test_only_emotion_references_where_train_has_no_empathy_labels() -> None:
    found = _predict(_rows(EMOTIONS, 40, labelled=False), _rows(EMOTIONS, 8))
    assert list(found) == ["majority", "tfidf_svm"]
    assert [list(kinds) for kinds in reference_metrics(found).values()] == [["emotion"], ["emotion"]]


def test_unlabelled_rows_do_not_move_the_empathy_references() -> None:
    labelled, test = _rows(EMOTIONS, 30), _rows(EMOTIONS, 12)
    mixed = Dataset.from_list([*labelled, *_rows(EMOTIONS, 30, labelled=False)], features=FEATURES)
    alone, both = _predict(labelled, test), _predict(mixed, test)
    for name in ("constant", "length", "tfidf_ridge"):
        assert alone[name]["empathy_pred"].tolist() == both[name]["empathy_pred"].tolist()


def test_repeated_context_texts_of_a_dialogue_count_once() -> None:
    rows = list(_rows(["afraid"], 6)) + 20 * [_rows(["lonely"], 1)[0]]
    found = _predict(Dataset.from_list(rows, features=FEATURES), _rows(EMOTIONS, 8))
    shares = np.exp(found["majority"]["emotion_logits"][0])
    np.testing.assert_allclose(shares, np.array([7, 1, 1, 2]) / 11, rtol=1e-5)


def test_an_emotion_that_train_lacks_comes_last() -> None:
    for names in (["excited", "lonely"], ["afraid", "excited", "lonely"]):
        test = _rows(EMOTIONS, 12)
        logits = np.stack(_predict(_rows(names, 30), test)["tfidf_svm"]["emotion_logits"].tolist())
        assert logits.shape == (12, 4)
        absent = [k for k, name in enumerate(EMOTIONS) if name not in names]
        present = [k for k, name in enumerate(EMOTIONS) if name in names]
        assert logits[:, absent].max() < logits[:, present].min()
        known = np.isin(test["emotion"], present)
        assert (logits.argmax(1) == np.array(test["emotion"]))[known].all()


def test_ridge_folds_keep_dialogues_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[np.ndarray, np.ndarray]] = []
    original = references.RidgeCV

    def spy(cv: list[tuple[np.ndarray, np.ndarray]], **kwargs: object) -> object:
        seen.extend(cv)
        return original(cv=cv, **kwargs)

    monkeypatch.setattr(references, "RidgeCV", spy)
    train = _rows(EMOTIONS, 60).map(lambda row, k: {"conv_id": f"c{k // 3}"}, with_indices=True)
    _predict(train, _rows(EMOTIONS, 4))
    dialogues = np.asarray(train["conv_id"])
    assert len(seen) == 5
    assert all(not set(dialogues[fit]) & set(dialogues[held]) for fit, held in seen)


def test_files_read_back_and_are_not_fitted_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, test = _rows(EMOTIONS, 40), _rows(EMOTIONS, 8)
    arguments = (train, test, _texts(train), _texts(test))
    record = write_references(tmp_path, *arguments, data_fingerprint="abc")
    assert json.loads((tmp_path / "references.json").read_text()) == record
    assert (record["schema_version"], record["data_fingerprint"]) == (1, "abc")
    names = ["constant", "length", "majority", "tfidf_ridge", "tfidf_svm"]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [f"{n}.parquet" for n in names] + ["references.json"]
    )
    svm, constant = (pd.read_parquet(tmp_path / f"{name}.parquet") for name in ("tfidf_svm", "constant"))
    assert np.stack(svm["emotion_logits"].tolist()).dtype == np.float32
    assert svm["empathy_pred"].isna().all()
    assert constant["emotion_logits"].isna().all()
    assert svm["turn"].tolist() == [2] * 8

    def never(*_: object) -> None:
        raise AssertionError("fitted again")

    with monkeypatch.context() as patch:
        patch.setattr(references, "reference_predictions", never)
        assert write_references(tmp_path, *arguments, data_fingerprint="abc") == record
    unlabelled = _rows(EMOTIONS, 40, labelled=False)
    again = write_references(tmp_path, unlabelled, test, _texts(unlabelled), _texts(test), data_fingerprint="other")
    assert list(again["metrics"]) == ["majority", "tfidf_svm"]
    assert not (tmp_path / "constant.parquet").exists()


def test_what_cannot_be_fitted_is_refused() -> None:
    train, test = _rows(EMOTIONS, 12), _rows(EMOTIONS, 4)
    with pytest.raises(UserError, match=r"one context text for each test example.*3 texts and 4 examples"):
        reference_predictions(train, test, _texts(train), _texts(test)[:3])
    with pytest.raises(UserError, match="at least two emotions, got one"):
        _predict(_rows(["afraid"], 12), test)
    one_dialogue = train.map(lambda row: {"conv_id": "c0"})
    with pytest.raises(UserError, match="at least two dialogues, got one"):
        _predict(one_dialogue, test)
