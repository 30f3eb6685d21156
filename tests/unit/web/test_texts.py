"""Each language says all that English says, about the same things, and the schema's words with it."""

import json
from typing import Any

import pytest

from schema import load_schema
from tests.unit.web.node import WEB, answering

LANGUAGES = sorted(path.stem for path in (WEB / "text").glob("??.js"))
OTHERS = [language for language in LANGUAGES if language != "en"]
# A function is told as the names of its parameters, and those that its words use.
PROGRAM = """
const { text } = await import("WEB/js/texts.js");
function told(value) {
  if (typeof value === "function") {
    const source = value.toString();
    const open = source.indexOf("(");
    const [names, body] = source.split("=>", 2).length > 1
      ? [source.slice(0, source.indexOf("=>")), source.slice(source.indexOf("=>") + 2)] : ["", source];
    const parameters = [...names.replace(/\\/\\*.*?\\*\\//gs, "").matchAll(/[A-Za-z]\\w*/g)].map(([one]) => one);
    const used = parameters.filter((one) => new RegExp(`\\\\b${one}\\\\b`).test(body));
    return { "#facts": value.length, "#used": used.length };
  }
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, told(inner)]));
  }
  return typeof value === "string" ? { "#words": value.length } : typeof value;
}
const at = (path) => path.reduce((found, key) => found[key], text);
const answer = ({ call, path = [], given = [] }) => (call ? at(path)(...given) : told(text));
"""


def told(language: str) -> Any:
    with answering(PROGRAM, language) as ask:
        return ask({})


@pytest.fixture(scope="module")
def english() -> Any:
    return told("en")


def keys(node: Any, path: str = "") -> dict[str, Any]:
    if isinstance(node, dict) and not {"#words", "#facts"} & node.keys():
        return {name: leaf for key, inner in node.items() for name, leaf in keys(inner, f"{path}.{key}").items()}
    return {path: node}


def test_the_page_offers_the_languages_that_there_are() -> None:
    with answering('const { LANGUAGES } = await import("WEB/js/language.js"); const answer = () => LANGUAGES;') as ask:
        assert sorted(ask({})) == LANGUAGES


@pytest.mark.parametrize("language", OTHERS)
def test_each_language_has_every_text(english: Any, language: str) -> None:
    mine, theirs = keys(told(language)), keys(english)
    assert set(mine) == set(theirs)
    assert len(theirs) > 200
    for name, leaf in theirs.items():
        if "#facts" in leaf:
            assert mine[name]["#facts"] == leaf["#facts"], f"{name} takes other facts"
            assert mine[name]["#used"] >= leaf["#used"], f"{name} leaves a fact out"
        elif "#words" in leaf:
            assert mine[name]["#words"], f"{name} is empty"


@pytest.mark.parametrize("language", OTHERS)
def test_the_schema_is_told_in_each_language(language: str) -> None:
    words = json.loads((WEB / "text" / f"schema.{language}.json").read_text(encoding="utf-8"))
    document = load_schema().document
    inputs = [entry for entry in document["attributes"] if entry["role"] == "input"]
    facets = {name for entry in inputs for name in entry.get("facet", {}).get("groups", {})}
    assert set(words["labels"]) == set(words["help"]) == {entry["name"] for entry in inputs}
    assert set(words["groups"]) == {group["id"] for group in document["groups"]}
    assert set(words["units"]) == {entry["unit"] for entry in inputs if "unit" in entry}
    assert set(words["facets"]) == facets
    named = {entry["name"]: set(entry["category_labels"]) for entry in inputs if "category_labels" in entry}
    assert {name: set(labels) for name, labels in words["categories"].items()} == named
    assert all(all(part.values()) for part in words.values())


@pytest.mark.parametrize(
    ("language", "risk", "small", "money"),
    [
        ("en", "98%", "under 0.1%", "$1,234"),
        ("es", "98 %", "menos del 0,1 %", "1234 $"),
        ("pl", "98%", "poniżej 0,1%", "1234 $"),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(language: str, risk: str, small: str, money: str) -> None:
    with answering(PROGRAM, language) as ask:
        call = [ask({"call": True, "path": [name], "given": [value]}) for name, value in
                (("risk", 0.98), ("risk", 0.0001), ("dollars", 1234))]  # fmt: skip
    assert [one.replace("\u00a0", " ").replace("\u202f", " ") for one in call] == [risk, small, money]


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "Zmieniło się jedno pole."),
        (3, "Zmieniły się 3 pola."),
        (5, "Zmieniło się 5 pól."),
        (22, "Zmieniły się 22 pola."),
    ],
)
def test_polish_counts_as_polish_does(count: int, words: str) -> None:
    with answering(PROGRAM, "pl") as ask:
        assert ask({"call": True, "path": ["model", "drift", "moved"], "given": [count]}) == words


def test_a_browser_that_speaks_another_language_gets_english() -> None:
    with answering(
        'const { language } = await import("WEB/js/language.js"); const answer = () => language;', "fr"
    ) as ask:
        assert ask({}) == "en"
