"""Simple systems that always stand beside the models: what a constant, the length and bags of words reach."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from datasets import Dataset
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge, RidgeCV
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from pipelines.atomic import write_json
from pipelines.errors import UserError
from pipelines.evaluation.metrics import emotion_metrics, empathy_metrics
from pipelines.evaluation.prediction_columns import prediction_frame, word_counts, write_predictions

SCHEMA_VERSION = 1
MAX_FEATURES = 50_000
RIDGE_ALPHAS = (0.3, 1.0, 3.0, 10.0, 30.0)
RIDGE_FOLDS = 5
SEED = 17


def reference_predictions(
    train: Dataset, test: Dataset, context_texts_train: Sequence[str], context_texts_test: Sequence[str]
) -> dict[str, pd.DataFrame]:
    """Fit every reference on `train` alone and predict `test`: name -> a frame with the columns of a predictions file.

    Empathy, from the labelled rows of train, and absent where it has none; all are cut to scores from 1 to 5:
      constant: the mean of the training scores (best for squared error; the median would be best for MAE).
      length: a line over the logarithm of the response's number of words.
      tfidf_ridge: ridge over words and word pairs of dialogue context and of response;
        alpha by cross-validation over whole dialogues of train.
    Emotion, from one row per dialogue and context text:
      majority: the logarithms of the emotions' shares, add-one smoothed: always the commonest emotion.
      tfidf_svm: a linear SVM over words and word pairs of the context view; its logits are margins.

    `context_texts_*` are the texts of the configured context view, one a row. Raises UserError where the texts do not
    match the rows, or train is too small to fit a reference.
    """
    for name, rows, texts in (("train", train, context_texts_train), ("test", test, context_texts_test)):
        if len(rows) != len(texts) or len(rows) == 0:
            raise UserError(
                f"references: expected one context text for each {name} example and at least one example, got "
                f"{len(texts)} texts and {len(rows)} examples: check the corpus and its splits"
            )
    base = prediction_frame(test)
    predictions: dict[str, pd.DataFrame] = {}
    labelled = [k for k, score in enumerate(train["empathy"]) if score is not None and np.isfinite(score)]
    if labelled:
        for name, scores in _empathy_references(train.select(labelled), test).items():
            predictions[name] = base.assign(empathy_pred=np.clip(scores, 1.0, 5.0))
    emotion = _emotion_references(train, list(context_texts_train), list(context_texts_test))
    for name, logits in emotion.items():
        predictions[name] = base.assign(emotion_logits=list(logits.astype(np.float32)))
    return predictions


def reference_metrics(predictions: dict[str, pd.DataFrame]) -> dict[str, dict[str, dict[str, float | None]]]:
    """Name -> {"empathy": {...}} or {"emotion": {...}}; {} where no test example has a label.

    The ECE of tfidf_svm is None: a softmax of margins is not a probability.
    """
    metrics: dict[str, dict[str, dict[str, float | None]]] = {}
    for name, frame in predictions.items():
        metrics[name] = {}
        if frame["empathy_pred"].notna().any():
            scored = frame[frame["empathy_true"].notna()]
            if len(scored):
                metrics[name]["empathy"] = empathy_metrics(
                    scored["empathy_pred"].to_numpy(float), scored["empathy_true"].to_numpy(float)
                )
        else:
            emotion = emotion_metrics(np.stack(frame["emotion_logits"].tolist()), frame["emotion_true"].to_numpy(int))
            metrics[name]["emotion"] = emotion | ({"ece": None} if name == "tfidf_svm" else {})
    return metrics


def write_references(
    folder: str | Path,
    train: Dataset,
    test: Dataset,
    context_texts_train: Sequence[str],
    context_texts_test: Sequence[str],
    data_fingerprint: str,
) -> dict[str, Any]:
    """Write `<name>.parquet` of each reference and `references.json`, and return what the latter holds.

    `references.json` is written last; where it is there already with the same `data_fingerprint` (which must tell apart
    corpora, splits, labels and context views) nothing is fitted again. Raises as `reference_predictions` does.
    """
    folder = Path(folder)
    summary = folder / "references.json"
    if summary.is_file():
        found: dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
        if found.get("schema_version") == SCHEMA_VERSION and found.get("data_fingerprint") == data_fingerprint:
            return found
        summary.unlink()
        for stale in folder.glob("*.parquet"):
            stale.unlink()
    predictions = reference_predictions(train, test, context_texts_train, context_texts_test)
    for name, frame in predictions.items():
        write_predictions(folder / f"{name}.parquet", frame)
    record = {
        "schema_version": SCHEMA_VERSION,
        "data_fingerprint": data_fingerprint,
        "metrics": reference_metrics(predictions),
    }
    write_json(summary, record)
    return record


def _context_texts(rows: Dataset) -> list[str]:
    return [" ".join(utterance["text"] for utterance in context) for context in rows["dialogue_context"]]


def _vectorizer(features: int) -> TfidfVectorizer:
    # One-letter words stay in ("I" says who felt it).
    return TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=features, token_pattern=r"(?u)\b\w+\b")


def _empathy_references(train: Dataset, test: Dataset) -> dict[str, np.ndarray]:
    scores = np.asarray(train["empathy"], dtype=np.float64)
    lengths = [np.log1p(word_counts(rows["response"]))[:, None] for rows in (train, test)]
    return {
        "constant": np.full(len(test), scores.mean()),
        "length": Ridge(alpha=1.0).fit(lengths[0], scores).predict(lengths[1]),
        "tfidf_ridge": _tfidf_ridge(train, test, scores),
    }


def _tfidf_ridge(train: Dataset, test: Dataset, scores: np.ndarray) -> np.ndarray:
    dialogues = np.asarray(train["conv_id"])
    folds = min(RIDGE_FOLDS, len(np.unique(dialogues)))
    if folds < 2:
        raise UserError(
            "references: expected labelled training examples of at least two dialogues, got one dialogue: "
            "label more of the corpus or train without empathy labels"
        )
    parts = []
    for texts in ((_context_texts(train), _context_texts(test)), (list(train["response"]), list(test["response"]))):
        vectorizer = _vectorizer(MAX_FEATURES // 2)
        parts.append((vectorizer.fit_transform(texts[0]), vectorizer.transform(texts[1])))
    inputs = [sparse.hstack([part[side] for part in parts], format="csr") for side in (0, 1)]
    splits = list(GroupKFold(folds).split(inputs[0], scores, dialogues))
    ridge = RidgeCV(alphas=RIDGE_ALPHAS, cv=splits, scoring="neg_mean_squared_error")
    return np.asarray(ridge.fit(inputs[0], scores).predict(inputs[1]))


def _emotion_references(train: Dataset, texts_train: list[str], texts_test: list[str]) -> dict[str, np.ndarray]:
    classes = train.features["emotion"].num_classes
    rows = pd.DataFrame({"conv_id": list(train["conv_id"]), "text": texts_train, "emotion": list(train["emotion"])})
    rows = rows.drop_duplicates(["conv_id", "text"])
    counts = np.bincount(rows["emotion"], minlength=classes)
    shares = np.log((counts + 1) / (counts.sum() + classes))
    logits = {"majority": np.tile(shares, (len(texts_test), 1))}
    if np.count_nonzero(counts) < 2:
        raise UserError(
            "references: expected training examples of at least two emotions, got one: check the emotion labels"
        )
    vectorizer = _vectorizer(MAX_FEATURES)
    svm = LinearSVC(C=0.3, random_state=SEED).fit(vectorizer.fit_transform(rows["text"]), rows["emotion"])
    margins = svm.decision_function(vectorizer.transform(texts_test))
    if margins.ndim == 1:  # with two classes there is one margin
        margins = np.stack([-margins, margins], axis=1)
    # An emotion that train lacks comes last for every example.
    logits["tfidf_svm"] = np.full((len(texts_test), classes), margins.min() - 1.0)
    logits["tfidf_svm"][:, svm.classes_] = margins
    return logits
