"""The label card as Markdown."""

import copy
from dataclasses import fields
from typing import Any

from pipelines.evaluation.human_agreement import Agreement
from pipelines.labels.card import card_markdown

FIGURE = {"value": 0.4321, "low": 0.3, "high": 0.55}
AGREEMENT = {field.name: FIGURE for field in fields(Agreement)} | {"n": 36}
ROW = {"turns": 12345, "mean": 3.2, "sd": 0.5, "q5": 1.0, "q25": 2.0, "q50": 3.0, "q75": 4.0, "q95": 5.0}
CARD: dict[str, Any] = {
    "name": "hybrid",
    "label_model": {"kind": "fitted", "chosen": "surface"},
    "counts": {"train": ROW},
    "words_and_score": 0.123,
    "agreement": {"valid": AGREEMENT},
    "rated_dialogues": {"train": 5862, "valid": 864},
    "cross_validation": [{"candidate": "surface", "signals": 9, "agreement": AGREEMENT}],
    "calibration": [{"n": 18, "score": 1.5, "median": 1.75, "mean": 2.0}],
    "signals": [
        {
            "signal": "cues.wish",
            "says": "1 where a|b",
            "source": "patterns",
            "coverage": 0.5,
            "weight": -0.25,
            "standard_error": 0.05,
            "agreement": {"valid": {"spearman": FIGURE, "spearman_given_length": None}},
        },
        {
            "signal": "epitome.er",
            "says": "level",
            "source": "a paper",
            "coverage": 1.0,
            "weight": None,
            "standard_error": None,
            "agreement": {"valid": None},
        },
    ],
}


def test_what_the_card_says() -> None:
    text = card_markdown(CARD)
    assert text.startswith("# Label card: hybrid\n")
    assert "signal set `surface`, chosen by cross-validation" in text
    assert "| train | 12,345 | 3.20 | 0.50 | 1.00 | 2.00 | 3.00 | 4.00 | 5.00 |" in text
    assert "Spearman of the score with the words of the response: 0.12." in text
    figure = "0.432 [0.300, 0.550]"
    for row in ("| labels | 36 |", "| surface (9) | 36 |"):
        (line,) = [line for line in text.splitlines() if line.startswith(row)]
        assert set(line.removeprefix(row).strip("| ").split(" | ")) == {figure}
    assert "| 18 | 1.50 | 1.75 | 2.00 |" in text
    assert f"| `cues.wish` | 1 where a\\|b | 50 % | -0.25 ± 0.05 | {figure} | – |" in text
    assert "| `epitome.er` | level | 100 % | – | – | – |" in text
    assert "- `cues`: patterns\n- `epitome`: a paper" in text
    for line in text.splitlines():
        assert line.count("|") == 0 or line.endswith("|")


def test_published_weights_have_neither_choice_nor_calibration() -> None:
    card = copy.deepcopy(CARD) | {
        "label_model": {"kind": "fixed", "chosen": "published"},
        "agreement": {"valid": None},
        "cross_validation": [],
        "calibration": [],
    }
    text = card_markdown(card)
    assert "the weights published with the package" in text
    assert "Calibration" not in text and "cross-validation" not in text and "Agreement with people" not in text
