"""Pages from templates."""

import pytest
from jinja2 import UndefinedError

from pipelines.reporting.page import render_page


def test_a_page_is_complete_and_escaped() -> None:
    page = render_page("literature", title="Tables <of> all", introduction="Ours & theirs", sections=[])
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>")
    assert "Tables &lt;of&gt; all" in page and "Ours &amp; theirs" in page
    assert "<style>" in page and "<script" not in page


def test_a_value_that_is_lacking_is_told() -> None:
    with pytest.raises(UndefinedError, match="'sections' is undefined"):
        render_page("literature", title="Tables", introduction="Ours")
