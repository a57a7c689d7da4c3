"""When a pair lies outside of what the model was trained on."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from modeling.views import FULL_DIALOGUE, RESPONSE
from pipelines.scoring.domain import (
    DIRECTIONS,
    EMPTY_CONTEXT,
    EMPTY_RESPONSE,
    EXPORT,
    NO_TEXT,
    OTHER_LANGUAGE,
    SHARE_LEFT_OUT,
    TRUNCATED,
    UNKNOWN_TOKENS,
    Reading,
    fit_domain,
    reading_reasons,
    text_reasons,
)


def vectors() -> np.ndarray:
    """(2000, 80), of unlike variances and correlated."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(2000, 80)) * np.linspace(0.1, 3, 80) @ rng.normal(size=(80, 80)) + 2


def test_distances_are_those_of_scikit_learn_s_probabilistic_pca() -> None:
    given = vectors()
    domain = fit_domain(given)
    fitted = PCA(DIRECTIONS, svd_solver="full").fit(given)
    centred = given[:50] - given.mean(axis=0)
    expected = np.sqrt(np.einsum("bi,ij,bj->b", centred, fitted.get_precision(), centred))
    found = domain.distances(torch.from_numpy(given[:50]).float())
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-3)


def test_so_many_of_the_training_pairs_are_far() -> None:
    given = vectors()
    domain = fit_domain(given)
    far = domain.distances(torch.from_numpy(given).float()) > domain.farthest
    assert far.float().mean().item() == pytest.approx(SHARE_LEFT_OUT, abs=1e-3)
    shifted = torch.from_numpy(given + 40).float()
    assert bool((domain.distances(shifted) > domain.farthest).all())


def test_a_few_pairs_have_fewer_directions() -> None:
    assert fit_domain(vectors()[:12]).directions.shape == (11, 80)


SAID, REPLY = "My bike was stolen this morning.", "Oh no, that is awful. Did you need it for work?"


def test_plain_english_has_no_reason() -> None:
    assert text_reasons([SAID], REPLY) == ()
    assert text_reasons(["Hi.", "Hi, how are you?", SAID], REPLY) == ()


def test_what_is_empty_has_that_reason_alone() -> None:
    assert text_reasons([SAID], " ") == (EMPTY_RESPONSE,)
    assert text_reasons([], REPLY) == (EMPTY_CONTEXT,)
    assert text_reasons(["", " "], "nan") == (EMPTY_CONTEXT,)


@pytest.mark.parametrize("text", ["nan", "NaN", "None", "null", "N/A", "<NA>", "undefined", "[deleted]"])
def test_what_programs_write_for_a_missing_text(text: str) -> None:
    said = f"is {text!r}, which programs write where a text is missing"
    assert text_reasons([SAID], text) == (f"{NO_TEXT}: the reply {said}",)
    assert text_reasons([text], REPLY) == (f"{NO_TEXT}: the context {said}",)
    assert text_reasons([SAID, text], REPLY) == (f"{NO_TEXT}: turn 2 of the context {said}",)
    assert text_reasons([SAID], f"My {text} was kind to me.") == ()


def test_each_side_is_looked_at() -> None:
    german, spanish = "Das tut mir sehr leid, das muss schwer gewesen sein.", "Me robaron la bicicleta esta mañana."
    assert text_reasons([SAID], german) == (f"{OTHER_LANGUAGE}: the reply seems to be German",)
    assert text_reasons([spanish], REPLY) == (f"{OTHER_LANGUAGE}: the context seems to be Spanish",)
    assert text_reasons([SAID, REPLY, "Мне очень жаль."], REPLY) == (
        f"{OTHER_LANGUAGE}: turn 3 of the context is in Cyrillic letters",
    )
    assert len(text_reasons([spanish, spanish, german], german)) == 2  # once a side


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[12/05/2024, 10:01:22] Ann: My bike was stolen", "holds the date or time of a message"),
        ("\u200e[12.05.24, 10:01:22] Ann: My bike was stolen", "holds the date or time of a message"),
        ("12/05/24, 10:01 - Ann: My bike was stolen", "holds the date or time of a message"),
        ("5/12/24, 10:01 AM - Ann: My bike was stolen", "holds the date or time of a message"),
        ("12.05.24, 22:01 - Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt.", "holds the date or time"),
        ("2024-05-12 10:01:22 Ann: My bike was stolen", "holds the date or time of a message"),
        ("2024-05-12T10:01:22Z Ann: My bike was stolen", "holds the date or time of a message"),
        ("[10:01, 5/12/2024] Ann: My bike was stolen", "holds the date or time of a message"),
        ("[10:01] <Ann> My bike was stolen", "holds the date or time of a message"),
        ("Ann, [12.05.2024 10:01] My bike was stolen", "holds the date or time of a message"),
        ("Ann — Today at 10:01 AM My bike was stolen", "holds the date or time of a message"),
        ("Ann — 05/12/2024 10:01 PM My bike was stolen", "holds the date or time of a message"),
        ("Hi. 12/05/24, 10:02 - Ben: I am so sorry", "holds the date or time of a message"),
        ("00:00:01,000 --> 00:00:04,000 My bike was stolen", "holds the times of subtitles"),
        ("On Mon, 5 May 2024 at 10:01, Ann wrote: > My bike was stolen", "holds the head of a mail"),
        ("Subject: my bike", "holds the head of a mail"),
        ("Assistant: I am so sorry", "starts with a role"),
        ("**User:** My bike was stolen", "starts with a role"),
        ("<p>My bike was stolen</p>", "holds HTML"),
        ('My <a href="x.html">bike</a> was stolen', "holds HTML"),
        ("My bike was stolen<br/>today", "holds HTML"),
        ("My bike&nbsp;was stolen", "holds HTML"),
        ("I don&#39;t know", "holds HTML"),
        ("[quote]My bike was stolen[/quote]", "holds HTML"),
        ("<|im_start|>user My bike was stolen<|im_end|>", "holds marks of a model's own"),
        ("My bike was stolen</s>", "holds marks of a model's own"),
        ("[INST] My bike was stolen [/INST]", "holds marks of a model's own"),
        ("My bike [SEP] was stolen", "holds marks of a model's own"),
        ("Yes_comma_ my bike", "holds _comma_ where a comma stood"),
        ("<Media omitted>", "stands for what is not there"),
        ("\u200eimage omitted", "stands for what is not there"),
        ("This message was deleted.", "stands for what is not there"),
        ("I donâ€™t know", "was read in a wrong encoding"),
    ],
)
def test_what_looks_like_an_export(text: str, said: str) -> None:
    for side, found in (("the reply", text_reasons([SAID], text)), ("the context", text_reasons([text], REPLY))):
        assert [one for one in found if one.startswith(f"{EXPORT}: {side} {said}")] == list(found)[:1]


@pytest.mark.parametrize(
    "text",
    [
        "[crying] I lost it",
        "<sigh> I lost it",
        "We meet at 10:30 on 12/05.",
        "My exam is on 12/05/2024 at 10:00, so wish me luck!",
        "He said: I never loved you.",
        "I <3 you, and 2 < 3 :)",
        "AT&T; they cut us off",
        "She deleted this message_history of ours — today was hard",
        "My assistant: what a kind man",
        "(╯°□°)╯ what a day",
    ],
)
def test_what_people_write_is_no_export(text: str) -> None:
    assert text_reasons([text], REPLY) == ()
    assert text_reasons([SAID], text) == ()


def test_names_at_the_head_of_both() -> None:
    assert text_reasons(["Ann: My bike was stolen"], "Ben Miller: I am so sorry") == (
        f"{EXPORT}: the context and the reply start with a name",
    )
    assert text_reasons(["Update: he called me back"], REPLY) == ()


def test_what_was_not_read_or_not_understood() -> None:
    limits = {FULL_DIALOGUE: 126, RESPONSE: 64}
    assert reading_reasons(Reading(), limits) == ()
    assert reading_reasons(Reading(cut=(FULL_DIALOGUE, RESPONSE), unknown=(RESPONSE,)), limits) == (
        f"{UNKNOWN_TOKENS}: most of the reply is signs that the model does not know, such as emoji",
        f"{TRUNCATED}: the context is longer than 126 tokens, its beginning was not read",
        f"{TRUNCATED}: the reply is longer than 64 tokens, its end was not read",
    )


def test_reasons_can_be_joined_by_semicolons() -> None:
    found = text_reasons(["nan", "<p>Hallo, wie geht es dir heute?</p>"], "Assistant: Das tut mir sehr leid.")
    found += reading_reasons(Reading((FULL_DIALOGUE,), (RESPONSE,)), {FULL_DIALOGUE: 1, RESPONSE: 1})
    assert len(found) == 7
    assert ";" not in "".join(found)
