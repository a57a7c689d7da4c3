"""Tables as Markdown and as LaTeX (booktabs)."""

import re

from pipelines.reporting.tables import Cell, Table

_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "±": r"$\pm$", "λ": r"$\lambda$", "ρ": r"$\rho$", "–": "--",
    "−": "$-$", "↑": r"$\uparrow$", "↓": r"$\downarrow$", "≥": r"$\geq$", "<": "$<$", ">": "$>$", "|": "$|$",
}  # fmt: skip


def latex_text(text: str) -> str:
    """`text` with every character that LaTeX reads as a command, or has no letter for, replaced."""
    return "".join(_LATEX.get(character, character) for character in text)


def latex_table(table: Table, label: str) -> str:
    """A booktabs table; the small lines of a cell become rows of their own in script size."""
    align = "".join("l" if k in table.words else "r" for k in range(len(table.head)))
    lines = [r"\begin{table}[t]", r"\centering\small", rf"\begin{{tabular}}{{{align}}}", r"\toprule"]
    if any(table.head):
        lines += [" & ".join(latex_text(head) for head in table.head) + r" \\", r"\midrule"]
    for k, row in enumerate(table.rows):
        if k in table.divided:
            lines.append(r"\midrule")
        lines.append(" & ".join(_latex_cell(cell) for cell in row) + r" \\")
        for depth in range(max(len(cell.below) for cell in row)):
            small = [_latex_small(cell.below[depth]) if depth < len(cell.below) else "" for cell in row]
            lines.append(" & ".join(small) + r" \\")
    caption = latex_text(" ".join([f"{table.caption}.", *table.notes]))
    lines += [r"\bottomrule", r"\end{tabular}", rf"\caption{{{caption}}}", rf"\label{{tab:{label}}}", r"\end{table}"]
    return "\n".join(lines)


def _latex_cell(cell: Cell) -> str:
    text = latex_text(cell.text)
    return rf"\textbf{{{text}}}" if cell.strong else text


def _latex_small(text: str) -> str:
    # Braces around a leading bracket: after \\ it would be read as an optional argument.
    return rf"{{\scriptsize {{{latex_text(text)}}}}}"


def markdown_table(table: Table) -> str:
    """A pipe table with its notes below it."""
    lines = [_pipe([head or " " for head in table.head])]
    lines.append(_pipe([":---" if k in table.words else "---:" for k in range(len(table.head))]))
    for row in table.rows:
        lines.append(_pipe([_markdown_cell(cell) for cell in row]))
    return "\n".join([*lines, *(f"\n{note}" for note in table.notes)])


def _markdown_cell(cell: Cell) -> str:
    text = f"**{cell.text}**" if cell.strong else cell.text
    return " ".join([text, *cell.below])


def _pipe(cells: list[str]) -> str:
    escaped = [re.sub(r"([|_<])", r"\\\1", cell) for cell in cells]
    return f"| {' | '.join(escaped)} |"
