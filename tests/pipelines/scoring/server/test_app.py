"""Every request gets a status that says what became of it."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

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
        (b"{", 422, "JSON decode error"),
        (b"", 422, "Field required"),
        (b"[]", 422, "body"),
        (b'{"context": "x"}', 422, "body.response: Field required"),
        (b'{"context": "x", "response": 5}', 422, "body.response: Input should be a valid string"),
        (b'{"context": NaN, "response": "x"}', 422, "body.context"),
        (b'{"context": "x", "response": "y", "mood": 1}', 422, "body.mood: Extra inputs are not permitted"),
        (b'{"context": "x", "response": "' + b"y" * 4001 + b'"}', 422, "at most 4000 characters"),
        (b'{"context": ' + b'["x", ' * 1 + b'"x"], "response": "\\ud800"}', 422, "body.response"),
        (b'{"context": [{"role": "bot", "text": "x"}], "response": "y"}', 422, "body.context"),
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
    assert {"200", "401", "413", "422", "429", "503"} <= paths["/v1/score"]["post"]["responses"].keys()
    assert client.get("/docs").status_code == 200
