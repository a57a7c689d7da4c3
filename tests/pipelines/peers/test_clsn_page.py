"""The page on two runs, with the intent and without."""

import re
from pathlib import Path

import pandas as pd
import pytest

from pipelines import train
from pipelines.errors import UserError
from pipelines.peers import clsn_page as module
from pipelines.peers.clsn_page import clsn_page, main
from tests.pipelines.peers.invented_directions import sentences, write_config, write_labels, write_sentences


@pytest.fixture(scope="module")
def runs(tiny_bert: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Run folders: of clsn, of single_task, and of single_task on one direction alone."""
    folder = tmp_path_factory.mktemp("runs")
    write_sentences(folder / "sentences")
    write_labels(folder, tiny_bert)
    for system in ("clsn", "single_task"):
        assert train.main([write_config(folder, tiny_bert, folder, system=system)]) == 0
    flags = ["--data.setting=seek", "--data.shares=[0.2, 0.2, 0.6]"]
    assert train.main([write_config(folder, tiny_bert, folder, system="single_task"), *flags]) == 0
    names = {"clsn": "clsn-multi", "single_task": "single_task-multi", "seek": "single_task-seek"}
    return {name: folder / "runs" / "tiny" / f"clsn-{variant}-seed17" for name, variant in names.items()}


def rows_of(page: str, anchor: str) -> list[list[str]]:
    """The cells of a table's body as text."""
    table = re.search(rf'<table id="{anchor}">.*?<tbody>(.*?)</tbody>', page, re.DOTALL)
    assert table is not None
    rows = re.findall(r"<tr.*?</tr>", table[1], re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def test_a_self_contained_page_without_sentences(
    runs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "PERPLEXITY", 5.0)  # 29 test sentences
    monkeypatch.setattr(module, "MIN_SENTENCES", 5)
    monkeypatch.setattr(module, "EXPLAINED", 8)
    out = tmp_path / "page.html"
    assert main([str(runs["clsn"]), str(runs["single_task"]), str(out)]) == 0
    assert capsys.readouterr().out.strip().endswith(str(out))
    page = out.read_text(encoding="utf-8")
    assert not re.search(r"<script|<link|src=|https?://", page)
    assert not [text for text, _ in sentences() if text in page]
    assert page.count("<svg") == 2
    assert "t-SNE, perplexity 5, seed 17" in page
    assert "29 sentences" in page
    figures = rows_of(page, "figures-table")
    assert [row[0] for row in figures] == ["with the intent", "without it"]
    assert figures[1][2] == "–"  # no intent to be accurate in
    predicted = pd.read_parquet(runs["clsn"] / "predictions" / "test.parquet")
    counts = predicted["direction"].value_counts().sort_index().tolist()
    intents = rows_of(page, "intents-table")
    assert [row[0] for row in intents] == ["none", "seek", "provide"]
    assert [sum(int(cell.split()[0]) for cell in row[1:]) for row in intents] == counts
    words = rows_of(page, "words-table")
    told = {(row[0], row[1]) for row in words}
    assert {("none", "bus"), ("seek", "sleep"), ("provide", "sorry")} <= told
    assert ("seek", "sorry") not in told
    assert {int(row[2]) for row in words} <= {5, 6, 7, 8}
    assert "; 8 sentences a direction, or all where there are fewer, words of at least 5 of them" in page


def test_runs_that_do_not_belong_together(runs: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "page.html"
    with pytest.raises(UserError, match="expected a run with the intent first, got one of single_task"):
        clsn_page(runs["single_task"], runs["single_task"], out)
    with pytest.raises(UserError, match=r"expected a run of model\.system single_task second, got one of clsn"):
        clsn_page(runs["clsn"], runs["clsn"], out)
    with pytest.raises(UserError, match=r"expected the data\.setting of .*clsn-multi-seed17, multi, got seek"):
        clsn_page(runs["clsn"], runs["seek"], out)
    with pytest.raises(UserError, match=r"expected a finished run, with its results\.json; train it"):
        clsn_page(tmp_path, runs["single_task"], out)
    (tmp_path / "results.json").write_text('{"peer": "epitome"}', encoding="utf-8")
    with pytest.raises(UserError, match="expected a run of the peer clsn, got one of epitome"):
        clsn_page(tmp_path, runs["single_task"], out)
    assert not out.exists()


def test_another_corpus_than_the_runs(runs: dict[str, Path], tmp_path: Path, tiny_bert: str) -> None:
    file = runs["clsn"].parents[2] / "sentences" / "dataset.csv"
    before = file.read_text(encoding="cp1252")
    file.write_text(before + '"One more.",0\n', encoding="cp1252")
    try:
        with pytest.raises(UserError, match="expected the sentences and intents that .* was trained on .*; train"):
            clsn_page(runs["clsn"], runs["single_task"], tmp_path / "page.html")
    finally:
        file.write_text(before, encoding="cp1252")
