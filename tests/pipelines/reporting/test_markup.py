import re

from pipelines.reporting.markup import latex_table, latex_text, markdown_table
from pipelines.reporting.tables import Cell, Table

TABLE = Table(
    "main",
    "Test results",
    ["system", "Spearman ρ ↑", "cost_in_%"],
    [
        [Cell("mvc", ("λ 0.1",)), Cell("0.7574", ("± 0.01", "[0.7, 0.8]"), strong=True), Cell("5 & 6")],
        [Cell("a_b|c"), Cell("–"), Cell("1")],
    ],
    frozenset({0}),
    frozenset({1}),
    ["A note, 95 %."],
)


def test_latex_escapes_what_latex_reads_as_a_command() -> None:
    assert latex_text(r"50 % & a_b #1 $x {y} ~^ \z") == (
        r"50 \% \& a\_b \#1 \$x \{y\} \textasciitilde{}\textasciicircum{} \textbackslash{}z"
    )
    assert latex_text("± λ ρ – −") == r"$\pm$ $\lambda$ $\rho$ -- $-$"


def test_latex_table_is_balanced_booktabs() -> None:
    text = latex_table(TABLE, "main-1")
    assert re.findall(r"\\begin\{(\w+)\}", text) == ["table", "tabular"]
    assert re.findall(r"\\end\{(\w+)\}", text) == ["tabular", "table"]
    assert r"\begin{tabular}{lrr}" in text
    assert r"\textbf{0.7574}" in text
    assert r"{\scriptsize {[0.7, 0.8]}}" in text
    unescaped = re.sub(r"\\[{}]", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    body = [line for line in text.splitlines() if line.endswith(r"\\")]
    assert {len(re.findall(r"(?<!\\)&", line)) for line in body} == {2}
    assert [text.count(rule) for rule in (r"\toprule", r"\midrule", r"\bottomrule")] == [1, 2, 1]
    assert text.isascii()


def test_markdown_keeps_its_columns() -> None:
    lines = markdown_table(TABLE).splitlines()
    assert lines[0] == r"| system | Spearman ρ ↑ | cost\_in\_% |"
    assert lines[1] == "| :--- | ---: | ---: |"
    assert lines[2] == "| mvc λ 0.1 | **0.7574** ± 0.01 [0.7, 0.8] | 5 & 6 |"
    assert lines[3] == r"| a\_b\|c | – | 1 |"
    assert lines[-1] == "A note, 95 %."
