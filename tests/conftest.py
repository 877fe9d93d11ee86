"""What every test finds: no traces of its machine, a server, and a list that has its papers."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers import Server, make_list, paper, run


@pytest.fixture(name="_environment", scope="session", autouse=True)
def fixture_environment() -> Iterator[None]:
    """Keep the runner's summary, its repository and a proxy out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GITHUB_STEP_SUMMARY", raising=False)
        patch.delenv("GITHUB_REPOSITORY", raising=False)
        patch.setenv("no_proxy", "*")
        yield


@pytest.fixture(name="shared", scope="session")
def fixture_shared(
    _environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Server, Path]]:
    """Return a server and a list that has its two papers, made once."""
    with Server([paper(1), paper(2)]) as server:
        root = make_list(tmp_path_factory.mktemp("shared"), server.url)
        assert run(root) == 0
        yield server, root


@pytest.fixture(name="server")
def fixture_server(shared: tuple[Server, Path]) -> Server:
    """Return a server with two papers."""
    server, _ = shared
    server.papers[:] = [paper(1), paper(2)]
    server.faults.clear()
    server.requests.clear()
    server.headers.clear()
    return server


@pytest.fixture(name="root")
def fixture_root(shared: tuple[Server, Path], tmp_path: Path) -> Path:
    """Return a list that has the server's two papers already."""
    return shutil.copytree(shared[1], tmp_path / "list")


@pytest.fixture(name="summary")
def fixture_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file of the summary."""
    path = tmp_path / "summary.md"
    path.write_text("What stood there.\n", "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    return path
