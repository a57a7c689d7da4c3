import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from pipelines.reporting import comparisons, write_report

VOID = {"meta", "path", "use", "img", "image", "link", "br", "rect", "circle", "line"}


class Page(HTMLParser):
    """Collects ids, links and attributes, and checks that tags are nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory, write_families: Callable[[Path], Path]) -> Path:
    return write_families(tmp_path_factory.mktemp("runs") / "invented")


@pytest.fixture(scope="module")
def written(experiment: Path) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparisons, "RESAMPLES", 200)
        patch.setattr(comparisons, "MARK_RESAMPLES", 60)
        return write_report([experiment], experiment.parent / "out")


def test_the_four_files_are_written(written: dict[str, Path]) -> None:
    assert {name: path.name for name, path in written.items()} == {
        "markdown": "report.md", "latex": "report.tex", "json": "report.json", "html": "report.html",
    }  # fmt: skip
    assert sorted(path.name for path in written["html"].parent.iterdir()) == sorted(p.name for p in written.values())


def test_the_page_stands_alone(written: dict[str, Path]) -> None:
    text = written["html"].read_text()
    page = Page(text)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    for tag, name, value in page.attributes:
        if name in ("src", "href", "xlink:href", "data", "action", "poster", "srcset") and tag != "a":
            assert value.startswith(("#", "data:image/")), (tag, value)
    assert not re.search(r"@import|url\((?!#)", text)
    assert "<script" not in text
    inner = [value[1:] for tag, name, value in page.attributes if name == "href" and value.startswith("#")]
    assert set(inner) <= set(page.ids)
    clips = re.findall(r"url\(#([^)]+)\)", text)
    assert clips
    assert set(clips) <= set(page.ids)


def test_the_page_has_what_a_reader_looks_for(written: dict[str, Path]) -> None:
    text = written["html"].read_text()
    for words in (
        "Results", "λ_emo", "Paired tests", "Published figures", "Confusions", "Learning curves", "Signatures",
        "empathy train configs/mvc.yaml", "empathy report", "Invented CPU, 2 threads, fp32", "package:tiny", "0123abc",
        "rows malformed 4", "0.3338", "no evidence that either is better", "stage emotion", "stage multitask",
    ):  # fmt: skip
        assert words in text, words
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert 'name="viewport"' in text
    assert "#0102" not in text  # every stand-in color gave way to a variable of the page


def test_equal_runs_give_equal_bytes(experiment: Path, written: dict[str, Path]) -> None:
    before = {name: path.read_bytes() for name, path in written.items()}
    again = write_report([experiment], written["html"].parent)
    assert {name: path.read_bytes() for name, path in again.items()} == before


def test_latex_is_balanced(written: dict[str, Path]) -> None:
    text = written["latex"].read_text()
    assert re.findall(r"\\begin\{(\w+\*?)\}", text).count("table") == text.count(r"\end{table}") == 6
    code = re.sub(r"\\.", "", "\n".join(line for line in text.splitlines() if not line.startswith("%")))
    assert code.count("{") == code.count("}")
    assert code.count("$") % 2 == 0


def test_names_cannot_break_the_page(tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame) -> None:
    write_run(tmp_path / "e", "mvc", 0.1, 17, perfect, experiment="<b>&", corpus="a<i>b")
    text = write_report([tmp_path / "e"], tmp_path / "out")["html"].read_text()
    assert "<b>" not in text
    assert "a<i>b" not in text
    assert "&lt;b&gt;&amp;" in text


def test_mixed_runs_have_a_section_each(tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame) -> None:
    write_run(tmp_path / "e", "mvc", 0.1, 17, perfect)
    write_run(tmp_path / "e", "mvc", 0.1, 39, perfect, fingerprint="a" * 64, context_view="situation")
    written = write_report([tmp_path / "e"], tmp_path / "out")
    text = written["html"].read_text()
    assert text.count("<h2 id=") == 3
    assert "2. invented, own labels, situation view, package:tiny, test" in text
    assert "nothing to pair" in text
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert written["markdown"].read_text().count("### Test results: empathy") == 2


@pytest.mark.parametrize("task", ["empathy", "emotion"])
def test_runs_of_one_task_only(
    tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame, task: str
) -> None:
    lacking = {"emotion_logits": None} if task == "empathy" else {"empathy_pred": float("nan")}
    for seed in (17, 39):
        write_run(tmp_path / "e", "mvc", 0.1, seed, perfect.assign(**lacking))
    text = write_report([tmp_path / "e"], tmp_path / "out")["html"].read_text()
    missing = "emotion" if task == "empathy" else "score"
    assert re.search(rf"No run of this section predicts an? {missing}", text)
    assert (">MAE" in text.split("Published figures beside")[0]) == (task == "empathy")


def test_out_defaults_to_the_experiment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write_run: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    write_run(tmp_path / "runs" / "invented", "mvc", 0.1, 17, perfect)
    monkeypatch.chdir(tmp_path)
    written = write_report([Path("runs/invented")])
    assert written["html"] == Path("reports/invented/report.html")
    assert "empathy report runs/invented --out reports/invented" in written["markdown"].read_text()
