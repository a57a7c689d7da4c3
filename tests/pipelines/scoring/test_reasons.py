"""The words' points sum to the score, and a reply is compared with itself in neutral contexts."""

import pytest
import torch

from pipelines.errors import UserError
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.reasons import LARGEST_GAP, NEUTRAL_CONTEXTS, explain

SAID, REPLY = "Our old cat died last week.", "I am so sorry. You must miss her."


def test_the_points_sum_to_the_score(scorer: EmpathyScorer) -> None:
    found = explain(scorer, SAID, REPLY)
    assert set(found.views) == {"context", "full_dialogue", "response"}
    points = [word.points for words in found.views.values() for word in words]
    total = found.baseline + sum(points)
    batch = scorer.reader.encode(
        [{"dialogue_context": [{"role": "speaker", "text": SAID}], "situation": "", "response": REPLY}],
        scorer.reader.network.views,
    )
    words = scorer.reader.network.encoder.embed(batch["input_ids"])
    with torch.no_grad():
        unclamped = scorer.reader.network.unclamped_score(words, batch["view_ids"]).item()
    assert abs(total - unclamped) <= found.gap + 1e-4  # special tokens are the same on both sides
    assert found.gap <= LARGEST_GAP
    assert min(max(unclamped, 1.0), 5.0) == pytest.approx(found.score.empathy, abs=0.3)
    assert any(abs(point) > 1e-3 for point in points)


def test_what_a_steep_half_open_gate_takes_is_shared_out_too(scorer: EmpathyScorer) -> None:
    model = scorer.reader.network
    assert model.belonging is not None
    with torch.no_grad():
        for weight in model.belonging.dense.parameters():
            weight.mul_(8)
        model.belonging.usual.fill_(1.0)
    found = explain(scorer, SAID, REPLY)
    assert found.score.belonging < 1
    assert found.gap <= LARGEST_GAP


def test_neutral_contexts(scorer: EmpathyScorer) -> None:
    found = explain(scorer, SAID, REPLY)
    scores = [scorer.score(said, REPLY).empathy for said in NEUTRAL_CONTEXTS]
    assert found.neutral == pytest.approx(sum(scores) / len(scores), abs=1e-5)
    assert found.owed_to_context == pytest.approx(found.score.empathy - found.neutral)


@pytest.mark.parametrize(("said", "reply"), [(SAID, " "), ("", REPLY), ([], REPLY)])
def test_nothing_to_explain(scorer: EmpathyScorer, said: str | list[str], reply: str) -> None:
    with pytest.raises(UserError, match="expected a context and a reply to explain, got an empty one"):
        explain(scorer, said, reply)
