"""An invented corpus in the official format with enough validation dialogues to swap, and two probe corpora."""

from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.data.dialogue import EMOTIONS
from pipelines.probes import estimates
from pipelines.probes.configuration import ProbeSettings
from pipelines.probes.material import Material, read_material

THINGS = ("cat", "boat", "garden", "exam", "wallet", "house", "cake", "train", "book", "song", "bike", "lamp")
PLACES = ("school", "work", "the lake", "home")


def _dialogue(number: int) -> list[str]:
    thing, place = THINGS[number % 12], PLACES[number // 12 % 4]
    opening = f"Number {number}: I lost my {thing} at {place}."
    if number % 2:
        opening = f"Number {number}: I found my {thing} at {place}."
    answer = "That is great! I am so happy to hear that." if number % 2 else f"I'm sorry to hear about the {thing}."
    answer = f"Number {number}? {answer}" + " It was good, too." * (number % 3)
    last = f"Well, number {number}, tell me of {place}" + " again" * (number % 5)
    return [opening, answer, f"It was number {number}.", last]


@pytest.fixture(scope="session")
def invented_corpus(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder with train.csv (2 dialogues), valid.csv (48, four emotions) and test.csv (2)."""
    folder = tmp_path_factory.mktemp("invented_corpus")
    numbers = {"train": range(100, 102), "valid": range(48), "test": range(200, 202)}
    for split, chosen in numbers.items():
        lines = ["conv_id,utterance_idx,context,prompt,speaker_idx,utterance,selfeval,tags"]
        for number in chosen:
            for k, text in enumerate(_dialogue(number), start=1):
                coded = text.replace(",", "_comma_")
                emotion = EMOTIONS[number % 4]
                lines.append(f"hit:{number}_conv:{number},{k},{emotion},Situation {number}.,{k % 2},{coded},,")
        (folder / f"{split}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(folder)


@pytest.fixture(scope="session")
def probe_corpora(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Files everyday.csv (12 pairs) and support.csv (10 pairs, and a row without a response)."""
    folder = tmp_path_factory.mktemp("probe_corpora")
    everyday = [f'"Where is shelf {k}, please?",Take the stairs to floor {k}.' for k in range(12)]
    support = [f"disk {k} is full,run df -h {'now ' * k}" for k in range(10)]
    for name, lines in (("everyday", everyday), ("support", [*support, "disk 99 is full,  "])):
        (folder / f"{name}.csv").write_text("\n".join(["context,response", *lines]) + "\n", encoding="utf-8")
    return [str(folder / "everyday.csv"), str(folder / "support.csv")]


@pytest.fixture
def probe_settings(invented_corpus: str, probe_corpora: list[str], tmp_path: Path) -> ProbeSettings:
    """Settings for the invented material."""
    return ProbeSettings(invented_corpus, probe_corpora, output_dir=str(tmp_path / "probes"))


@pytest.fixture(scope="session")
def material(invented_corpus: str, probe_corpora: list[str]) -> Material:
    """The invented material: 96 turns of 48 dialogues, 22 pairs."""
    return read_material(ProbeSettings(invented_corpus, probe_corpora))


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """`few_resamples(n)` makes every bootstrap draw n times."""
    return lambda count: monkeypatch.setattr(estimates, "RESAMPLES", count)
