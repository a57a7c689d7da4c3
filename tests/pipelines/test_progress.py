import sys

import pytest

from pipelines.progress import bar_interval


@pytest.mark.parametrize(("terminal", "seconds"), [(True, 0.2), (False, 30)])
def test_a_log_file_gets_fewer_states_of_a_bar(monkeypatch: pytest.MonkeyPatch, terminal: bool, seconds: float) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    assert bar_interval() == seconds
