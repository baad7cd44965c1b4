"""What holds for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

# The same examples in every run, for as long as they take: what fails here fails everywhere, and a
# busy machine fails nothing.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True, scope="session")
def _no_user_s_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EPOCHREEL_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("EPOCHREEL_CACHE_SIZE", raising=False)
        yield


@pytest.fixture(autouse=True)
def _a_cache_of_its_own(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep recordings of one test from another."""
    monkeypatch.setenv("EPOCHREEL_CACHE", str(tmp_path_factory.mktemp("cache")))
