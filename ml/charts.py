"""Small charts as inline SVG: no library, no script, readable in light and dark."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

Point = tuple[float, float]
LEFT, RIGHT, TOP, BOTTOM = 52, 14, 12, 40


class Axes:
    """A plot area with ticks and labels; x and y are data coordinates."""

    def __init__(
        self, x: Point, y: Point, *, size: tuple[int, int] = (440, 260), labels: tuple[str, str] = ("", "")
    ) -> None:
        self.width, self.height = size
        self.x = x if x[1] > x[0] else (x[0], x[0] + 1)
        self.y = y if y[1] > y[0] else (y[0], y[0] + 1)
        self.parts: list[str] = []
        for tick in ticks(*self.y):
            at = self.at_y(tick)
            self.parts.append(f'<line class="grid" x1="{LEFT}" x2="{self.width - RIGHT}" y1="{at:.1f}" y2="{at:.1f}"/>')
            self.text(LEFT - 6, at + 4, f"{tick:g}", anchor="end")
        for tick in ticks(*self.x):
            self.text(self.at_x(tick), self.height - BOTTOM + 16, f"{tick:g}")
        middle = (self.height - BOTTOM + TOP) / 2
        self.text((self.width + LEFT - RIGHT) / 2, self.height - 6, labels[0], css="name")
        self.parts.append(
            f'<text class="name" text-anchor="middle" transform="translate(12 {middle:.0f}) rotate(-90)">'
            f"{escape(labels[1])}</text>"
        )

    def at_x(self, value: float) -> float:
        """Horizontal pixel of a data value."""
        return LEFT + (value - self.x[0]) / (self.x[1] - self.x[0]) * (self.width - LEFT - RIGHT)

    def at_y(self, value: float) -> float:
        """Vertical pixel of a data value."""
        span = self.height - TOP - BOTTOM
        return self.height - BOTTOM - (value - self.y[0]) / (self.y[1] - self.y[0]) * span

    def text(self, x: float, y: float, text: str, *, anchor: str = "middle", css: str = "") -> None:
        """Write at a pixel."""
        self.parts.append(f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>')

    def line(self, points: Sequence[Point], css: str) -> None:
        """Draw a line through data points."""
        path = " ".join(f"{self.at_x(x):.1f},{self.at_y(y):.1f}" for x, y in points)
        self.parts.append(f'<polyline class="{css}" points="{path}"/>')

    def area(self, points: Sequence[Point], css: str) -> None:
        """Fill between data points and zero."""
        closed = [(points[0][0], 0.0), *points, (points[-1][0], 0.0)]
        path = " ".join(f"{self.at_x(x):.1f},{self.at_y(y):.1f}" for x, y in closed)
        self.parts.append(f'<polygon class="{css}" points="{path}"/>')

    def dot(self, x: float, y: float, radius: float, css: str, tip: str = "") -> None:
        """Draw a disc at a data point; `tip` shows on hover."""
        at = f'cx="{self.at_x(x):.1f}" cy="{self.at_y(y):.1f}" r="{radius:.1f}"'
        self.parts.append(f'<circle class="{css}" {at}><title>{escape(tip)}</title></circle>')

    def mark(self, x: float, label: str) -> None:
        """Draw a vertical line with a label at a data value."""
        at = self.at_x(x)
        self.parts.append(f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP}" y2="{self.height - BOTTOM}"/>')
        right_half = at > self.width / 2
        self.text(at + (-5 if right_half else 5), TOP + 12, label, anchor="end" if right_half else "start", css="name")

    def svg(self, title: str) -> str:
        """Return the drawing; `title` is what a screen reader says."""
        return svg(self.width, self.height, title, self.parts)


def svg(width: float, height: float, title: str, parts: Sequence[str]) -> str:
    """Return an SVG element that scales with its column."""
    body = "".join(parts)
    limit = f"max-width:{1.6 * width:.0f}px"
    box = f'viewBox="0 0 {width:.0f} {height:.0f}" style="{limit}"'
    return f'<svg {box} role="img" aria-label="{escape(title)}">{body}</svg>'


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Return round values between `low` and `high`, about `wanted` of them."""
    raw = (high - low) / max(wanted, 1)
    power = 10.0 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(k * step, 10) for k in range(first, math.floor(high / step + 1e-9) + 1)]


def histogram(edges: Sequence[float], groups: Sequence[tuple[str, Sequence[float]]], *, unit: str, title: str) -> str:
    """Return overlaid histograms, each as the share of its own group, so that a small group shows its shape."""
    shares = [(css, [100 * c / max(sum(counts), 1) for c in counts]) for css, counts in groups]
    top = max(max(values) for _, values in shares) * 1.05
    axes = Axes((edges[0], edges[-1]), (0, top), size=(320, 190), labels=(unit, "% of group"))
    for css, values in shares:
        steps = [
            point
            for left, right, value in zip(edges, edges[1:], values, strict=False)
            for point in ((left, value), (right, value))
        ]
        axes.area(steps, css)
    return axes.svg(title)


def bars(items: Sequence[tuple[str, float, str]], *, title: str, top: float | None = None, css: str = "bar") -> str:
    """Return horizontal bars of (label, value, what is written after the bar)."""
    height, label_width, width = 22, 170, 440
    most = top or max((value for _, value, _ in items), default=1) or 1
    parts = []
    for row, (label, value, note) in enumerate(items):
        y = row * height
        length = max(value / most, 0) * (width - label_width - 90)
        parts.append(f'<text x="{label_width - 8}" y="{y + 15}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<rect class="{css}" x="{label_width}" y="{y + 3}" width="{length:.1f}" height="{height - 7}"/>')
        parts.append(f'<text class="name" x="{label_width + length + 6:.1f}" y="{y + 15}">{escape(note)}</text>')
    return svg(width, max(len(items), 1) * height + 4, title, parts)


def shares(items: Sequence[tuple[str, int, int]], *, title: str) -> str:
    """Return one bar of full width for each (label, churners, others), cut where the churners end."""
    width, height, margin = 480, 30, 110
    parts = []
    for i, (label, churners, others) in enumerate(items):
        total, y, full = churners + others, i * height + 4, width - margin - 4
        share = churners / max(total, 1)
        cut = full * share
        parts.append(
            f'<text class="name" x="{margin - 8}" y="{y + 18}" text-anchor="end">{escape(label)}, {share:.1%}</text>'
        )
        both = (("churners", 0.0, cut, f"{churners:,}"), ("others", cut, full - cut, f"{others:,}"))
        for css, x, size, told in both:
            parts.append(
                f'<rect class="whole {css}" x="{margin + x:.1f}" y="{y}" width="{size:.1f}" height="{height - 6}"/>'
                f'<text class="name" x="{margin + x + 6:.1f}" y="{y + 18}">{told}</text>'
            )
    return svg(width, len(items) * height + 4, title, parts)


def columns(items: Sequence[tuple[str, float, str]], *, unit: str, title: str, level: float | None = None) -> str:
    """Return upright bars of (label, value, tip), with a dashed line at `level`."""
    width = 320 if len(items) < 20 else 960
    axes = Axes((0, 1), (0, max(value for _, value, _ in items) * 1.1 or 1), size=(width, 190), labels=("", unit))
    axes.parts = [part for part in axes.parts if f'y="{190 - BOTTOM + 16:.1f}"' not in part]  # no numbers under names
    slot = (width - LEFT - RIGHT) / len(items)
    for i, (label, value, tip) in enumerate(items):
        x, y = LEFT + i * slot, axes.at_y(value)
        axes.parts.append(
            f'<rect class="bar" x="{x + slot * 0.15:.1f}" y="{y:.1f}" width="{slot * 0.7:.1f}" '
            f'height="{190 - BOTTOM - y:.1f}"><title>{escape(tip)}</title></rect>'
        )
        axes.text(x + slot / 2, 190 - BOTTOM + 16, label)
    if level is not None:
        axes.line([(0, level), (1, level)], "guide")
    return axes.svg(title)


def heatmap(labels: Sequence[str], matrix: Sequence[Sequence[float]], *, title: str) -> str:
    """Return a matrix of values from -1 to 1 as coloured squares; a square's number shows on hover."""
    cell, margin, head = 26, 160, 150
    size = margin + cell * len(labels)
    parts = []
    for i, label in enumerate(labels):
        y, x = head + i * cell, margin + i * cell
        parts.append(f'<text x="{margin - 8}" y="{y + 17}" text-anchor="end">{escape(label)}</text>')
        parts.append(f'<text transform="translate({x + 17} {head - 8}) rotate(-60)">{escape(label)}</text>')
        for j, value in enumerate(matrix[i]):
            css = "plus" if value >= 0 else "minus"
            parts.append(
                f'<rect class="{css}" fill-opacity="{min(abs(value), 1):.3f}" x="{margin + j * cell}" y="{y}" '
                f'width="{cell - 1}" height="{cell - 1}">'
                f"<title>{escape(label)} and {escape(labels[j])}: {value:+.2f}</title></rect>"
            )
            if abs(value) >= 0.2 and i != j:
                at = f'x="{margin + j * cell + cell / 2}" y="{y + 16}"'
                parts.append(f'<text class="cell" text-anchor="middle" {at}>{value:.2f}</text>')
    return svg(size + 60, head + cell * len(labels) + 4, title, parts)
