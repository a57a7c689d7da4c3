"""The pipeline gives what the scorer gives, in whichever way transformers lets one ask."""

import pickle
from pathlib import Path
from typing import Any

import datasets
import pytest
import torch
import transformers

from pipelines.errors import UserError
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.transformers_pipeline import TASK, EmpathyPipeline, empathy_pipeline
from tests.pipelines.scoring.conftest import write_release

PAIRS: list[dict[str, Any]] = [
    {"context": "They towed my van!", "response": "That would make me angry too."},
    {"context": ["Our cat died.", "Oh no.", "She was old."], "response": "Cats die."},
    {"context": "My brother came home!", "response": "How happy you must be after so long!"},
]


@pytest.fixture(scope="module")
def folder(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pipeline") / "release"
    write_release(folder, tiny_bert)
    return folder


@pytest.fixture(scope="module")
def pipeline(folder: Path) -> EmpathyPipeline:
    return empathy_pipeline(folder)


@pytest.fixture(scope="module")
def expected(folder: Path) -> Any:
    scorer = EmpathyScorer.from_pretrained(folder)
    return pytest.approx([scorer.score(pair["context"], pair["response"]).empathy for pair in PAIRS], abs=1e-5)


def empathy(found: Any) -> list[float]:
    return [one["empathy"] for one in found]


def test_one_pair(pipeline: EmpathyPipeline, expected: Any) -> None:
    assert [pipeline(pair)["empathy"] for pair in PAIRS] == expected
    assert [pipeline((pair["context"], pair["response"]))["empathy"] for pair in PAIRS] == expected


@pytest.mark.parametrize("batch_size", [None, 1, 2, 8])
def test_many(pipeline: EmpathyPipeline, expected: Any, batch_size: int | None) -> None:
    found = pipeline(PAIRS, batch_size=batch_size)
    assert isinstance(found, list)
    assert empathy(found) == expected
    assert empathy(pipeline(tuple(PAIRS), batch_size=batch_size)) == expected
    assert empathy(pipeline((pair for pair in PAIRS), batch_size=batch_size)) == expected
    rows = datasets.Dataset.from_list([pair | {"context": str(pair["context"])} for pair in PAIRS[::2]])
    found = empathy(pipeline(rows, batch_size=batch_size))
    assert found == pytest.approx([expected.expected[0], expected.expected[2]], abs=1e-5)


@pytest.mark.parametrize("nothing", [[], (), datasets.Dataset.from_list([])])
def test_none(pipeline: EmpathyPipeline, nothing: Any) -> None:
    assert list(pipeline(nothing, batch_size=2)) == []
    assert list(pipeline(one for one in nothing)) == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"context": "x"}, "pair: expected the keys context and response, got context; name them so"),
        ([PAIRS[0], {"text": "x"}], "pair: expected the keys context and response, got text"),
        ("They towed my van!", r"pair: expected a list of pairs, .* got the text 'They towed my van!' in it"),
        ({"context": None, "response": "x"}, "pair: context: expected a list of turns"),
        ({"context": "x", "response": None}, "pair: response: expected a text, got null"),
        ([{"role": "user", "content": "x"}], "pair: expected a list of pairs"),
    ],
)
def test_what_is_no_pair(pipeline: EmpathyPipeline, given: Any, message: str) -> None:
    with pytest.raises(UserError, match=message):
        pipeline(given)


def test_a_setting_that_it_does_not_know(pipeline: EmpathyPipeline) -> None:
    with pytest.raises(UserError, match="expected no other settings than those of a Pipeline, got top_k"):
        pipeline(PAIRS[0], top_k=3)


def test_the_model_of_the_pipeline_is_what_scores(folder: Path, tmp_path: Path) -> None:
    pipeline = empathy_pipeline(folder)
    before = pipeline(PAIRS[0])["quality"]
    with torch.no_grad():
        pipeline.model.empathy_head.out.weight.zero_()
        pipeline.model.empathy_head.out.bias.fill_(2.5)
    assert before != pytest.approx(2.5)
    assert pipeline(PAIRS[0])["quality"] == pytest.approx(2.5)
    with pytest.raises(UserError, match="expected the network of .*, it has been changed"):
        pipeline.save_pretrained(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


def test_what_it_saves_is_a_release(pipeline: EmpathyPipeline, expected: Any, tmp_path: Path) -> None:
    pipeline.save_pretrained(tmp_path / "saved")
    assert empathy(empathy_pipeline(tmp_path / "saved")(PAIRS)) == expected
    scores = EmpathyScorer.from_pretrained(tmp_path / "saved").score_pairs(PAIRS)
    assert [score.empathy for score in scores] == expected


def test_the_task_is_registered(folder: Path, expected: Any) -> None:
    found = transformers.pipeline(TASK, model=str(folder), batch_size=2)  # type: ignore[call-overload]
    assert isinstance(found, EmpathyPipeline)
    assert empathy(found(PAIRS)) == expected
    released = transformers.pipeline(TASK)  # type: ignore[call-overload]
    assert 3 < released(PAIRS[0])["empathy"] <= 5
    with pytest.raises(UserError, match="expected device and dtype, got device_map"):
        transformers.pipeline(TASK, model=str(folder), device_map="auto")  # type: ignore[call-overload]


def test_it_can_be_pickled(folder: Path, expected: Any) -> None:
    again = pickle.loads(pickle.dumps(empathy_pipeline(folder, batch_size=2)))
    assert empathy(again(PAIRS)) == expected


def test_inputs_go_where_the_network_is(folder: Path, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No accelerator is needed: the network says that it is elsewhere, and what is sent there is noted."""
    pipeline = empathy_pipeline(folder)
    sent: list[tuple[str, str]] = []
    move = torch.Tensor.to

    def noted(tensor: torch.Tensor, *args: Any, **kwargs: Any) -> torch.Tensor:
        if args == (torch.device("cuda"),):
            sent.append((str(tensor.dtype), str(tuple(tensor.shape))))
            return tensor
        return move(tensor, *args, **kwargs)

    monkeypatch.setattr(torch.Tensor, "to", noted)
    monkeypatch.setattr(type(pipeline.model), "device", torch.device("cuda"))
    assert empathy(pipeline.scorer.score_pairs(PAIRS)[0].to_dict() for _ in "a") == [expected.expected[0]]
    of_ids = [shape for dtype, shape in sent if dtype == "torch.int64"]
    assert len(of_ids) == 2  # input_ids and view_ids of the batch
    sent.clear()
    pipeline.scorer.score_pairs(PAIRS)  # contexts that are remembered, on the CPU
    assert ("torch.float32", "(3, 32)") in sent
