"""What may be given to a scorer: each is read as what it means, or refused with what was expected."""

from collections.abc import Callable, Iterator
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from modeling.views import FULL_DIALOGUE, RESPONSE
from pipelines.errors import UserError
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.pairs import given_pairs, given_texts, plain
from tests.pipelines.scoring.conftest import write_release

PAIRS = [("Our old cat died last week.", "Cats die."), ("They towed my van!", "Oh no. Did you get it back?")]
ROWS = [{"context": context, "response": reply, "id": place} for place, (context, reply) in enumerate(PAIRS)]


@pytest.fixture(scope="module")
def scorer(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> EmpathyScorer:
    folder = tmp_path_factory.mktemp("pairs") / "release"
    write_release(folder, tiny_bert)
    return EmpathyScorer.from_pretrained(folder)


@pytest.mark.parametrize(
    "make",
    [
        lambda: PAIRS,
        lambda: [list(pair) for pair in PAIRS],
        lambda: tuple(PAIRS),
        lambda: (pair for pair in PAIRS),
        lambda: zip(*zip(*PAIRS, strict=True), strict=True),
        lambda: ROWS,
        lambda: iter(ROWS),
        lambda: np.array(PAIRS),
        lambda: np.array(PAIRS, dtype=object),
        lambda: pd.DataFrame(ROWS),
        lambda: pd.Series(PAIRS),
        lambda: pa.Table.from_pylist(ROWS),
        lambda: datasets.Dataset.from_list(ROWS),
        lambda: datasets.Dataset.from_list(ROWS).to_iterable_dataset(),
        lambda: [([context], reply) for context, reply in PAIRS],
        lambda: [(np.array([context]), reply) for context, reply in PAIRS],
        lambda: [(pd.Series([context], index=[7]), reply) for context, reply in PAIRS],
        lambda: [{"context": [{"role": "speaker", "text": context}], "response": reply} for context, reply in PAIRS],
    ],
)
def test_pairs_that_are_read(make: Callable[[], Any]) -> None:
    found = list(given_pairs(make()))
    assert found == [([{"role": "speaker", "text": context}], reply) for context, reply in PAIRS]


LETTERS = r"expected a list of pairs, such as \[\(\"I lost my job.\", \"Oh no!\"\)\]"


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ("ab", rf"^{LETTERS}.*, got the text 'ab'; a file is scored with: empathy score FILE --out OUT$"),
        (b"ab", "got a bytes;"),
        (None, "got a NoneType;"),
        (7, "got a int;"),
        ({("a", "b")}, "got a set;"),
        (("I lost my job.", "Oh no!"), r"pairs\[0\]: .* got the text 'I lost my job.' in it; a single pair goes into"),
        (["ab", "cd"], r"pairs\[0\]: .* got the text 'ab' in it"),
        (["a.csv", "b.csv"], r"pairs\[0\]: .* a file is scored with: empathy score FILE --out OUT$"),
        (ROWS[0], "got one pair; put it into a list"),
        ({"context": ["a"], "response": ["b"]}, "of columns, give zip"),
        (datasets.DatasetDict(test=datasets.Dataset.from_list(ROWS)), "with test; .* of a data set with splits, one"),
        ([PAIRS[0], ("a", "b", "c")], r"pairs\[1\]: .* got a tuple of 3 in it"),
        ([{"prompt": "a", "response": "b"}], r"pairs\[0\]: expected the keys context and response, got prompt, resp"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), r"pairs\[0\]: expected the keys context and response, got a, b"),
        ([("a", float("nan"))], r"pairs\[0\]: response: expected a text, got .*"),
        ([("a", ["b", "c"])], r"pairs\[0\]: response: expected one reply, got a list of 2"),
        ([(None, "b")], r"pairs\[0\]: context: expected a list of turns"),
        ([(b"a", "b")], r"pairs\[0\]: context: expected a list of turns.* got"),
        ([({"a", "b"}, "c")], r"pairs\[0\]: context: expected a list of turns.* got"),
    ],
)
def test_pairs_that_are_refused(scorer: EmpathyScorer, pairs: Any, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        scorer.score_pairs(pairs)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "texts",
    [
        ["a", "b"],
        ("a", "b"),
        (text for text in "ab"),
        np.array(["a", "b"]),
        pd.Series(["a", "b"], index=[3, 1]),
        pa.array(["a", "b"]).to_pylist(),
        datasets.Dataset.from_dict({"x": ["a", "b"]})["x"],
    ],
)
def test_lists_of_texts(texts: Any) -> None:
    assert given_texts(texts, "responses") == ["a", "b"]


@pytest.mark.parametrize("texts", ["one text", b"one", {"a": 1}, {"a", "b"}, None, pd.DataFrame({"a": ["x"]})])
def test_what_is_no_list_of_texts(scorer: EmpathyScorer, texts: Any) -> None:
    with pytest.raises(UserError, match=r"^responses: expected a list of texts, got .*\[response\]$"):
        scorer.score_candidates("Our cat died.", texts)


@pytest.mark.parametrize("dialogue", ["one text", b"one", None, {"a": "b"}])
def test_what_is_no_dialogue(scorer: EmpathyScorer, dialogue: Any) -> None:
    with pytest.raises(UserError, match="dialogue: expected a list of turns"):
        scorer.score_dialogue(dialogue)


def test_arrays_of_turns(scorer: EmpathyScorer) -> None:
    turns = ["Our old cat died last week.", "Cats die.", "She was with us for years.", "I am so sorry."]
    expected = pytest.approx(scorer.score_dialogue(turns).trajectory, abs=1e-5)
    assert scorer.score_dialogue(np.array(turns)).trajectory == expected  # type: ignore[arg-type]
    assert scorer.score_dialogue(pd.Series(turns)).trajectory == expected  # type: ignore[arg-type]
    found = scorer.score_candidates(np.array(turns[:3]), pd.Series([turns[3]]))  # type: ignore[arg-type]
    assert (expected.expected[0], found[0].empathy) == expected
    with pytest.raises(UserError, match="context: expected a list of turns"):
        scorer.score(None, "Oh.")  # type: ignore[arg-type]


def test_nothing_gives_nothing(scorer: EmpathyScorer) -> None:
    empty: Iterator[Any] = iter(())
    assert scorer.score_pairs([]) == scorer.score_pairs(empty) == scorer.score_candidates("Our cat died.", []) == []
    assert scorer.score_pairs(pd.DataFrame({"context": [], "response": []})) == []  # type: ignore[arg-type]


def test_plain_leaves_texts_alone() -> None:
    assert plain("ab") == "ab"
    assert plain({"a": "b"}) == {"a": "b"}
    assert plain(None) is None


def test_what_was_cut_is_a_reason(scorer: EmpathyScorer) -> None:
    """The tiny network reads 48 tokens of a context with its special ones, and 24 of a reply."""
    limits = scorer.limits
    assert limits == {FULL_DIALOGUE: 46, RESPONSE: 24}
    for words, cut in ((24, False), (25, True)):
        reasons = scorer.score(PAIRS[0][0], " ".join(["you"] * words)).reasons
        assert reasons == (("truncated: the reply is longer than 24 tokens, its end was not read",) if cut else ())
    for words, cut in ((46, False), (47, True)):
        for context in (" ".join(["you"] * words), ["cat", "cat", " ".join(["you"] * (words - 4))]):  # two separators
            for _ in range(2):  # the context is remembered then
                reasons = scorer.score(context, PAIRS[0][1]).reasons
                said = ("truncated: the context is longer than 46 tokens, its beginning was not read",)
                assert reasons == (said if cut else ())
    many = scorer.score_pairs([(" ".join(["you"] * 47), reply) for reply in ("you", " ".join(["you"] * 25))] * 12)
    assert [len(score.reasons) for score in many] == [1, 2] * 12


def test_what_is_unknown_is_a_reason(scorer: EmpathyScorer) -> None:
    said = "unknown tokens: most of the {} is signs that the model does not know, such as emoji"
    assert scorer.score(PAIRS[0][0], "😂😂😂").reasons == (said.format("reply"),)
    assert scorer.score("❤️ 🖕", "Cats die.").reasons == (said.format("context"),)
    assert scorer.score("🖕", "😂 you 😂").reasons == (said.format("context"), said.format("reply"))
    assert scorer.score(PAIRS[0][0], "you 😂").reasons == ()
