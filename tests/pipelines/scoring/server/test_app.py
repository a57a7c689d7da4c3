"""Every request gets a status that says what became of it."""

import re
import socket
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import pipelines.demo
import pipelines.serve
from pipelines.errors import UserError
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.server.app import make_app
from pipelines.scoring.server.settings import Limits, ServerSettings

SAID, REPLY = "They towed my van!", "That would make me angry too."
KEY = "a-key-of-twenty-chars"


@pytest.fixture
def client(scorer: EmpathyScorer) -> Iterator[TestClient]:
    with TestClient(make_app(scorer, ServerSettings()), raise_server_exceptions=False) as client:
        yield client


def test_a_score_is_the_scorer_s(client: TestClient, scorer: EmpathyScorer) -> None:
    answer = client.post("/v1/score", json={"context": SAID, "response": REPLY})
    assert answer.status_code == 200
    expected = scorer.score(SAID, REPLY)
    assert answer.json()["empathy"] == pytest.approx(expected.empathy, abs=1e-5)
    assert answer.json()["interval"] == pytest.approx(list(expected.interval), abs=1e-5)
    assert answer.json()["mechanisms"].keys() == expected.mechanisms.keys()


def test_candidates_and_dialogues(client: TestClient, scorer: EmpathyScorer) -> None:
    answer = client.post("/v1/candidates", json={"context": [SAID], "responses": [REPLY, "Oh."]}).json()
    assert [one["empathy"] for one in answer["scores"]] == pytest.approx(
        [scorer.score(SAID, reply).empathy for reply in (REPLY, "Oh.")], abs=1e-5
    )
    turns = [{"role": "speaker", "text": SAID}, {"role": "listener", "text": REPLY}]
    answer = client.post("/v1/dialogue", json={"dialogue": turns}).json()
    assert answer["turns"] == [1]
    assert answer["mean"] == pytest.approx(scorer.score(SAID, REPLY).empathy, abs=1e-5)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 422, "body: expected JSON, it cannot be read from character 1 on: Expecting property name"),
        (b"", 422, "body: expected JSON, got none"),
        (b"[]", 422, "body: expected a JSON object with the header content-type: application/json"),
        (b'{"context": "x"}', 422, "body.response: expected this field, there is none"),
        (b'{"context": "x", "response": 5}', 422, "body.response: expected a text, got int"),
        (b'{"context": NaN, "response": "x"}', 422, "body.context: expected a list of turns"),
        (b'{"context": "x", "response": "y", "mood": 1}', 422, "body.mood: expected no field of this name"),
        (b'{"context": "x", "response": "' + b"y" * 4001 + b'"}', 422, "at most 4,000 characters, got 4,001"),
        (
            b'{"context": ["x", "' + b"y" * 4001 + b'"], "response": "z"}',
            422,
            "body.context[1]: expected at most 4,000",
        ),
        (
            b'{"context": [' + b'"x",' * 64 + b'"x"], "response": "y"}',
            422,
            "body.context: expected at most 64 turns, got 65",
        ),
        (
            b'{"context": [{"role": "bob", "text": "x"}], "response": "y"}',
            422,
            "body.context[0].role: expected speaker or",
        ),
        (
            b'{"context": ["x", {"role": "speaker", "text": "y"}], "response": "z"}',
            422,
            "body.context[1]: expected a text, as the turns before it, got dict",
        ),
        (
            b'{"context": [{"role": "user", "text": 7}], "response": "y"}',
            422,
            "body.context[0].text: expected a text, got int",
        ),
        (b'{"context": [{"role": "user"}], "response": "y"}', 422, "body.context[0]: expected a text (text, content"),
        (b"[" * 60_000, 400, "error parsing the body"),
        (b"\xff\xfe\x00", 400, "error parsing the body"),
        (b'{"context": "' + b"x" * 200_000 + b'"}', 413, "at most 131,072 bytes"),
    ],
)
def test_what_is_wrong_is_told(client: TestClient, body: bytes, status: int, says: str) -> None:
    answer = client.post("/v1/score", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status, answer.text
    assert says in answer.text
    assert client.get("/health").status_code == 200


def test_a_body_of_untold_length_is_cut_off(client: TestClient) -> None:
    def body() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 8192

    assert client.post("/v1/score", content=body()).status_code == 413


def test_a_dialogue_without_a_reply(client: TestClient) -> None:
    answer = client.post("/v1/dialogue", json={"dialogue": [SAID]})
    assert answer.status_code == 422
    assert "expected at least one turn of the listener's" in answer.json()["detail"]


def test_a_key_is_asked_for_everywhere_but_for_health(scorer: EmpathyScorer) -> None:
    with TestClient(make_app(scorer, ServerSettings(host="0.0.0.0", api_key=KEY))) as client:
        body: dict[str, Any] = {"context": SAID, "response": REPLY}
        assert client.post("/v1/score", json=body).status_code == 401
        assert client.post("/v1/score", json=body, headers={"X-API-Key": "wrong"}).status_code == 401
        assert client.post("/v1/score", json=body, headers={"X-API-Key": KEY}).status_code == 200
        assert client.get("/metrics").status_code == 401
        assert client.get("/health").status_code == 200


def test_it_says_so_when_too_many_wait(scorer: EmpathyScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    release, score, held = threading.Event(), scorer.score_rows, threading.Event()

    def slow(rows: Sequence[Any]) -> Any:
        if held.is_set():
            release.wait(20)
        return score(rows)

    monkeypatch.setattr(scorer, "score_rows", slow)
    app = make_app(scorer, ServerSettings(limits=Limits(queue=2)))
    with TestClient(app) as client, ThreadPoolExecutor(8) as pool:
        held.set()
        asked = [pool.submit(client.post, "/v1/score", json={"context": SAID, "response": f"{k}"}) for k in range(8)]
        done = [one for one in asked if one.exception is not None]
        while sum(one.done() for one in asked) < 5:  # one or two are scored, two wait, the others are refused
            threading.Event().wait(0.01)
        release.set()
        answers = [one.result() for one in done]
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 429}
    assert statuses.count(429) >= 4
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 429)


def test_what_is_counted(client: TestClient) -> None:
    client.post("/v1/score", json={"context": SAID, "response": REPLY})
    client.post("/v1/score", json={})
    client.get("/nowhere/secret")
    text = client.get("/metrics").text
    assert 'empathy_requests_total{path="/v1/score",status="200"} 1.0' in text
    assert 'empathy_requests_total{path="/v1/score",status="422"} 1.0' in text
    assert 'empathy_requests_total{path="other",status="404"} 1.0' in text
    assert "empathy_batch_pairs_count 1.0" in text
    assert "secret" not in text


def test_the_page_of_the_interface(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/v1/score", "/v1/candidates", "/v1/dialogue", "/health"} <= paths.keys()
    assert {"200", "400", "401", "413", "422", "429", "503"} <= paths["/v1/score"]["post"]["responses"].keys()
    assert client.get("/docs").status_code == 200


def test_a_chat_program_s_roles_and_keys_are_read(client: TestClient, scorer: EmpathyScorer) -> None:
    turns = [
        {"role": "system", "content": "You are kind.", "id": 1},
        {"role": "user", "content": SAID, "name": "Ann"},
        {"role": "assistant", "content": REPLY},
    ]
    expected = pytest.approx(scorer.score(SAID, REPLY).empathy, abs=1e-5)
    answer = client.post("/v1/dialogue", json={"dialogue": turns}).json()
    assert (answer["turns"], answer["mean"]) == ([1], expected)
    answer = client.post("/v1/score", json={"context": turns[:2], "response": REPLY}).json()
    assert answer["empathy"] == expected
    shared = [{"from": "human", "value": SAID}, {"from": "gpt", "value": REPLY}]
    assert client.post("/v1/dialogue", json={"dialogue": shared}).json()["mean"] == expected


def test_head_is_answered_as_get_without_a_body(client: TestClient) -> None:
    for path in ("/health", "/metrics", "/docs"):
        answer = client.head(path)
        assert (answer.status_code, answer.headers["content-type"]) == (200, client.get(path).headers["content-type"])
    assert client.head("/v1/score").status_code == 405


def test_the_page_needs_no_internet(client: TestClient) -> None:
    page = client.get("/docs").text
    assert "http://" not in page
    assert "https://" not in page
    wanted = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert any(path.endswith(".js") for path in wanted)
    assert any(path.endswith(".css") for path in wanted)
    for path in wanted:
        assert client.get(path).status_code == 200, path


def test_the_interface_is_described_as_it_is(scorer: EmpathyScorer) -> None:
    with TestClient(make_app(scorer, ServerSettings(api_key=KEY))) as client:
        told = client.get("/openapi.json").json()
        page = client.get("/docs").text
    assert told["components"]["securitySchemes"] == {
        "APIKeyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"}
    }
    asked = told["paths"]["/v1/score"]["post"]
    assert asked["security"] == [{"APIKeyHeader": []}]
    for status in ("400", "401", "413", "422", "429", "503"):
        schema = asked["responses"][status]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in told["components"]["schemas"]
    assert "a text 4,000 characters, a context or dialogue 64 turns" in told["info"]["description"]
    assert "/openapi.json" in page  # which needs no key


def test_pages_of_other_origins_are_refused_unless_they_are_named(scorer: EmpathyScorer) -> None:
    asks = {"origin": "https://example.org", "access-control-request-method": "POST"}
    with TestClient(make_app(scorer, ServerSettings())) as client:
        assert "access-control-allow-origin" not in client.get("/health", headers=asks).headers
        assert client.options("/v1/score", headers=asks).status_code == 405
    settings = ServerSettings(api_key=KEY, cors=("https://example.org",))
    with TestClient(make_app(scorer, settings)) as client:
        before = client.options(
            "/v1/score", headers=asks | {"access-control-request-headers": "content-type,x-api-key"}
        )
        assert before.status_code == 200  # a browser sends no key with it
        assert before.headers["access-control-allow-origin"] == "https://example.org"
        body = {"context": SAID, "response": REPLY}
        for key, status in ((KEY, 200), ("wrong", 401)):
            answer = client.post("/v1/score", json=body, headers=asks | {"X-API-Key": key})
            assert answer.status_code == status
            assert answer.headers["access-control-allow-origin"] == "https://example.org"
        other = client.options("/v1/score", headers=asks | {"origin": "https://elsewhere.org"})
        assert other.status_code == 400


@pytest.mark.parametrize(
    "origin", ["example.org", "https://example.org/", "https://example.org/a", "ftp://a.b", "null"]
)
def test_an_origin_is_a_scheme_and_a_host(origin: str) -> None:
    with pytest.raises(UserError, match=f"--cors {re.escape(origin)}: expected an origin, which is a scheme"):
        ServerSettings(cors=(origin,))


def test_a_taken_port_is_one_line(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMPATHY_API_KEY", KEY)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        for main in (pipelines.serve.main, pipelines.demo.main):
            says = f"port {port}: expected a free port, it is in use by another program; choose another with --port"
            with pytest.raises(UserError, match=re.escape(says)):
                main([f"--port={port}", f"--checkpoint={release}"])
    with pytest.raises(UserError, match="--port 70000: expected 1 to 65535, such as 8000"):
        pipelines.serve.main(["--port=70000"])
    with pytest.raises(
        UserError, match="--host nowhere.invalid: expected an address of this machine, such as 127.0.0.1"
    ):
        pipelines.serve.main(["--host=nowhere.invalid"])
