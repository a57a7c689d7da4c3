"""The texts that a config can name as its context view."""

import pytest

from pipelines.data.views import CONTEXT_VIEWS, context_text, context_turns

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
