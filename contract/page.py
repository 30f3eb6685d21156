"""The API's document as a page for people: plain HTML, made once, that needs no script."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

Json = Mapping[str, Any]


def html(document: Json) -> str:
    """Write an OpenAPI document of ours as a page; it uses the site's own style sheets."""
    info = document["info"]
    operations = [
        _operation(document, method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    shapes = [_shape(name, shape) for name, shape in document["components"]["schemas"].items()]
    title = f"{escape(info['title'])}: the API"
    return f"""<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <meta name="color-scheme" content="light dark">
  <title>{title}</title>
  <link rel="icon" href="/favicon.svg" type="image/svg+xml">
  <link rel="stylesheet" href="/css/base.css">
  <link rel="stylesheet" href="/css/docs.css">
</head>
<body>
  <main class="docs">
    <h1>{title}</h1>
    <p>{_told(info["description"])}</p>
    <p>Version {escape(info["version"])}. For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).
    <a href="/">To the page.</a></p>
{"".join(operations)}    <h2>Bodies</h2>
{"".join(shapes)}  </main>
</body>
</html>
"""


def _operation(document: Json, method: str, path: str, operation: Json) -> str:
    base = document["servers"][0]["url"]
    parts = [f"    <section>\n    <h2><code>{method.upper()} {escape(base + path)}</code></h2>\n"]
    parts.append(f"    <p>{_told(operation['summary'])}.</p>\n".replace("..", "."))
    if "description" in operation:
        parts.append(f"    <p>{_told(operation['description'])}</p>\n")
    scopes = {scope for way in operation["security"] for asked in way.values() for scope in asked}
    needs = f"Needs a token with the scope <code>{escape(', '.join(scopes))}</code>." if scopes else "Needs no token."
    parts.append(f"    <p>{needs}</p>\n")
    parameters = [_resolved(document, one) for one in operation["parameters"]]
    rows = [(f"<code>{escape(one['name'])}</code>", _told(one["description"])) for one in parameters]
    parts.append(_table("Headers", ("header", "meaning"), rows))
    if "requestBody" in operation:
        parts.append(_bodies("Request", operation["requestBody"]["content"]))
    answers = []
    for status, answer in operation["responses"].items():
        found = _resolved(document, answer)
        kinds = ", ".join(f"<code>{escape(kind)}</code>{_link(body['schema'])}" for kind, body in _content(found))
        answers.append((status, _told(found["description"]), kinds))
    parts.append(_table("Answers", ("status", "meaning", "body"), answers))
    return "".join(parts) + "    </section>\n"


def _content(found: Json) -> Iterable[tuple[str, Json]]:
    content: Json = found.get("content", {})
    return content.items()


def _bodies(title: str, content: Json) -> str:
    rows = []
    for kind, body in content.items():
        examples = [example["value"] for example in body.get("examples", {}).values()]
        shown = "".join(f"<pre><code>{escape(one)}</code></pre>" for one in examples)
        rows.append((f"<code>{escape(kind)}</code>", (_link(body["schema"]) or "") + shown))
    return _table(title, ("type", "body"), rows)


def _shape(name: str, shape: Json) -> str:
    parts = [f'    <section id="{escape(name)}">\n    <h3>{escape(name)}</h3>\n']
    if "description" in shape:
        parts.append(f"    <p>{_told(shape['description'])}</p>\n")
    rows = []
    for field, inner in shape.get("properties", {}).items():
        mark = "" if field in shape.get("required", ()) else " (optional)"
        rows.append((f"<code>{escape(field)}</code>{mark}", _kind(inner), _told(inner.get("description", ""))))
    parts.append(_table("", ("field", "value", "meaning"), rows))
    for example in shape.get("examples", ()):
        parts.append(f"    <pre><code>{escape(json.dumps(example, indent=2))}</code></pre>\n")
    return "".join(parts) + "    </section>\n"


def _kind(shape: Json) -> str:
    """Say in a few words what a value is."""
    if "$ref" in shape:
        return _link(shape).strip()
    for several in ("oneOf", "anyOf"):
        if several in shape:
            return " or ".join(map(_kind, shape[several]))
    if "const" in shape:
        return f"<code>{escape(json.dumps(shape['const']))}</code>"
    if "enum" in shape:
        shown = ", ".join(f"<code>{escape(json.dumps(one))}</code>" for one in shape["enum"][:4])
        return f"{shown} … ({len(shape['enum'])} in all)" if len(shape["enum"]) > 4 else shown
    kind = shape.get("type", "any")
    words = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in shape:
        return f"list of {_kind(shape['items'])}"
    limits = [f"{word} {shape[key]:g}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in shape]
    return " ".join([words, *limits])


def _resolved(document: Json, shape: Json) -> Json:
    if "$ref" not in shape:
        return shape
    found: Any = document
    for step in shape["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    resolved: Json = found
    return resolved


def _link(shape: Json) -> str:
    if "$ref" not in shape:
        return ""
    name = escape(shape["$ref"].rsplit("/", 1)[-1])
    return f' <a href="#{name}">{name}</a>'


def _told(text: str) -> str:
    """Write a text with `code` in it."""
    pieces = escape(text).split("`")
    return "".join(f"<code>{piece}</code>" if place % 2 else piece for place, piece in enumerate(pieces))


def _table(title: str, heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    if not body:
        return ""
    caption = f"<caption>{title}</caption>" if title else ""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in heads)
    table = f"<table>{caption}<thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>"
    # What scrolls on a small screen must be reached by keyboard.
    return f'    <div class="scroll" tabindex="0">{table}</div>\n'
