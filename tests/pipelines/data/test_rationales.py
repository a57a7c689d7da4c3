"""EPITOME's rationales: reader, and which tokens they cover."""

from pathlib import Path

import pandas as pd
import pytest

from modeling.encoder import load_tokenizer
from pipelines.data.epitome import FILES, read_epitome
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.rationales import count_rationales, rationale_mask, rationale_spans, read_rationales
from pipelines.errors import UserError

REAL = Path(__file__).parents[3] / "data"
HEADER = "sp_id,rp_id,seeker_post,response_post,level,rationales"
ROWS = [
    'a,b,I lost,"Sorry,  that\n hurts. Why?",2,"Sorry, that hurts.|Why?|"',
    "a,c,I lost,Hm,0,",
    "a,b,I lost,Sorry,1,Sorry|",
]


def write(folder: Path, rows: list[str], header: str = HEADER) -> str:
    (folder / FILES["ip"]).write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return str(folder)


def test_rows(tmp_path: Path) -> None:
    path = write(tmp_path, [*ROWS, 'd,e,They left,"I see, so do I",1,I see | |'])
    pairs = read_rationales(path, "ip", frozenset())
    assert pairs.to_dict("records") == [
        {
            "sp_id": "a",
            "rp_id": "b",
            "seeker_post": "I lost",
            "response_post": "Sorry, that hurts. Why?",
            "level": 2,
            "rationales": ["Sorry, that hurts.", "Why?"],
        },
        {"sp_id": "a", "rp_id": "c", "seeker_post": "I lost", "response_post": "Hm", "level": 0, "rationales": []},
        {
            "sp_id": "d",
            "rp_id": "e",
            "seeker_post": "They left",
            "response_post": "I see, so do I",
            "level": 1,
            "rationales": ["I see"],
        },
    ]
    assert pairs["level"].dtype == int


@pytest.mark.parametrize(("left_out", "kept"), [("a_b", ["c"]), ("c", ["b"]), ("a", []), ("x", ["b", "c"])])
def test_excluded_ids(tmp_path: Path, left_out: str, kept: list[str]) -> None:
    assert read_rationales(write(tmp_path, ROWS), "ip", frozenset({left_out}))["rp_id"].tolist() == kept


@pytest.mark.parametrize(
    ("rows", "header", "message"),
    [
        (
            ["a,b,I lost,Hm,3,"],
            HEADER,
            r"reddit\.csv:2: expected a level of 0, 1 or 2, came '3'; fetch it with",
        ),
        (
            ["a,b,I lost,Hm,1"],
            HEADER,
            r"reddit\.csv:2: expected a value for each of .*, came none for rationales; fetch it with",
        ),
        ([], HEADER, "expected annotated pairs, came none"),
        (
            [],
            HEADER.removesuffix(",rationales"),
            r"reddit\.csv:1: expected the columns .*, missing rationales; fetch it with",
        ),
    ],
)
def test_broken_files(tmp_path: Path, rows: list[str], header: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_rationales(write(tmp_path, rows, header), "ip", frozenset())


def test_unknown_mechanism_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="mechanism: expected one of er, ip, ex, came 'warmth'; choose one of them"):
        read_rationales(str(tmp_path), "warmth", frozenset())
    with pytest.raises(UserError, match=r"explorations-reddit\.csv: expected a CSV of EPITOME, came No such file"):
        read_rationales(str(tmp_path), "ex", frozenset())


@pytest.mark.parametrize(
    ("response", "rationale", "covered"),
    [
        ("I see. Why? Why?", "Why?", "Why?"),  # the first of two
        ("I am  so\nsorry (really)!", "so sorry (really)", "so\nsorry (really)"),
        ("I amso sorry", "am so", "amso"),
        ("Me &amp; you &lt;3 always", "& you <3", "&amp; you &lt;3"),
        ("Me &amp; you", "Me &amp; you", "Me &amp; you"),
        ("one &amp;#x200B; two", "&#x200B; two", "&amp;#x200B; two"),
        ("I see", "I See", None),
        ("I see", "you see", None),
    ],
)
def test_spans(response: str, rationale: str, covered: str | None) -> None:
    (span,) = rationale_spans(response, [rationale])
    assert (None if span is None else response[slice(*span)]) == covered
    if response.startswith("I see. Why"):
        assert span == (7, 11)


def test_mask_by_hand() -> None:
    #           I       am       so       sorry     .        special
    offsets = [(0, 1), (2, 4), (5, 7), (8, 13), (13, 14), (0, 0)]
    assert rationale_mask("I am so sorry.", ["so sorry"], offsets) == [0, 0, 1, 1, 0, 0]
    assert rationale_mask("I am so sorry.", ["I am", "sorry."], offsets) == [1, 1, 0, 1, 1, 0]
    assert rationale_mask("I am so sorry.", ["m so sor"], offsets) == [0, 1, 1, 1, 0, 0]  # in part
    assert rationale_mask("I am so sorry.", ["not there"], offsets) == [0] * 6
    assert rationale_mask("I am so sorry.", [], offsets) == [0] * 6


def test_mask_of_a_tokenizer_s_tokens(tiny_encoder: str) -> None:
    tokenizer = load_tokenizer(tiny_encoder)
    response = "That is wonderful! You must be so proud of her."
    encoded = tokenizer(response, return_offsets_mapping=True)
    mask = rationale_mask(response, ["You must be  so proud"], encoded["offset_mapping"])
    assert mask[0] == mask[-1] == 0  # special tokens
    inside = [token for token, marked in zip(encoded["input_ids"], mask, strict=True) if marked]
    assert tokenizer.decode(inside).strip().lower() == "you must be so proud"


def test_count() -> None:
    pairs = pd.DataFrame({"response_post": ["I see. Why?", "Hm", "No"], "rationales": [["Why?", "How?"], [], ["Yes"]]})
    assert count_rationales(pairs) == {"rationales": 3, "rationales_not_found": 2}


@pytest.mark.skipif(not (REAL / "epitome").is_dir(), reason="data/epitome is not here")
@pytest.mark.parametrize(
    ("mechanism", "counts", "without"),
    [
        ("er", {"rationales": 1209, "rationales_not_found": 0}, 0.665),
        ("ip", {"rationales": 1591, "rationales_not_found": 6}, 0.529),  # without a word that the response holds
        ("ex", {"rationales": 517, "rationales_not_found": 0}, 0.844),
    ],
)
def test_real_files(mechanism: str, counts: dict[str, int], without: float) -> None:
    pairs = read_rationales(str(REAL / "epitome"), mechanism, frozenset())
    levels = read_epitome(str(REAL / "epitome"), frozenset()).set_index(["sp_id", "rp_id"])[mechanism]
    assert pairs.set_index(["sp_id", "rp_id"])["level"].rename(mechanism).sort_index().equals(levels.sort_index())
    assert count_rationales(pairs) == counts
    annotated = pairs["rationales"].map(bool)
    assert not annotated[pairs["level"] == 0].any()
    assert (~annotated).mean() == pytest.approx(without, abs=5e-4)
    reserved = read_exclude_ids(str(REAL / "reserved_ids.json"), "epitome")
    assert len(read_rationales(str(REAL / "epitome"), mechanism, reserved)) == len(pairs) - len(reserved)
