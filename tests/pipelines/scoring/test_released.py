"""The release that is installed: it scores at once, and its card says what we hold it to."""

import json
from pathlib import Path

import pytest

from pipelines.cli import main as empathy
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.checkpoint import RELEASED, SCORER


@pytest.fixture(scope="module")
def released() -> EmpathyScorer:
    return EmpathyScorer.from_pretrained()


@pytest.mark.parametrize(
    ("context", "better", "worse"),
    [
        ("I got promoted today!", "Congratulations, you must be so proud!", "That's terrible, I'm so sorry."),
        ("My dog died yesterday.", "I am so sorry. You must miss her terribly.", "Dogs die. Get a new one."),
        ("We lost our house in the flood.", "Oh no, that must be so hard for you.", "How did you celebrate?"),
    ],
)
def test_what_suits_the_context_scores_higher(released: EmpathyScorer, context: str, better: str, worse: str) -> None:
    first, second = released.score_candidates(context, [better, worse])
    assert first.empathy > second.empathy + 0.5
    assert not first.abstain


def test_empathy_nobody_asked_for(released: EmpathyScorer) -> None:
    asked, unasked = (
        released.score(context, "I know how you feel.")
        for context in ("My grandmother died last night.", "Which driver does this printer need?")
    )
    assert asked.empathy > unasked.empathy
    assert asked.occasion > unasked.occasion


def test_emotions(released: EmpathyScorer) -> None:
    emotions = released.score("There was a strange noise downstairs and I was alone.", "Oh no!").emotions
    assert next(iter(emotions)) in ("afraid", "terrified", "anxious", "apprehensive")


def test_its_figures_are_what_we_hold_it_to() -> None:
    described = json.loads((RELEASED / SCORER).read_text(encoding="utf-8"))
    found = described["figures"]
    assert 0.87 <= found["people"]["covered"]["value"] <= 0.93
    assert found["emotion"]["ece"]["value"] < 0.03
    probes = {one["title"]: one["figure"]["value"] for one in found["probes"] if isinstance(one["figure"], dict)}
    assert probes["swap area"] >= 0.85
    assert probes["flipped"] <= 0.10
    card = Path(RELEASED / "README.md").read_text(encoding="utf-8")
    assert f"{found['people']['spearman']['value']:.3f} [" in card


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert empathy(["score", "I lost my job.", "Oh no, I am so sorry.", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert 3 < said["empathy"] <= 5
    assert said["interval"][0] <= said["empathy"] <= said["interval"][1]


def test_when_it_abstains(released: EmpathyScorer) -> None:
    said, sorry = "My bike was stolen this morning.", "I am so sorry to hear that."
    assert released.score(said, sorry).reasons == ()
    for context, reply, reasons in (
        (
            said,
            "Das tut mir sehr leid, das muss schwer gewesen sein.",
            ["other language: the reply seems to be German"],
        ),
        ("Me robaron la bicicleta esta mañana.", sorry, ["other language: the context seems to be Spanish"]),
        (said, "😂😂😂", ["unknown tokens: most of the reply is"]),
        (said, f"{sorry} " * 20 + "Get lost.", ["truncated: the reply is longer than 64 tokens"]),
        ("My father died. " + "It rained. " * 60, sorry, ["truncated: the context is longer than 126 tokens"]),
        (f"[12/05/2024, 10:01:22] Ann: {said}", f"<p>{sorry}</p>", ["looks like an export: the context"] * 2),
        (said, "nan", ["no text: the reply is 'nan'"]),
    ):
        found = [one for one in released.score(context, reply).reasons if not one.startswith("the text is far")]
        assert len(found) == len(reasons)
        assert found[0].startswith(reasons[0])
