"""The frame of the HTML reports: self-contained, no script, light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

STYLE = """
:root{color-scheme:light dark;--ink:#1c2733;--dim:#5d6b7a;--paper:#fff;--card:#f5f7fa;--rule:#dde3ea;--others:#2f7ed8;
--churners:#e0562b;--accent:#3d5a98}
@media(prefers-color-scheme:dark){:root{--ink:#e6ebf1;--dim:#9aa7b5;--paper:#12171d;--card:#1b222b;--rule:#323c48;
--others:#62a4ee;--churners:#ff8257;--accent:#8fb0f0}}
*{box-sizing:border-box}body{margin:0 auto;max-width:1080px;padding:24px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,sans-serif}h1{font-size:26px;margin:0 0 4px}h2{font-size:19px;margin:36px 0 8px}
h3{font-size:15px;margin:0 0 4px}p{margin:4px 0 12px;max-width:75ch}.dim,figcaption{color:var(--dim)}
.grid-of{display:grid;gap:16px;grid-template-columns:repeat(auto-fill,minmax(min(300px,100%),1fr))}
.wide{grid-template-columns:repeat(auto-fill,minmax(min(420px,100%),1fr))}
figure{margin:0;min-width:0;padding:12px;background:var(--card);border-radius:10px}figcaption{font-size:13px}
.full{grid-column:1/-1}.tile b{display:block;font-size:22px;white-space:nowrap}
.tile{padding:12px 16px;background:var(--card);border-radius:10px}
.tiles{display:grid;gap:12px;grid-template-columns:repeat(auto-fill,minmax(155px,1fr));margin:16px 0}
table{border-collapse:collapse;width:100%}td,th{padding:6px 10px;border-bottom:1px solid var(--rule);text-align:left}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}.scroll{overflow-x:auto}
svg{display:block;width:100%;height:auto;font:11px system-ui,sans-serif;fill:var(--ink)}svg text{fill:var(--dim)}
svg text.name{fill:var(--ink)}svg text.cell{font-size:9px;fill:var(--ink)}svg .grid{stroke:var(--rule)}
svg .others{fill:var(--others);fill-opacity:.45;stroke:var(--others)}
svg .churners{fill:var(--churners);fill-opacity:.4;stroke:var(--churners)}
svg polyline{fill:none;stroke-width:2}svg .curve{stroke:var(--accent)}svg .guide{stroke:var(--dim);stroke-dasharray:4 4}
svg .mark{stroke:var(--churners);stroke-dasharray:3 3}svg .bar{fill:var(--accent)}svg .dot{fill:var(--accent)}
svg .plus{fill:var(--churners)}svg .minus{fill:var(--others)}
@media(max-width:600px){body{padding:16px}td,th{padding:6px 3px;font-size:13px}}
svg .whole.churners{fill-opacity:.85;stroke:none}svg .whole.others{fill-opacity:.55;stroke:none}
.key i{display:inline-block;width:12px;height:12px;border-radius:3px;margin:0 5px 0 12px;vertical-align:-1px}
"""


def page(title: str, subtitle: str, sections: Sequence[str]) -> str:
    """Return a whole HTML document."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1>"
        f'<p class="dim">{escape(subtitle)}</p>{"".join(sections)}</body></html>\n'
    )


def moment(iso: str) -> str:
    """Return a UTC timestamp in words that no line break divides."""
    return f"{datetime.fromisoformat(iso).astimezone(UTC):%d %b %Y, %H:%M} UTC".replace(" ", "\u00a0")


def section(title: str, text: str, body: str) -> str:
    """Return a titled section; `text` is plain, `body` is HTML."""
    return f"<section><h2>{escape(title)}</h2><p>{escape(text)}</p>{body}</section>"


def figure(title: str, picture: str, caption: str = "", *, full: bool = False) -> str:
    """Return a picture with its title and, below, what to see in it."""
    css = ' class="full"' if full else ""
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure{css}><h3>{escape(title)}</h3>{picture}{below}</figure>"


def tiles(items: Sequence[tuple[str, str]]) -> str:
    """Return (value, what it is) as a row of large numbers."""
    each = (
        f'<div class="tile"><b>{escape(value)}</b><span class="dim">{escape(name)}</span></div>'
        for value, name in items
    )
    return f'<div class="tiles">{"".join(each)}</div>'


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: bool = False) -> str:
    """Return a table; with `numbers`, all columns but the first are aligned right."""

    def cells(tag: str, values: Sequence[str]) -> str:
        css = ["" if i == 0 or not numbers else ' class="n"' for i in range(len(values))]
        return "".join(f"<{tag}{c}>{escape(v)}</{tag}>" for c, v in zip(css, values, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{cells("th", head)}</tr></thead><tbody>{body}</tbody></table></div>'
