"""Bundles: the same files give the same bundle, and a missing source is an error."""

from pathlib import Path

import pytest

from stacks.components.bundles import bundle, content_hash


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, body in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(body)
    return folder


FILES = {"b.py": "two", "a.py": "one", "inner/c.json": "{}"}


def test_the_order_in_which_files_were_made_does_not_matter(tmp_path: Path) -> None:
    one = write(tmp_path / "one", FILES)
    other = write(tmp_path / "other", dict(reversed(FILES.items())))
    assert content_hash(one) == content_hash(other)
    assert len(content_hash(one)) == 16


@pytest.mark.parametrize(
    "files",
    [
        {**FILES, "a.py": "One"},
        {**FILES, "d.py": ""},
        {"b.py": "two", "a2.py": "one", "inner/c.json": "{}"},
        # The same bytes in a row, cut elsewhere.
        {"b.py": "tw", "a.py": "oneo", "inner/c.json": "{}"},
    ],
)
def test_any_change_is_another_hash(tmp_path: Path, files: dict[str, str]) -> None:
    assert content_hash(write(tmp_path / "one", FILES)) != content_hash(write(tmp_path / "other", files))


def test_the_hash_is_sorted_by_name_and_not_by_the_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path, FILES)
    expected = content_hash(folder)
    found = list(folder.rglob("*"))
    monkeypatch.setattr(Path, "rglob", lambda *_: iter(found[::-1]))
    backwards = content_hash(folder)
    monkeypatch.setattr(Path, "rglob", lambda *_: iter(found))
    assert backwards == content_hash(folder) == expected


def test_sources_lie_side_by_side_without_leftovers(tmp_path: Path) -> None:
    source = write(tmp_path, {**FILES, "__pycache__/a.pyc": "x", "inner/.hidden": "x", "old.pyc": "x"})
    made = bundle({".": source, "schema": source / "inner", "data/one.csv": source / "a.py", "text.json": "[]"})
    names = {path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file()}
    assert names == {"a.py", "b.py", "inner/c.json", "schema/c.json", "data/one.csv", "text.json"}
    assert (made / "text.json").read_text() == "[]"


def test_a_missing_or_empty_source_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is not there"):
        bundle({".": tmp_path / "missing"})
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="nothing to bundle"):
        bundle({".": tmp_path / "empty"})
