"""The words' points sum to the log-odds of the sentence's direction."""

import math

import pytest
import torch

import peers.clsn
import peers.clsn_baselines
from modeling.base import EncoderModel
from modeling.encoder import load_tokenizer
from modeling.views import FULL_DIALOGUE
from pipelines.data.collator import pad_rows
from pipelines.peers import word_contributions as module
from pipelines.peers.word_contributions import log_odds, token_contributions, word_contributions

TEXTS = ["I am sorry, so sorry!", "My cat died 2 weeks ago.", "Oh well."]
CLASSES = [2, 1, 0]


def tiny(encoder: str, system: str = "clsn") -> EncoderModel:
    torch.manual_seed(3)
    if system == "clsn":
        model = peers.clsn.Model.from_encoder(encoder, view_length=32)
    else:
        model = peers.clsn_baselines.Model.from_encoder(encoder, view_length=32, kind=system)
    with torch.no_grad():  # so that words matter
        for weight in model.direction_head.parameters():
            weight.mul_(30)
    return model


def test_log_odds_by_hand() -> None:
    chances = torch.tensor([[0.2, 0.3, 0.5], [0.9, 0.05, 0.05]])
    found = log_odds(chances.log() + 4.0, torch.tensor([2, 0]))
    assert found.tolist() == pytest.approx([math.log(0.5 / 0.5), math.log(0.9 / 0.1)], abs=1e-5)


@pytest.mark.parametrize("system", ["clsn", "joint"])
def test_points_sum_to_the_log_odds(tiny_encoder: str, system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_GAP", 1e-3)
    model, tokenizer = tiny(tiny_encoder, system), load_tokenizer(tiny_encoder)
    ids = tokenizer(TEXTS)["input_ids"]
    points = token_contributions(model, tokenizer, ids, CLASSES)
    batch = pad_rows(ids, [[FULL_DIALOGUE] * len(row) for row in ids], tokenizer.pad_token_id)
    special = torch.isin(batch["input_ids"], torch.tensor(tokenizer.all_special_ids))
    assert points.shape == special.shape
    assert not points[special].any()
    unknown = torch.where(special, batch["input_ids"], tokenizer.mask_token_id)
    with torch.no_grad():
        ends = [
            log_odds(model(one, batch["view_ids"]).direction_logits, torch.tensor(CLASSES))
            for one in (unknown, batch["input_ids"])
        ]
    added = ends[1] - ends[0]
    assert added.abs().max() > 0.01  # ten times what the sum may miss
    torch.testing.assert_close(points.sum(dim=1), added, atol=1.1e-3, rtol=0)


def test_words_are_whole_in_lower_case_and_counted_once_a_sentence(tiny_encoder: str) -> None:
    model, tokenizer = tiny(tiny_encoder), load_tokenizer(tiny_encoder)
    found = word_contributions(model, tokenizer, TEXTS, CLASSES)
    words = {place: sorted(group["word"]) for place, group in found.groupby("sentence")}
    assert words == {
        0: ["am", "i", "so", "sorry"],
        1: ["ago", "cat", "died", "my", "weeks"],
        2: ["oh", "well"],
    }
    # All that no word has is the punctuation's, or the number's.
    ids = tokenizer(TEXTS[:1])["input_ids"]
    points = token_contributions(model, tokenizer, ids, CLASSES[:1])[0]
    encoded = tokenizer(TEXTS[0])
    places = [encoded.char_to_token(place) for place in (TEXTS[0].index(","), TEXTS[0].index("!"))]
    expected = float(points.sum()) - sum(float(points[place]) for place in places)
    assert found[found["sentence"] == 0]["points"].sum() == pytest.approx(expected, abs=1e-3)


def test_points_that_do_not_sum_are_refused(tiny_bert: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_GAP", -1.0)
    monkeypatch.setattr(module, "MOST_STEPS", 64)
    with pytest.raises(ValueError, match="expected points that sum to the log-odds within -1.0, 3 sentences missed"):
        word_contributions(tiny(tiny_bert), load_tokenizer(tiny_bert), TEXTS, CLASSES)
