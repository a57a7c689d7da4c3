"""A score is the network's own, whichever way it is asked for; contexts are encoded once."""

from pathlib import Path

import pytest
import torch

from modeling.encoder import load_tokenizer
from pipelines.data.collator import collate
from pipelines.data.encoding import encode_views
from pipelines.errors import UserError
from pipelines.scoring import EmpathyScorer, Score
from pipelines.scoring.domain import EMPTY_CONTEXT, EMPTY_RESPONSE
from pipelines.scoring.memory import ContextMemory
from pipelines.scoring.turns import context_turns
from tests.pipelines.scoring.conftest import CALIBRATION, write_release

SAID = "Our old cat died last week."
REPLIES = ["I am so sorry. You must miss her.", "Cats die.", "How did you celebrate?"]


def assert_same(found: Score, expected: Score) -> None:
    assert found.empathy == pytest.approx(expected.empathy, abs=1e-5)
    assert found.belonging == pytest.approx(expected.belonging, abs=1e-5)
    assert found.emotion == expected.emotion
    for name, mechanism in expected.mechanisms.items():
        assert found.mechanisms[name].probabilities == pytest.approx(mechanism.probabilities, abs=1e-5)


@torch.no_grad()
def test_the_score_is_the_network_s_before_its_adapter_was_merged(tiny_encoder: str, tmp_path: Path) -> None:
    network = write_release(tmp_path, tiny_encoder)
    tokenizer = load_tokenizer(tiny_encoder)
    row = {"dialogue_context": context_turns(SAID), "situation": "", "response": REPLIES[0]}
    batch = collate(
        encode_views([row], network.views, network.config.context_view, tokenizer, 48), tokenizer.pad_token_id
    )
    expected = network(batch["input_ids"], batch["view_ids"])
    found = EmpathyScorer.from_pretrained(tmp_path).score(SAID, REPLIES[0])
    assert found.empathy == pytest.approx(expected.empathy.item(), abs=1e-4)
    assert found.quality == pytest.approx(expected.quality.item(), abs=1e-4)
    probabilities = (expected.emotion_logits[0] / CALIBRATION.temperature).softmax(-1)
    assert found.emotions[found.emotion] == pytest.approx(probabilities.max().item(), abs=1e-4)
    assert sum(found.emotions.values()) == pytest.approx(1, abs=1e-5)
    assert found.empathy == pytest.approx(1 + (found.quality - 1) * found.belonging * found.occasion, abs=1e-5)
    assert found.interval == CALIBRATION.interval(found.empathy)


@pytest.mark.parametrize("remembered", [3, 4096])
def test_many_rows_get_the_scores_that_they_get_alone(
    release: Path, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr("pipelines.scoring.reader.BATCH_SIZE", 3)
    monkeypatch.setattr("pipelines.scoring.scorer.BATCH_SIZE", 3)
    monkeypatch.setattr("pipelines.scoring.scorer.CHUNK", 8)
    contexts = [SAID, "They towed my van!", ["Our cat died.", "Oh.", "I miss her."], "", "My brother came home again."]
    pairs = [(context, reply) for reply in REPLIES for context in contexts] * 2
    scorer = EmpathyScorer.from_pretrained(release)
    scorer.reader.memory = ContextMemory(remembered)
    found = scorer.score_pairs(pairs)
    alone = EmpathyScorer.from_pretrained(release)
    for one, pair in zip(found, pairs, strict=True):
        assert_same(one, alone.score(*pair))


def test_scores_in_bf16(release: Path) -> None:
    pairs = [(SAID, reply) for reply in REPLIES]
    plain, quick = (EmpathyScorer.from_pretrained(release, precision) for precision in ("fp32", "bf16"))
    for one, other in zip(quick.score_pairs(pairs), plain.score_pairs(pairs), strict=True):
        assert one.empathy == pytest.approx(other.empathy, abs=0.1)
        assert one.empathy != other.empathy
    with pytest.raises(UserError, match="precision: expected one of fp32, bf16, int8, got 'fp16'"):
        EmpathyScorer.from_pretrained(release, "fp16")


def test_every_way_of_asking_gives_the_same(release: Path) -> None:
    alone = [EmpathyScorer.from_pretrained(release).score(SAID, reply) for reply in REPLIES]
    scorer = EmpathyScorer.from_pretrained(release)
    for found in (
        scorer.score_candidates(SAID, REPLIES),
        scorer.score_pairs([(SAID, reply) for reply in REPLIES]),
        [scorer.score(SAID, reply) for reply in REPLIES],
        scorer.score_pairs([([SAID], reply) for reply in REPLIES]),
        scorer.score_pairs([([{"role": "speaker", "text": SAID}], reply) for reply in REPLIES]),
    ):
        assert len(found) == len(alone)
        for one, expected in zip(found, alone, strict=True):
            assert_same(one, expected)


def test_a_dialogue_is_its_listener_s_turns(scorer: EmpathyScorer) -> None:
    turns = [SAID, REPLIES[0], "She was with us for years.", REPLIES[1]]
    found = scorer.score_dialogue(turns)
    assert found.turns == (1, 3)
    assert_same(found.scores[0], scorer.score(turns[:1], turns[1]))
    assert_same(found.scores[1], scorer.score(turns[:3], turns[3]))
    assert found.trajectory == tuple(score.empathy for score in found.scores)
    assert found.mean == pytest.approx(sum(found.trajectory) / 2)


def test_a_context_is_encoded_once(scorer: EmpathyScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens: list[int] = []
    encode = scorer.reader.network.encoder

    def counted(input_ids: torch.Tensor, view_ids: torch.Tensor) -> torch.Tensor:
        tokens.append(int((view_ids > 0).sum()))
        return encode(input_ids, view_ids)

    monkeypatch.setattr(scorer.reader.network, "encoder", counted)
    scorer.score(SAID, REPLIES[0])
    scorer.score(SAID, REPLIES[0])
    assert len(tokens) == 2
    assert tokens[1] < tokens[0]
    tokens.clear()
    scorer.score_candidates("They towed my van!", REPLIES)
    assert len(tokens) == 2  # the context, then all replies


@pytest.mark.parametrize(
    ("context", "response", "reason"),
    [(SAID, "  ", EMPTY_RESPONSE), ("", REPLIES[0], EMPTY_CONTEXT), ([], REPLIES[0], EMPTY_CONTEXT)],
)
def test_it_abstains_from_what_is_empty(
    scorer: EmpathyScorer, context: str | list[str], response: str, reason: str
) -> None:
    found = scorer.score(context, response)
    assert found.abstain
    assert found.reasons == (reason,)


def test_the_scores_of_a_plain_pair_may_be_used(scorer: EmpathyScorer) -> None:
    assert not scorer.score(SAID, REPLIES[0]).abstain


def test_json_holds_everything(scorer: EmpathyScorer) -> None:
    found = scorer.score(SAID, REPLIES[0])
    plain = found.to_dict()
    assert plain["abstain"] is False
    assert plain["interval"] == list(found.interval)
    assert set(plain["mechanisms"]) == {"emotional_reactions", "interpretations", "explorations"}


@pytest.mark.parametrize(
    ("context", "response", "message"),
    [
        (SAID, 5, "response: expected a text, got int"),
        (7, "Oh.", "context: expected a list of turns"),
        ([1, 2], "Oh.", r"context\[0\]: expected a turn with role and text, got int"),
        ([{"role": "narrator", "text": "x"}], "Oh.", r"context\[0\].role: expected speaker or listener .*'narrator'"),
        ([{"role": "speaker", "text": None}], "Oh.", r"context\[0\].text: expected a text, got null"),
        (
            [SAID, {"role": "user", "text": "x"}],
            "Oh.",
            r"context\[1\]: expected a text, as the turns before",
        ),
        (
            '[{"role": "user", "text": "My bi',
            "Oh.",
            "context: expected a text or a whole list of turns, got",
        ),
    ],
)
def test_what_is_no_pair_is_refused(scorer: EmpathyScorer, context: object, response: object, message: str) -> None:
    with pytest.raises(UserError, match=message):
        scorer.score(context, response)  # type: ignore[arg-type]


def test_a_dialogue_without_a_reply_is_refused(scorer: EmpathyScorer) -> None:
    with pytest.raises(UserError, match="dialogue: expected at least one turn of the listener's"):
        scorer.score_dialogue([SAID])


@pytest.mark.parametrize("text", ["\ud800 odd", "a\x00b", "x" * 100_000, "\u202e\u0301" * 500, "🙂" * 3000])
def test_hostile_texts_are_scored(scorer: EmpathyScorer, text: str) -> None:
    assert 1 <= scorer.score(text, text).empathy <= 5
