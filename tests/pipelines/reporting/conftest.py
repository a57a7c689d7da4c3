"""Fewer resamples than a real report draws, so that the tests stay fast."""

import pytest

from pipelines.reporting import comparisons


@pytest.fixture(autouse=True)
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comparisons, "RESAMPLES", 200)
    monkeypatch.setattr(comparisons, "MARK_RESAMPLES", 60)
