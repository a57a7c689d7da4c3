"""Reader of EPITOME."""

from pathlib import Path

import pytest

from pipelines.data.epitome import FILES, read_epitome
from pipelines.data.exclude import read_exclude_ids
from pipelines.data.mechanisms import MECHANISMS
from pipelines.errors import UserError

REAL = Path(__file__).parents[3] / "data"
HEADER = "sp_id,rp_id,seeker_post,response_post,level,rationales"


def write(folder: Path, **rows: list[str]) -> str:
    """The three CSVs; `er`, `ip`, `ex` give the rows of one of them instead of two pairs of level 0, 1, 2."""
    for place, (mechanism, name) in enumerate(FILES.items()):
        lines = rows.get(mechanism, [f"a,b,I lost,Sorry,{place},", f'a,c,I lost,"Hm, why?",{2 - place},why'])
        (folder / name).write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return str(folder)


def test_levels_are_joined_by_the_ids_whatever_the_order_and_the_white_space(tmp_path: Path) -> None:
    path = write(tmp_path, ip=['a,c,"I  lost\n\n",Hm why?,2,', "a,b, I lost ,Sorry ,1,"])
    pairs = read_epitome(path, frozenset())
    assert pairs.to_dict("records") == [
        {"sp_id": "a", "rp_id": "b", "seeker_post": "I lost", "response_post": "Sorry", "er": 0, "ip": 1, "ex": 2},
        {"sp_id": "a", "rp_id": "c", "seeker_post": "I lost", "response_post": "Hm, why?", "er": 2, "ip": 2, "ex": 0},
    ]
    assert all(pairs[mechanism].dtype == int for mechanism in MECHANISMS)


def test_white_space_inside_quotes_is_one_space(tmp_path: Path) -> None:
    path = write(tmp_path, er=['a,b,"I\n lost \r\n it",Sorry,0,', "a,c,I lost,Hm,2,"])
    assert read_epitome(path, frozenset())["seeker_post"][0] == "I lost it"


def test_a_pair_that_is_there_twice_counts_once(tmp_path: Path) -> None:
    path = write(tmp_path, er=["a,b,I lost,Sorry,0,", "a,c,I lost,Hm,2,", "a,b,I lost,Sorry,0,"])
    assert read_epitome(path, frozenset())["rp_id"].tolist() == ["b", "c"]


@pytest.mark.parametrize(("left_out", "kept"), [("a_b", ["c"]), ("c", ["b"]), ("a", []), ("x", ["b", "c"])])
def test_excluded_ids_of_a_pair_a_response_or_a_seeker(tmp_path: Path, left_out: str, kept: list[str]) -> None:
    assert read_epitome(write(tmp_path), frozenset({left_out}))["rp_id"].tolist() == kept


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["a,b,I lost,Sorry,3,"],
            r"interpretations-reddit\.csv:2: expected a level of 0, 1 or 2, came '3'; fetch it with",
        ),
        (["a,b,I lost"], r"interpretations-reddit\.csv:2: expected a level of 0, 1 or 2, came 'None'"),
        (["a,b,I lost,Sorry,1,"], r"interpretations-reddit\.csv: expected the pairs of emotional-reactions-reddit"),
        (
            ["a,b,I lost,Sorry,1,", "a,d,I lost,Sorry,1,"],
            "expected the pairs of .*, came others; fetch it with",
        ),
    ],
)
def test_broken_files(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_epitome(write(tmp_path, ip=rows), frozenset())


def test_missing_file_column_or_rows(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"nowhere.*expected a CSV of EPITOME, came No such file.*fetch it with"):
        read_epitome(str(tmp_path / "nowhere"), frozenset())
    write(tmp_path)
    (tmp_path / FILES["ex"]).write_text("sp_id,rp_id,seeker_post,level\n")
    with pytest.raises(UserError, match=r"explorations-reddit\.csv:1: expected the columns .*, missing response_post"):
        read_epitome(str(tmp_path), frozenset())
    with pytest.raises(UserError, match=r"emotional-reactions-reddit\.csv: expected annotated pairs, came none"):
        read_epitome(write(tmp_path, er=[]), frozenset())


@pytest.mark.skipif(not (REAL / "epitome").is_dir(), reason="data/epitome is not here")
def test_real_files() -> None:
    pairs = read_epitome(str(REAL / "epitome"), frozenset())
    assert len(pairs) == pairs[["sp_id", "rp_id"]].drop_duplicates().shape[0] > 3000
    assert {level for mechanism in MECHANISMS for level in pairs[mechanism]} == {0, 1, 2}
    reserved = read_exclude_ids(str(REAL / "reserved_ids.json"), "epitome")
    assert len(reserved) > 0
    assert len(read_epitome(str(REAL / "epitome"), reserved)) < len(pairs)
