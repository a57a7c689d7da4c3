"""The pipeline gives what the scorer gives."""

from pathlib import Path

import pytest
import torch

from pipelines.scoring import EmpathyScorer
from pipelines.scoring.transformers_pipeline import empathy_pipeline

PAIRS = [
    {"context": "They towed my van!", "response": "That would make me angry too."},
    {"context": ["Our cat died.", "Oh no.", "She was old."], "response": "Cats die."},
]


def test_one_pair_and_many(release: Path) -> None:
    pipeline, scorer = empathy_pipeline(str(release)), EmpathyScorer.from_pretrained(release)
    expected = [scorer.score(pair["context"], pair["response"]) for pair in PAIRS]
    assert pipeline(PAIRS[0])["empathy"] == pytest.approx(expected[0].empathy, abs=1e-5)
    assert [one["empathy"] for one in pipeline(PAIRS)] == pytest.approx([one.empathy for one in expected], abs=1e-5)


def test_the_model_of_the_pipeline_is_what_scores(release: Path) -> None:
    pipeline = empathy_pipeline(str(release))
    before = pipeline(PAIRS[0])["quality"]
    with torch.no_grad():
        pipeline.model.empathy_head.out.weight.zero_()
        pipeline.model.empathy_head.out.bias.fill_(2.5)
    assert before != pytest.approx(2.5)
    assert pipeline(PAIRS[0])["quality"] == pytest.approx(2.5)
