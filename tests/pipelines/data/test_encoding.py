"""From texts to packed token ids: separators, what is cut, labels."""

import math
from typing import Any

import pytest
from transformers import PreTrainedTokenizerBase

from modeling.encoder import load_tokenizer
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from pipelines.data.encoding import NO_EMOTION, encode_pairs, encode_texts, encode_views

# Words that either tiny tokenizer knows as one token.
OLD, NEW = "I", "you"


def example(**changes: Any) -> dict[str, Any]:
    return {
        "situation": "Our cat died.",
        "dialogue_context": [
            {"role": "speaker", "text": "Our cat died."},
            {"role": "listener", "text": "Cats die."},
            {"role": "speaker", "text": "I miss her."},
        ],
        "response": "I am so sorry.",
        "emotion": 27,
        "empathy": 4.5,
    } | changes


@pytest.fixture
def tokenizer(tiny_encoder: str) -> PreTrainedTokenizerBase:
    return load_tokenizer(tiny_encoder)


def words(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    return " ".join(tokenizer.decode(ids, skip_special_tokens=True).split())


@pytest.mark.parametrize(
    ("kind", "middle"), [("bert", ["[SEP]"]), ("roberta", ["</s>", "</s>"])], ids=["bert", "roberta"]
)
def test_separators_of_a_pair_are_the_tokenizer_s(kind: str, middle: list[str], tiny_encoders: dict[str, str]) -> None:
    tokenizer = load_tokenizer(tiny_encoders[kind])
    (ids,) = encode_pairs(["Cats die."], ["I miss her."], tokenizer, 32)
    context = tokenizer("Cats die.", add_special_tokens=False)["input_ids"]
    response = tokenizer("I miss her.", add_special_tokens=False)["input_ids"]
    between = tokenizer.convert_tokens_to_ids(middle)
    assert ids == [tokenizer.cls_token_id, *context, *between, *response, tokenizer.sep_token_id]


def test_turns_are_separated_and_views_packed_in_order(tokenizer: PreTrainedTokenizerBase) -> None:
    (row,) = encode_views([example()], (CONTEXT, FULL_DIALOGUE), "speaker_turns", tokenizer, 64)
    separator = tokenizer.sep_token
    context = tokenizer(f"Our cat died. {separator} I miss her.")["input_ids"]
    full = tokenizer(f"Our cat died. {separator} Cats die. {separator} I miss her.", "I am so sorry.")["input_ids"]
    assert row.input_ids == context + full
    assert row.view_ids == [CONTEXT] * len(context) + [FULL_DIALOGUE] * len(full)
    assert context.count(tokenizer.sep_token_id) == 2
    assert (row.empathy, row.emotion) == (4.5, 27)


@pytest.mark.parametrize("view", ["situation", "first_utterance", "speaker_turns", "dialogue_context"])
def test_context_view_is_the_one_named(view: str, tokenizer: PreTrainedTokenizerBase) -> None:
    given = example(situation="The winter was long.")
    (row,) = encode_views([given], (CONTEXT,), view, tokenizer, 64)
    expected = {
        "situation": "The winter was long.",
        "first_utterance": "Our cat died.",
        "speaker_turns": f"Our cat died. {tokenizer.sep_token} I miss her.",
        "dialogue_context": f"Our cat died. {tokenizer.sep_token} Cats die. {tokenizer.sep_token} I miss her.",
    }[view]
    assert row.input_ids == tokenizer(expected)["input_ids"]
    assert set(row.view_ids) == {CONTEXT}


def test_the_full_dialogue_view_does_not_depend_on_the_context_view(tokenizer: PreTrainedTokenizerBase) -> None:
    rows = [
        encode_views([example()], (FULL_DIALOGUE,), view, tokenizer, 64)[0].input_ids
        for view in ("situation", "dialogue_context")
    ]
    assert rows[0] == rows[1]


def test_long_text_keeps_its_latest_tokens(tokenizer: PreTrainedTokenizerBase) -> None:
    text = f"{OLD} " * 40 + f"{NEW} " * 9 + NEW
    (ids,) = encode_texts([text], tokenizer, 16)
    assert len(ids) == 16
    assert (ids[0], ids[-1]) == (tokenizer.cls_token_id, tokenizer.sep_token_id)
    assert words(tokenizer, ids).lower().split() == ["i"] * 4 + ["you"] * 10


def test_long_context_loses_its_oldest_and_the_response_is_whole(tokenizer: PreTrainedTokenizerBase) -> None:
    context = f"{OLD} " * 40 + f"{NEW} " * 4 + NEW
    (ids,) = encode_pairs([context], ["Cats die."], tokenizer, 24)
    response = tokenizer("Cats die.", add_special_tokens=False)["input_ids"]
    assert len(ids) == 24
    assert ids[-1 - len(response) : -1] == response
    kept = words(tokenizer, ids[: -1 - len(response)]).lower().split()
    assert kept[-6:] == ["i"] + ["you"] * 5
    assert set(kept[:-5]) == {"i"}


def test_long_response_keeps_its_beginning_in_half_the_row(tokenizer: PreTrainedTokenizerBase) -> None:
    context = " ".join([OLD] * 30)
    response = " " + " ".join([NEW] * 8 + ["cats"] * 30)
    (ids,) = encode_pairs([context], [response], tokenizer, 32)
    assert len(ids) == 32
    special = 3 if tokenizer.sep_token == "[SEP]" else 4
    kept = words(tokenizer, ids).lower().split()
    assert kept.count("i") == 32 - special - 16
    after = ids[len(ids) - 1 - ids[::-1].index(tokenizer.sep_token_id, 1) + 1 : -1]
    assert len(after) == 16
    assert words(tokenizer, after).lower().startswith("you " * 8 + "c")


def test_a_short_context_leaves_a_long_response_at_half(tokenizer: PreTrainedTokenizerBase) -> None:
    (ids,) = encode_pairs(["Cats die."], [" you" * 60], tokenizer, 32)
    assert words(tokenizer, ids).lower().count("you") == 16


@pytest.mark.parametrize("view_length", [8, 13, 16, 31])
@pytest.mark.parametrize("response", ["\U0001f62d" * 15, "可哀想" * 9, "é" * 40, "x" * 300, "you" + "\U0001f62d" * 90])
def test_characters_of_several_tokens_do_not_overflow(
    response: str, view_length: int, tokenizer: PreTrainedTokenizerBase
) -> None:
    """A byte-level tokenizer may take four tokens for one character."""
    (ids,) = encode_pairs(["I could not sleep. " * 5], [response], tokenizer, view_length)
    last = len(ids) - 1 - ids[::-1].index(tokenizer.sep_token_id, 1)
    assert len(ids) <= view_length
    assert len(ids[last + 1 : -1]) <= view_length // 2
    assert "�" not in tokenizer.decode(ids[last + 1 : -1])


def test_no_view_is_longer_than_its_limit(tokenizer: PreTrainedTokenizerBase) -> None:
    long = example(
        dialogue_context=[{"role": "speaker", "text": "They towed my van from my own drive. " * 20}],
        response="That would make me angry too. " * 20,
    )
    (row,) = encode_views([long], (CONTEXT, FULL_DIALOGUE), "speaker_turns", tokenizer, 20)
    assert (row.view_ids.count(CONTEXT), row.view_ids.count(FULL_DIALOGUE)) == (20, 20)


def test_a_response_of_its_own_is_not_in_the_full_dialogue_view(tokenizer: PreTrainedTokenizerBase) -> None:
    given = example(response="you " * 60)
    pair, apart = (
        encode_views([given], views, "speaker_turns", tokenizer, 32)[0]
        for views in ((CONTEXT, FULL_DIALOGUE), (CONTEXT, FULL_DIALOGUE, RESPONSE))
    )
    context = encode_views([given], (CONTEXT,), "dialogue_context", tokenizer, 32)[0].input_ids
    of_view = {
        view: [token for token, its in zip(apart.input_ids, apart.view_ids, strict=True) if its == view]
        for view in (CONTEXT, FULL_DIALOGUE, RESPONSE)
    }
    assert of_view[FULL_DIALOGUE] == context
    assert len(of_view[RESPONSE]) == 32 // 2 + 2, "half a view's tokens, and the special ones"
    assert of_view[CONTEXT] == pair.input_ids[: len(of_view[CONTEXT])]
    assert list(dict.fromkeys(apart.view_ids)) == [CONTEXT, FULL_DIALOGUE, RESPONSE]


def test_a_text_that_is_context_and_response_is_cut_as_each_of_them(tokenizer: PreTrainedTokenizerBase) -> None:
    text = ("i " * 20 + "you " * 40).strip()
    given = example(dialogue_context=[{"role": "speaker", "text": text}], response=text)
    (row,) = encode_views([given], (CONTEXT, FULL_DIALOGUE, RESPONSE), "speaker_turns", tokenizer, 32)
    of_view = {
        view: [token for token, its in zip(row.input_ids, row.view_ids, strict=True) if its == view]
        for view in (CONTEXT, FULL_DIALOGUE, RESPONSE)
    }
    assert of_view[CONTEXT] == of_view[FULL_DIALOGUE] == encode_texts([text], tokenizer, 32)[0]
    whole = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert of_view[CONTEXT][1:-1] == whole[-30:]
    assert of_view[RESPONSE][1:-1] == whole[:16]


def test_texts_given_are_left_as_they_are(tokenizer: PreTrainedTokenizerBase) -> None:
    responses = ["you " * 60]
    encode_pairs(["Cats die."], responses, tokenizer, 16)
    assert responses == ["you " * 60]


def test_absent_labels(tokenizer: PreTrainedTokenizerBase) -> None:
    (row,) = encode_views([example(empathy=None, emotion=None)], (CONTEXT,), "situation", tokenizer, 16)
    assert math.isnan(row.empathy)
    assert row.emotion == NO_EMOTION == -100


def test_no_examples_and_unknown_views(tokenizer: PreTrainedTokenizerBase) -> None:
    assert encode_views([], (CONTEXT,), "situation", tokenizer, 16) == []
    with pytest.raises(
        ValueError, match=r"views: expected CONTEXT \(1\), FULL_DIALOGUE \(2\) or RESPONSE \(3\), got 4"
    ):
        encode_views([example()], (4,), "situation", tokenizer, 16)


@pytest.mark.parametrize("view", ["situation", "first_utterance", "speaker_turns", "dialogue_context"])
def test_what_is_not_seen_is_blank(view: str, tokenizer: PreTrainedTokenizerBase) -> None:
    def encode(given: dict[str, Any], seen: str) -> list[int]:
        (row,) = encode_views([given], (CONTEXT, FULL_DIALOGUE), view, tokenizer, 64, seen)
        assert set(row.view_ids) == {CONTEXT, FULL_DIALOGUE}, "a blank view is still there, to be pooled"
        return row.input_ids

    other_context = example(situation="It rained.", dialogue_context=[{"role": "speaker", "text": "It rained."}])
    other_response = example(response="Buy a lamp.")
    assert encode(example(), "response") == encode(other_context, "response") != encode(other_response, "response")
    assert encode(example(), "context") == encode(other_response, "context") != encode(other_context, "context")
    assert encode(example(), "both") != encode(other_response, "both") != encode(other_context, "both")


def test_a_blank_view_is_special_tokens_alone(tokenizer: PreTrainedTokenizerBase) -> None:
    (row,) = encode_views([example()], (CONTEXT, FULL_DIALOGUE), "speaker_turns", tokenizer, 64, "response")
    blank = row.input_ids[: row.view_ids.count(CONTEXT)]
    assert blank == tokenizer("")["input_ids"]
    assert len(blank) == 2
    assert words(tokenizer, row.input_ids[2:]) == words(tokenizer, tokenizer("I am so sorry.")["input_ids"])
