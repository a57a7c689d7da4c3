import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from pipelines.reporting import comparisons, write_report
from pipelines.reporting.collect import collect
from pipelines.reporting.render import markdown
from pipelines.reporting.study import study

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


@pytest.fixture(autouse=True)
def fewer_resamples(few_resamples: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "RESAMPLES", 50)
    monkeypatch.setattr(comparisons, "MARK_RESAMPLES", 20)


@pytest.fixture(scope="module")
def written(experiment: Path) -> dict[str, Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparisons, "RESAMPLES", 50)
        patch.setattr(comparisons, "MARK_RESAMPLES", 20)
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


def test_people_and_probes_stand_in_every_format(hybrid_experiments: list[Path], tmp_path: Path) -> None:
    (hybrid_experiments[0] / "baseline-lambda0.1-seed17" / "human_agreement.json").unlink()
    written = write_report(hybrid_experiments, tmp_path / "out")
    text, latex, html = (written[name].read_text() for name in ("markdown", "latex", "html"))
    people = text.split("### Agreement with people")[1].split("###")[0]
    assert "| people ρ, dialogues ↑ | people ρ, within a sheet ↑ | people MAE, dialogues ↓ | people ρ, resp" in people
    assert "| baseline λ 0.1 n = 3 | – | – | – | – |" in people
    assert "| mvc λ 0.1 n = 3 | 0.31 ± 0.01 [0.29, 0.33] | 0.30 ± 0.00 [0.30, 0.30] |" in people
    assert "constant" not in people
    assert "**" not in people
    assert "no bold: a run keeps no scores by example that could be tested" in people
    assert "by variant. context-aware: context swapped 1,600; phrase inserted 320." in text
    assert "| train | 400 | 1,600 | 500 | 2,000 |" in text
    probes = text.split("### Probes")[1].split("###")[0]
    assert "| system | flipped by a phrase ↓ | context-swap area ↑ |" in probes
    assert "| mvc + context-aware λ 0.1 n = 3 | 0.13 ± 0.04 [0.04, 0.22] | 0.87 ±" in probes
    context = text.split("### Which systems read the context")[1].split("###")[0]
    assert (
        "| mvc λ 0.1 n = 3 | 0.62 ± 0.02 [0.57, 0.67] pairs [0.58, 0.66] | 0.57 ± 0.02 [0.52, 0.62] | "
        "0.67 ± 0.02 [0.62, 0.72] | +0.12 ± 0.03 [0.06, 0.19] | 0.38 ± 0.02 [0.33, 0.43] | **yes** |"
    ) in context
    assert "| mvc, response only λ 0.1 n = 3 | 0.50 ± 0.01 [0.48, 0.51] pairs [0.47, 0.52] |" in context
    for name in ("people-1", "probes-1", "context-1"):
        assert rf"\label{{tab:{name}}}" in latex
    page = Page(html)
    assert page.open == []
    main = html.split('id="g1-main-table"')[1].split("</table>")[0]
    head, body = main.split("<tbody>")
    assert [head.count(f">{title}") for title in ("people ρ, dialogues", "context-swap area", "ECE")] == [1, 1, 1]
    titles = re.findall(r">([^<]+)</th>", head)
    assert titles[:4] == ["system", "MAE ↓", "Spearman ρ ↑", "accuracy ↑"]
    assert titles[9:11] == ["context-swap area ↑", "Pearson r ↑"]
    assert "g1-context-table" in page.ids
    assert re.findall(r'<tr( class="divided")?>', body) == ["", "", "", ' class="divided"', ' class="divided"', ""]
    assert "Context-swap area: mvc + context-aware, λ 0.1 comes first with 0.87 " in html
    assert "Below the rule: twins" in html


def test_without_audits_and_probes_nothing_speaks_of_them(written: dict[str, Path]) -> None:
    for name in ("markdown", "latex", "html"):
        text = written[name].read_text()
        assert not re.search("people ρ|context-swap area|read the context|twins", text), name


def test_the_weights_table_is_of_main_rows_by_augmentation(
    tmp_path: Path, write_run: Callable[..., Path], perfect: pd.DataFrame
) -> None:
    for weight in (0.1, 0.3):
        write_run(tmp_path / "hybrid", "mvc", weight, 17, perfect)
        write_run(tmp_path / "augmented", "mvc", weight, 17, perfect, augmentation="context-aware")
        write_run(tmp_path / "twins", "mvc", weight, 17, perfect, seen="response")
    text = markdown(study(collect([tmp_path / name for name in ("hybrid", "augmented", "twins")]), "empathy report"))
    table = text.split("### Results by λ_emo")[1].split("###")[0]
    assert re.findall(r"\| MAE \| (.+?) \|", table) == ["mvc", "mvc + context-aware"]
    assert "response only" not in table
    tests = text.split("### Paired tests between families, and with")[1].split("###")[0]
    assert "| 0.3 | mvc | mvc + context-aware | MAE |" in tests
    assert "response only" not in tests
    published = text.split("### Published")[1].split("###")[0]
    assert "mvc + context-aware (ours)" in published
    assert "response only" not in published
