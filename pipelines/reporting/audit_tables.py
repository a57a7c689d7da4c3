"""The tables of an audit, and what its figures and ceilings mean in words."""

from collections.abc import Sequence
from typing import Any

from pipelines.evaluation.audit_study import AuditRow, AuditStudy, DisagreementList, SeedsRow
from pipelines.evaluation.human_agreement import SMALLEST_SHEET, Estimate
from pipelines.evaluation.human_sets import HumanSet
from pipelines.evaluation.intervals import SeedInterval
from pipelines.evaluation.noise_ceiling import FEWEST
from pipelines.reporting.tables import NONE, Cell, Table

TITLES = {
    "spearman": "ρ",
    "spearman_given_length": "ρ given length",
    "spearman_within_rater": "ρ within rater",
    "qwk": "QWK",
    "mae": "MAE",
    "mae_whole": "MAE, whole",
    "pearson": "Pearson r",
    "spearman_within_rater_pooled": "ρ within rater, pooled",
    "spearman_with_length": "ρ with words",
}
OVERVIEW = ("spearman", "spearman_given_length", "spearman_within_rater")
MEANINGS = {
    "ρ": "Spearman's rank correlation of the score with the ratings.",
    "ρ given length": "The same after the listener's number of words is taken out of both (partial rank correlation "
    "given the logarithm of the words, which for ranks is that given the words). Undefined for length itself.",
    "MAE, whole": "MAE of the score rounded to a whole rating, as people's are.",
    "ρ within rater": f"Spearman's ρ within each rater's sheet, over sheets of at least {SMALLEST_SHEET} items, "
    "weighted by their items: raters differ in how high they rate, and here that cannot matter.",
    "ρ within rater, pooled": "Ranks within a sheet as shares of its items, pooled over all sheets, also small ones.",
    "ρ with words": "Rank correlation of the score with the number of words, not with people.",
    "QWK, MAE": "Kappa with quadratic weights after rounding to a whole rating, and mean absolute error in points of "
    "the rating's scale, both after the score was brought to that scale. A score of 1 to 5 meets ratings of 1 to 5 as "
    "it is, and ratings of 1 to 3 by the line that takes 1 to 1 and 5 to 3. A signal in other units (marked *) is "
    "mapped by a least-squares line through all other items, so that its MAE is what the signal could reach if it "
    "were calibrated here; such a line draws to the middle, which keeps its QWK low.",
    "[ , ]": "95 % percentile bootstrap interval over items; over runs that differ in the seed, 95 % t interval over "
    "seeds. The first leaves out that other raters would have rated otherwise, the second that other items would have.",
    NONE: "Undefined: a column that is constant, or that has nothing to say of the items.",
}
ORDER = ("reference", "labels", "seeds", "scorer", "signal")


def ordered_rows(study: AuditStudy) -> list[AuditRow | SeedsRow]:
    """References, labels, runs over seeds, scorers, then signals by their correlation on the first set, falling."""
    first = study.sets[0].name

    def rank(row: AuditRow) -> float:
        found = row.agreements[first]
        return 2.0 if found is None or found.spearman is None else -found.spearman.value

    by_kind: dict[str, list[AuditRow | SeedsRow]] = {kind: [] for kind in ORDER}
    by_kind["seeds"] += study.seeds
    for row in study.rows:
        by_kind[row.column.kind].append(row)
    by_kind["signal"] = [*sorted((row for row in study.rows if row.column.kind == "signal"), key=rank)]
    return [row for kind in ORDER for row in by_kind[kind]]


def kind_of(row: AuditRow | SeedsRow) -> str:
    """One of ORDER."""
    return "seeds" if isinstance(row, SeedsRow) else row.column.kind


def row_name(row: AuditRow | SeedsRow) -> str:
    """The row in words."""
    return row.family if isinstance(row, SeedsRow) else row.column.name


def figure(row: AuditRow | SeedsRow, human: HumanSet, name: str) -> Estimate | SeedInterval | None:
    """A row's figure on one set, None where it is undefined."""
    if isinstance(row, SeedsRow):
        return row.figures[human.name][name]
    found = row.agreements[human.name]
    value: Estimate | None = None if found is None else getattr(found, name)
    return value


def overview_table(study: AuditStudy) -> Table:
    """Every row against every set, before and after length and the rater are taken out; the ceilings last."""
    head = ["", *(f"{human.name}: {TITLES[name]}" for human in study.sets for name in OVERVIEW)]
    rows, divided = [], []
    shown = ordered_rows(study)
    for k, row in enumerate(shown):
        if k and kind_of(row) != kind_of(shown[k - 1]):
            divided.append(k)
        cells = [figure_cell(figure(row, human, name)) for human in study.sets for name in OVERVIEW]
        rows.append([_name_cell(row), *cells])
    divided.append(len(rows))
    rows += _ceiling_rows(study)
    notes = [
        "Below the last rule: what two people, or a score that does not know the rater, could reach; see Ceilings."
    ]
    return Table("overview", "Agreement with people", head, rows, frozenset({0}), frozenset(divided), notes)


def _ceiling_rows(study: AuditStudy) -> list[list[Cell]]:
    def line(title: str, cells: dict[str, Cell]) -> list[Cell]:
        blank = [Cell("") for _ in OVERVIEW[1:]]
        return [Cell(title)] + [c for human in study.sets for c in (cells.get(human.name, Cell(NONE)), *blank)]

    twice, bounds = {}, {}
    for human in study.sets:
        ceiling = study.ceilings[human.name]
        if ceiling.rated_twice is not None:
            twice[human.name] = figure_cell(ceiling.rated_twice.spearman)
        if ceiling.sheets is not None:
            bound = ceiling.sheets.bound
            bounds[human.name] = Cell(f"≤ {bound.value:.3f}", (_between(bound.low, bound.high),))
    rows = [line("ceiling: two people, same item", twice), line("bound of Pearson r: score blind to the rater", bounds)]
    if study.across is not None:
        rows.append(
            line("another person on the whole dialogue (no ceiling)", {"responses": figure_cell(study.across.spearman)})
        )
    return rows


def set_table(study: AuditStudy, human: HumanSet) -> Table:
    """All figures of every row on one set."""
    head = ["", "n", *TITLES.values()]
    rows, divided = [], []
    shown = ordered_rows(study)
    for k, row in enumerate(shown):
        if k and kind_of(row) != kind_of(shown[k - 1]):
            divided.append(k)
        fitted = isinstance(row, AuditRow) and (one := row.agreements[human.name]) is not None and one.fitted
        cells = [
            figure_cell(figure(row, human, name), "*" if fitted and name in ("qwk", "mae", "mae_whole") else "")
            for name in TITLES
        ]
        rows.append([_name_cell(row), Cell(_count(row, human)), *cells])
    notes = [
        f"Ratings {human.scale.lowest} to {human.scale.highest}, {human.part}: {len(human.items):,} items rated on "
        f"{len(set(human.raters)):,} sheets. n: items that the row has a score for."
    ]
    return Table(human.name, f"All figures: {human.name}", head, rows, frozenset({0}), frozenset(divided), notes)


def _count(row: AuditRow | SeedsRow, human: HumanSet) -> str:
    if isinstance(row, SeedsRow):
        return f"{len(row.seeds)} seeds"
    found = row.agreements[human.name]
    return "0" if found is None else f"{found.n:,}"


def _name_cell(row: AuditRow | SeedsRow) -> Cell:
    if isinstance(row, SeedsRow):
        return Cell(row.family, (f"mean of {len(row.seeds)} seeds",), strong=True)
    return Cell(row.column.name, strong=row.column.kind == "labels")


def figure_cell(value: Estimate | SeedInterval | None, mark: str = "") -> Cell:
    """A figure with its interval below it."""
    if value is None:
        return Cell(NONE)
    middle = value.mean if isinstance(value, SeedInterval) else value.value
    below = () if value.low is None or value.high is None else (_between(value.low, value.high),)
    return Cell(signed(middle) + mark, below)


def signed(value: float) -> str:
    """Three decimals and a minus sign that is as wide as a plus."""
    return f"{value:.3f}".replace("-", "−")


def _between(low: float, high: float) -> str:
    return f"[{signed(low)}, {signed(high)}]"


def ceiling_table(study: AuditStudy) -> Table:
    """What the ratings themselves say of what could be reached."""
    rows: list[list[Cell]] = []
    for human in study.sets:
        ceiling = study.ceilings[human.name]
        if (twice := ceiling.rated_twice) is not None:
            bound = "" if twice.bound is None else f"a perfect score: r ≤ {twice.bound:.3f}"
            rows.append([Cell(twice.of), Cell(f"{twice.n:,} pairs"), figure_cell(twice.spearman), Cell(bound)])
        if (sheets := ceiling.sheets) is not None:
            n = Cell(f"{sheets.ratings:,} ratings", (f"{sheets.sheets:,} sheets",))
            bound = f"a score blind to the rater: r ≤ {sheets.bound.value:.3f}"
            between = _between(sheets.bound.low, sheets.bound.high)
            share = f"{human.name}: share of the ratings' variance that lies between sheets (ICC)"
            rows.append([Cell(share), n, figure_cell(sheets.icc), Cell(bound, (between,))])
            if sheets.steadiness is not None:
                name = f"{human.name}: steadiness of a rater's level (two halves of a sheet, stepped up)"
                rows.append(
                    [Cell(name), n, figure_cell(sheets.steadiness), Cell("no bound: it is not about the items")]
                )
    if study.across is not None:
        rows.append(
            [
                Cell(study.across.of),
                Cell(f"{study.across.n:,} pairs"),
                figure_cell(study.across.spearman),
                Cell("no bound: two questions"),
            ]
        )
    head = ["what", "n", "value", "what it bounds"]
    return Table("ceilings", "Ceilings", head, rows, frozenset({0, 1, 3}))


def ceiling_words(study: AuditStudy) -> list[str]:
    """What each ceiling is and what it is not, a paragraph each."""
    alone = [human.name for human in study.sets if study.ceilings[human.name].rated_twice is None]
    said = []
    if alone:
        said.append(
            f"No noise ceiling proper of {' and '.join(alone)}: hardly any item (under {FEWEST}) was rated by two "
            "people, so how far a second person would agree cannot be known from these ratings. What follows is what "
            "they do tell."
        )
    if len(alone) < len(study.sets):
        said.append(
            "Two people, same item: the correlation of their ratings is the reliability of one rating. A score that "
            "knew the truth would correlate with one rating by the square root of it at most (Spearman 1904): a score "
            "may stand above the agreement of two people, but not above that root."
        )
    if any(study.ceilings[human.name].sheets is not None for human in study.sets):
        said.append(
            "Blind to the rater: raters differ in how high they rate, which a score that does not know the rater "
            "cannot follow. The bound is the Pearson correlation of a score that is perfect but for that. It takes "
            "raters to differ in nothing but their level and items to have been dealt to sheets at random. Real raters "
            "differ in more, so what can be reached lies below this bound; by how much, one rating an item cannot say. "
            "The columns within a rater are free of it."
        )
        said.append(
            "Steadiness of a rater's level: how far the mean ratings of two random halves of a sheet agree over sheets "
            "(Spearman-Brown): near 1 the difference between sheets is real, near 0 it is chance. It says "
            "nothing of how reliably a rater tells items apart: that split half would need items with two ratings."
        )
    if study.across is not None:
        said.append(
            "Another person on the whole dialogue: a response and the dialogue that it opens, rated by different "
            "people who answered different questions. This is no ceiling, since the difference of the questions lowers "
            "it and a score may stand above it. It shows how far one person's rating carries over from the one set to "
            "the other, which is what is asked of a score that was fitted on the one and is read on the other."
        )
    return said


def count_lines(study: AuditStudy) -> list[str]:
    """What was compared and what was left out, a line for each set."""
    lines = []
    for human in study.sets:
        parts = [f"{len(human.items):,} ratings on {len(set(human.raters)):,} sheets ({human.part})"]
        for verb, counts in (("dropped", human.dropped), ("noted", human.noted)):
            if counts:
                listed = (f"{reason.replace('_', ' ')} {count:,}" for reason, count in sorted(counts.items()))
                parts.append(f"{verb}: {', '.join(listed)}")
        lines.append(f"{human.name}: " + "; ".join(parts))
    return lines


def cautions(study: AuditStudy) -> list[str]:
    """What to know before believing a figure."""
    found = []
    for human in study.sets:
        if seen := human.noted.get("dialogue_rated_in_another_split"):
            found.append(
                f"{human.name}: of {len(human.items):,} items {seen:,} belong to dialogues that another person rated "
                f"as a whole in a split other than {study.settings.split}; what was fitted on those ratings has "
                "met the dialogue, though not this rating."
            )
        if missing := human.noted.get("not_matched_to_corpus"):
            found.append(
                f"{human.name}: {missing:,} of {len(human.items):,} responses are no listener turn of the corpus; "
                "signals and labels say nothing of them, scorers do."
            )
    if study.settings.split == "train":
        found.append(
            "dialogues: the training split; it shows the agreement of what was fitted on none of these dialogues alone "
            "(labels are fitted on them; exclude_ids can leave out those of a model)."
        )
    return found


def disagreement_table(found: DisagreementList, above: bool) -> Table:
    """Items, without their texts, that the column ranks higher (or lower) than people do."""
    rows = [
        [
            Cell(one.item.item_id),
            Cell(one.item.rater),
            Cell(f"{one.item.rating:g}"),
            Cell(f"{one.score:.2f}"),
            Cell(f"{one.rating_rank:.0%}"),
            Cell(f"{one.score_rank:.0%}"),
        ]
        for one in (found.above if above else found.below)
    ]
    head = ["item", "sheet", "people", found.column, "rank of people", "rank of score"]
    title = f"{found.human.name}: {found.column} ranks {'higher' if above else 'lower'} than people"
    return Table(f"{found.human.name}-{'above' if above else 'below'}", title, head, rows, frozenset({0, 1}))


def said_lines(found: DisagreementList, place: int, above: bool) -> list[tuple[str, str]]:
    """The text of one item as (role, what was said); the listener's turns are what was rated."""
    one = (found.above if above else found.below)[place]
    last: Any = one.item.examples[-1]
    return [*((turn["role"], turn["text"]) for turn in last["dialogue_context"]), ("listener", last["response"])]


def console_lines(study: AuditStudy) -> Sequence[str]:
    """The overview as plain text, a line a row."""
    shown = ordered_rows(study)
    short = {"spearman": "rho", "spearman_given_length": "|length", "spearman_within_rater": "in sheet"}
    heads = [
        f"{human.name} {short[name]}" if name == "spearman" else short[name]
        for human in study.sets
        for name in OVERVIEW
    ]
    table = [["", *heads]]
    for row in shown:
        cells = [figure(row, human, name) for human in study.sets for name in OVERVIEW]
        table.append([row_name(row), *(_plain(cell, k % len(OVERVIEW) == 0) for k, cell in enumerate(cells))])
    widths = [max(len(line[k]) for line in table) for k in range(len(table[0]))]
    return [
        "  ".join(
            cell.ljust(width) if k == 0 else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    ]


def _plain(value: Estimate | SeedInterval | None, interval: bool) -> str:
    cell = figure_cell(value)
    return " ".join([cell.text, *(cell.below if interval else ())]).replace("−", "-")
