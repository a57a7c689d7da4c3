"""The encoder in 8 bits gives nearly the same vectors, for rows of any size, and is made once."""

from pathlib import Path

import pytest
import torch

from pipelines.scoring import EmpathyScorer
from pipelines.scoring import int8 as module
from pipelines.scoring.checkpoint import read_checkpoint
from pipelines.scoring.int8 import int8_encoder

PAIRS = [
    ("Our old cat died last week.", "I am so sorry. You must miss her."),
    (["They towed my van!", "Oh.", "From my own drive."], "Buy a lamp."),
    ("My brother came home!", "How happy you must be after so long!"),
]


def test_scores_in_8_bits(release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPATHY_CACHE", str(tmp_path / "cache"))
    plain, quick = EmpathyScorer.from_pretrained(release), EmpathyScorer.from_pretrained(release, precision="int8")
    expected, found = plain.score_pairs(PAIRS), quick.score_pairs(PAIRS)
    for one, other in zip(found, expected, strict=True):
        assert one.empathy == pytest.approx(other.empathy, abs=0.15)
    batch = plain.reader.encode([{"dialogue_context": [], "situation": "", "response": "Buy a lamp."}] * 2, (1, 2, 3))
    with torch.no_grad():
        first, second = plain.reader.network.encoder(**batch), quick.reader.network.encoder(**batch)
    inside = batch["view_ids"] > 0
    assert first.shape == second.shape
    assert torch.nn.functional.cosine_similarity(first[inside], second[inside], dim=-1).min() > 0.95
    (made,) = (tmp_path / "cache").glob("*.onnx")
    monkeypatch.setattr(module, "export_int8", lambda encoder, path: pytest.fail("made twice"))
    assert int8_encoder(read_checkpoint(release)) is not None
    assert made.stat().st_size > 0
