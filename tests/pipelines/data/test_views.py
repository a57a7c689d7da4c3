"""The texts that a config can name as its context view."""

import pytest

from modeling.configuration import SEEN as SEEN_OF_MODELS
from pipelines.data.views import CONTEXT_VIEWS, SEEN, context_text, context_turns

EXAMPLE = {
    "situation": "My van was towed.",
    "dialogue_context": [
        {"role": "speaker", "text": "They towed my van!"},
        {"role": "listener", "text": "Oh no. Where?"},
        {"role": "speaker", "text": "From my own drive."},
    ],
    "response": "I would be furious.",
}


@pytest.mark.parametrize(
    ("view", "turns"),
    [
        ("situation", ["My van was towed."]),
        ("first_utterance", ["They towed my van!"]),
        ("speaker_turns", ["They towed my van!", "From my own drive."]),
        ("dialogue_context", ["They towed my van!", "Oh no. Where?", "From my own drive."]),
    ],
)
def test_turns_of_a_view(view: str, turns: list[str]) -> None:
    assert context_turns(EXAMPLE, view) == turns
    assert context_text(EXAMPLE, view) == " ".join(turns)


def test_no_view_holds_the_response() -> None:
    assert set(CONTEXT_VIEWS) == {"situation", "first_utterance", "speaker_turns", "dialogue_context"}
    assert not any("furious" in context_text(EXAMPLE, view) for view in CONTEXT_VIEWS)


@pytest.mark.parametrize("view", CONTEXT_VIEWS)
def test_what_is_seen(view: str) -> None:
    assert SEEN["both"](EXAMPLE) == EXAMPLE
    response = SEEN["response"](EXAMPLE)
    assert context_text(response, view) == ""
    assert response["response"] == EXAMPLE["response"]
    context = SEEN["context"](EXAMPLE)
    assert context["response"] == ""
    assert context_turns(context, view) == context_turns(EXAMPLE, view)


def test_models_know_the_same_values_of_seen() -> None:
    assert tuple(SEEN) == SEEN_OF_MODELS
