"""Invented corpora that several peers read."""

import pytest

from tests.pipelines.peers.invented_mechanisms import write_mechanisms


@pytest.fixture(scope="session")
def mechanisms(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Folder of EPITOME's three CSVs with 60 invented pairs."""
    return write_mechanisms(tmp_path_factory.mktemp("mechanisms"))
