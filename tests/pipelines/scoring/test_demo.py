"""What the page shows of a reply, and what it says without its packages."""

import re
import sys

import pytest

from pipelines.errors import UserError
from pipelines.scoring import EmpathyScorer
from pipelines.scoring.demo import build_demo, reply_html
from pipelines.scoring.reasons import explain


def test_a_reply_is_shown_with_everything_that_is_known_of_it(scorer: EmpathyScorer) -> None:
    found = explain(scorer, "Our old cat <b>died</b>.", "I am so sorry & sad.")
    page = reply_html(found)
    score = found.score
    assert f"<b>{score.empathy:.1f}</b> of 5" in page
    assert f"{score.coverage:.0%} of ratings: {score.interval.low:.1f} to {score.interval.high:.1f}" in page
    assert f"In a neutral context: <b>{found.neutral:.1f}</b>" in page
    assert f"<b>{score.belonging:.0%}</b> for belonging here and <b>{score.occasion:.0%}</b> for the occasion" in page
    tokens = sum(len(words) for words in found.views.values())
    assert len(re.findall(r"<span title='[+-]\d\.\d\d'", page)) == tokens
    assert "<b>died" not in page  # what a user writes is text


def test_without_its_packages(scorer: EmpathyScorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gradio", None)
    with pytest.raises(UserError, match=r"expected the demo's packages .*pip install 'empathy-cascade\[demo\]'"):
        build_demo(scorer)
