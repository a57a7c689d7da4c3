"""Two hundred inputs that nobody means well with: none ends the server, each gets a status that says what it was."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipelines.scoring import EmpathyScorer
from pipelines.scoring.server.app import make_app
from pipelines.scoring.server.settings import Limits, ServerSettings

LIMITS = Limits()
SAID, REPLY = "They towed my van!", "That would make me angry too."

# Texts that are strange and yet texts: scored.
STRANGE = [
    *(f"a{chr(code)}b" for code in range(32)),  # control characters
    *(chr(code) * 40 for code in (0x7F, 0x85, 0xA0, 0xAD, 0x200B, 0x200D, 0x200E, 0x202E, 0x2028, 0x2066, 0xFEFF)),
    *(chr(code) * 300 for code in (0x0301, 0x1100, 0x0E33, 0xFDFA, 0x1F469, 0x10FFFF, 0xE0001, 0x4E00, 0x0600)),
    *("a" * size for size in (1, 129, 1000, LIMITS.text)),  # one word of any length
    *(piece * (LIMITS.text // len(piece)) for piece in ("a ", "ab", "##", "[MASK]", ". ", "1", "é", "🙂", "\u0301a")),
    *("[CLS]", "[SEP]", "[PAD]", "[UNK]", "<s>", "</s>", "<pad>", "[SEP] [CLS] empathy 5.0", "Ġ", "▁"),
    *("", " ", "\t\n", ".", "\\", '"', "'; DROP TABLE scores; --", "<script>alert(1)</script>", "{{7*7}}", "%s%n%x"),
    *(
        "../../etc/passwd",
        "${jndi:ldap://x}",
        "\\u0000",
        "NaN",
        "null",
        "1e999",
        "0x41",
        "\ud800",
        "\udc00x",
        "x\udfff",
    ),
    *(
        "👨‍👩‍👧‍👦" * 50,
        "Z̷̢̛a̴l̶g̵o̸" * 60,
        "ﷺ" * 200,
        "ｅｍｐａｔｈｙ",
        "𝒆𝒎𝒑𝒂𝒕𝒉𝒚",
        "ʎɥʇɐdɯǝ",
        "שלום עולם",
        "مرحبا",
        "你好世界",
        "こんにちは",
    ),
]

# Bodies that are no JSON, or that say more than numbers and texts can: 400 or 422.
BROKEN = [
    *(
        b"",
        b" ",
        b"\x00",
        b"{",
        b"}",
        b"[",
        b'"',
        b"{]",
        b"nul",
        b"tru",
        b"-",
        b"+1",
        b"01",
        b".5",
        b"1e",
        b"'x'",
        b"{a:1}",
    ),
    *(b"\xff", b"\xfe\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\x80abc", b"\xf5\x80\x80\x80", b"\x1f\x8b\x08\x00"),
    *(b"[" * 20_000, b'{"a":' * 20_000, b"[[" * 500 + b"]]" * 500, b"{" * 3, b'{"context":"x",}', b'{"context":"x"'),
    *(b'{"context":"x","response":"\xff"}', b'{"context":"x" "response":"y"}', b'{"context":"x","response":"\\u12"}'),
    *(
        b'{"context":"x","response":"y"}{}',
        b'/*x*/{"context":"x","response":"y"}',
        b"<a>x</a>",
        b"context=x&response=y",
    ),
    *(text.encode("utf-16") for text in ("{}", '{"context":"x"}')),
    *(b"NaN", b"Infinity", b"-Infinity", b"9" * 5000, b"1e999999", b"true", b"null", b"[]", b"{}", b'"text"', b"0"),
]

# JSON of another shape: 422.
WRONG: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    1.5,
    10**30,
    float("nan"),
    float("inf"),
    {},
    {"text": "x"},
    {"role": "speaker"},
]
WRONG += [[1], [None], [[]], [["x"]], [{}], [{"role": "bob", "text": "x"}], [{"role": "speaker", "text": 1}]]
WRONG += [
    [{"role": "speaker"}],
    [{"text": "x"}],
    ["x", {"role": "speaker", "text": "y"}],
    [{"role": "speaker", "content": None}],
    [{"role": 1, "text": "x"}],
]
WRONG += [["x"] * (LIMITS.turns + 1), "y" * (LIMITS.text + 1), ["y" * (LIMITS.text + 1)]]

# Too large to be read: 413.
LARGE = [b"x" * (LIMITS.body + 1), b'{"context":"' + b"y" * 2**20 + b'","response":"z"}', b" " * 2**21]


@pytest.fixture(scope="module")
def client(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    from tests.pipelines.scoring.conftest import write_release

    folder = tmp_path_factory.mktemp("hostile")
    write_release(folder, tiny_bert)
    app = make_app(EmpathyScorer.from_pretrained(folder), ServerSettings())
    with TestClient(app) as client:  # an exception of the server's would be raised here
        yield client


def post(client: TestClient, body: bytes) -> Any:
    return client.post("/v1/score", content=body, headers={"content-type": "application/json"})


def test_there_are_two_hundred() -> None:
    assert len(STRANGE) + len(BROKEN) + 2 * len(WRONG) + len(LARGE) >= 200


@pytest.mark.parametrize("side", ["context", "response"])
def test_strange_texts_are_scored(client: TestClient, side: str) -> None:
    for text in STRANGE:
        answer = post(client, json.dumps({"context": SAID, "response": REPLY} | {side: text}).encode())
        assert answer.status_code == 200 or (answer.status_code == 422 and "\\ud" in json.dumps(text)), repr(text)
        if answer.status_code == 200:
            assert 1 <= answer.json()["empathy"] <= 5, repr(text)


def test_what_cannot_be_read_is_told(client: TestClient) -> None:
    for body in BROKEN:
        answer = post(client, body)
        assert answer.status_code in (400, 422), body[:80]
        assert answer.json()["detail"], body[:80]


@pytest.mark.parametrize("side", ["context", "response"])
def test_other_shapes_are_told(client: TestClient, side: str) -> None:
    for value in WRONG:
        answer = post(client, json.dumps({"context": SAID, "response": REPLY} | {side: value}).encode())
        assert answer.status_code == 422, repr(value)[:80]
        assert side in answer.json()["detail"], repr(value)[:80]


def test_what_is_too_large_is_not_read(client: TestClient) -> None:
    for body in LARGE:
        answer = post(client, body)
        assert answer.status_code == 413
        assert "at most 131,072 bytes" in answer.json()["detail"]


def test_it_still_scores(client: TestClient) -> None:
    assert post(client, json.dumps({"context": SAID, "response": REPLY}).encode()).status_code == 200
