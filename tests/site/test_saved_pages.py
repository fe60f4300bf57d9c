"""`python -m service.site`: a folder that answers as the service does, leads nowhere else, and is written whole."""

import gzip
import json
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path, PurePosixPath
from subprocess import CalledProcessError
from typing import Any
from urllib.parse import urlsplit

import pytest

from harness.bundles import copy, publish, save_site, with_a_cut_compiled_form, without_saved_model
from harness.file_server import FileServer
from service.settings import Settings
from service.site import folder
from service.site.__main__ import build
from service.site.documents import NothingToSaveError
from service.site.pages import names
from tests.conftest import MODELS, Server

MOST_BYTES = 5_000_000
ACCEPT = {".json": "application/json", ".csv": "text/csv", ".npy": "application/x-npy"}


def answers(site: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads(gzip.decompress((site / "data/index.json.gz").read_bytes()))["answers"]
    return found


def test_every_answer_in_the_folder_is_the_services(site: FileServer, server: Server) -> None:
    kept = answers(site.directory)
    weights = [key for key in kept if "/weights?" in key]
    assert len(weights) == len(MODELS) * 30
    for key, name in kept.items():
        media_type = ACCEPT[PurePosixPath(name.removesuffix(".gz")).suffix]
        right = server.get(f"/{key}", headers={"Accept": media_type})
        assert gzip.decompress((site.directory / name).read_bytes()) == right.content, key


def test_the_folder_is_small(site: FileServer) -> None:
    files = [path for path in site.directory.rglob("*") if path.is_file()]
    blocks = sum(-(-path.stat().st_size // 4096) * 4096 for path in files)
    assert blocks < MOST_BYTES
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < MOST_BYTES


class Page(HTMLParser):
    """What a page links to and loads, and its policy."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.policies: list[str] = []
        self.feed(path.read_text())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [value for name, value in attrs if name in ("href", "src", "data-to") and value]
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(given["content"] or "")


def test_pages_load_and_link_to_what_is_in_the_folder_alone(site: FileServer) -> None:
    pages = sorted(site.directory.rglob("*.html"))
    assert {"index.html", "trainer.html", "trainer/index.html"} <= {
        page.relative_to(site.directory).as_posix() for page in pages
    }
    for path in pages:
        for link in Page(path).links:
            target = urlsplit(link)
            if target.scheme == "data" or not target.path or "format=csv" in target.query:
                continue
            assert not target.scheme
            assert not target.netloc
            there = (path.parent / target.path).resolve()
            assert there.is_relative_to(site.directory.resolve()), (path, link)
            assert there.is_file() or (there / "index.html").is_file(), (path, link)


def test_modules_import_what_is_in_the_folder_alone(site: FileServer) -> None:
    modules = sorted(site.directory.rglob("*.js"))
    imported = [
        (module, name)
        for module in modules
        for name in re.findall(r'(?:from|import)\s*\(?\s*"(\.[^"]*)"', module.read_text())
    ]
    assert len(imported) > len(modules)
    assert [(module, name) for module, name in imported if not (module.parent / name).is_file()] == []


def test_pages_may_load_no_more_than_the_services(site: FileServer, server: Server) -> None:
    right = server.get("/").headers["Content-Security-Policy"]
    for path in site.directory.rglob("*.html"):
        (policy,) = Page(path).policies
        assert policy == right.partition("; frame-ancestors")[0]
        head = path.read_text().partition("</head>")[0]
        assert head.index("Content-Security-Policy") < min(
            head.index(start) for start in ("<link", "<script") if start in head
        )


def test_every_page_of_the_service_is_in_the_folder_at_the_same_address(site: FileServer, server: Server) -> None:
    for name in names():
        assert server.get(f"/{name}", headers={"Accept": "text/html"}).status_code == 200
        assert (site.directory / (f"{name}/" if name else "") / "index.html").is_file()


# --- The folder ---


@pytest.fixture
def small(models_dir: Path, tmp_path: Path) -> Path:
    """Two models of the default experiment, to change."""
    return copy(models_dir, tmp_path / "models", "linear", "tanh-3", "_experiments")


def listing(out: Path) -> dict[str, bytes]:
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_a_site_is_replaced_and_what_is_none_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "deep/out"
    folder.write(out, {"index.html": b"one", "data/a.gz": b"a"}, {})
    folder.write(out, {"index.html": b"two"}, {})
    assert set(listing(out)) == {"index.html", "site.json"}
    (out / "CNAME").write_text("boundaries.example")
    with pytest.raises(folder.OccupiedError, match="no part of a site: CNAME"):
        folder.write(out, {"index.html": b"three"}, {})
    assert listing(out)["index.html"] == b"two"
    (tmp_path / "file").touch()
    with pytest.raises(folder.OccupiedError, match="is a file"):
        folder.check(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    folder.write(tmp_path / "empty", {"index.html": b"one"}, {})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["deep", "empty", "file"]  # nothing half-written


def test_what_cannot_be_written_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "out"
    folder.write(out, {"index.html": b"one"}, {})

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.write(out, {"index.html": b"two"}, {})
    assert listing(out)["index.html"] == b"one"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_the_command_says_what_is_wrong_and_writes_nothing(small: Path, tmp_path: Path) -> None:
    def refused(*options: str, models: Path = small) -> str:
        with pytest.raises(CalledProcessError) as ended:
            save_site(models, tmp_path / "out", *options)
        assert not (tmp_path / "out").exists()
        assert "Traceback" not in ended.value.stderr
        return str(ended.value.stderr)

    assert "no model is of the experiment tuned; there are gaussian-quantiles" in refused("--experiment", "tuned")
    assert "there are no models; train some" in refused(models=tmp_path / "nowhere")


def test_a_spoilt_model_costs_that_model_alone_with_a_warning(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(small / "linear/1", small, "spoilt", 1, without_saved_model)
    publish(small / "tanh-3/1", small, "cut", 1, with_a_cut_compiled_form)
    files = build(Settings(models_dir=small, engine="litert", log_level="ERROR"))
    said = capsys.readouterr().err
    assert said.count("warning: ") == 2
    assert "warning: spoilt is shown without a map: " in said
    assert "warning: cut is shown without a map: " in said
    index: dict[str, Any] = json.loads(gzip.decompress(files["data/index.json.gz"]))
    listed = json.loads(gzip.decompress(files[index["answers"]["models"]]))
    assert [model["name"] for model in listed["models"]] == ["cut", "linear", "spoilt", "tanh-3"]
    assert sum("models/tanh-3/" in key for key in index["answers"]) == 31
    assert "models/linear/versions/1/weights?packed=true&replicate=29" in index["answers"]


def test_models_of_other_experiments_are_saved_where_they_are_asked_for(kinds_models: Path, tmp_path: Path) -> None:
    settings = Settings(models_dir=kinds_models, default_model="flowers", log_level="ERROR")

    def saved(*experiments: str) -> set[str]:
        index = json.loads(gzip.decompress(build(settings, experiments)["data/index.json.gz"]))
        return {key.split("/")[1] for key in index["answers"] if "/weights?" in key}

    assert saved() == {"flowers", "flowers-linear"}
    assert saved("prices", "round") == {"prices", "prices-linear", "round"}
    with pytest.raises(NothingToSaveError, match="there are flowers, "):
        saved("none")


def test_the_same_models_give_the_same_folder(small: Path, tmp_path: Path) -> None:
    settings = Settings(models_dir=small, log_level="ERROR")
    assert build(settings) == build(settings)
    shutil.rmtree(small / "_experiments")
    assert "index.html" in build(settings)  # models without what the experiment found
