"""Charts as SVG that stands in a page: no script, no style, and colours that suit a light and a dark page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

from markupsafe import Markup, escape

WIDTH = 360  # with labels beside it the picture is about 480 wide, which a phone shows at three quarters
LABEL_CHARS = 28

# Distinct in both modes and to most colour-blind eyes (Okabe and Ito, the yellow left out).
_COLOURS = ["#4f8fd0", "#e08a2e", "#2f9e78", "#c06aa0", "#8a8f98", "#c9523f"]

# What a picture is made of. No style, which the content policy of the pages would not let in, and no address.
_SHAPES = frozenset({"svg", "g", "path", "rect", "line", "text"})
_ATTRIBUTES = frozenset(
    "width height viewbox version transform d x y x1 x2 y1 y2 fill fill-opacity stroke stroke-width stroke-opacity"
    " stroke-miterlimit opacity font-family font-size font-weight text-anchor role aria-label aria-hidden"
    " aria-roledescription".split()
)


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture, and its numbers for who cannot see it."""

    title: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def draw_bars(
    title: str, columns: tuple[str, str] | tuple[str, str, str], rows: Sequence[tuple[Any, ...]], *, lying: bool = False
) -> Chart | None:
    """Bars of a count by a name, in the order given; stacked by a third column where there is one.

    Args:
        title: what the chart shows.
        columns: headings: the name, the count, and what the bars are split by.
        rows: a value a column.
        lying: bars from left to right, for names that are long.
    """
    if not rows:
        return None
    values = [{"name": _label(row[0]), "count": row[1], "part": _label(row[2]) if len(row) > 2 else ""} for row in rows]
    quiet = {"title": None, "ticks": False, "domain": False, "labelOverlap": True, "labelLimit": 200}
    grid = {"title": None, "gridColor": "#8a8f98", "gridOpacity": 0.3, "domain": False, "tickCount": 4}
    # The page's letters may be wider than those that the picture was measured with: names get room of their own.
    room = {"minExtent": 140} if lying else {}
    name = {"field": "name", "type": "nominal", "sort": None, "axis": {**quiet, **room, "labelOverlap": not lying}}
    count = {"field": "count", "type": "quantitative", "axis": grid}
    encoding: dict[str, Any] = {"x": count, "y": name} if lying else {"x": name, "y": count}
    if len(columns) > 2:
        encoding["color"] = {
            "field": "part",
            "type": "nominal",
            "scale": {"range": _COLOURS},
            "legend": {"orient": "top", "title": None, "labelColor": "currentColor"},
        }
    names = len({row[0] for row in rows})
    specification = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "data": {"values": values},
        "width": WIDTH - 140 if lying else WIDTH,
        "height": min(20 * names + 10, 400) if lying else 160,
        "mark": {"type": "bar", "color": _COLOURS[0]},
        "encoding": encoding,
        "config": {
            "background": "transparent",
            "font": "sans-serif",
            "padding": {"left": 16, "right": 16, "top": 4, "bottom": 4},
            "view": {"stroke": None},
            "axis": {"labelColor": "currentColor", "labelFontSize": 12},
        },
    }
    return Chart(title, _render(specification), tuple(columns), tuple(tuple(row) for row in rows))


def _label(value: Any) -> str:
    # A control character in a label would abort the process: vl-convert 1.9 measures labels as XML, which has none.
    text = str(value)[:LABEL_CHARS]
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _render(specification: dict[str, Any]) -> Markup:
    import vl_convert

    # Nothing may be fetched: no data and no images of other places.
    shapes = _Shapes()
    shapes.feed(str(vl_convert.vegalite_to_svg(specification, allowed_base_urls=[])))
    shapes.close()
    return Markup("").join(shapes.parts)


class _Shapes(HTMLParser):
    """Writes a picture anew with nothing in it but shapes and text, each value escaped again."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[Markup] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SHAPES:
            kept = [Markup(' {}="{}"').format(name, value) for name, value in attrs if name in _ATTRIBUTES]
            self.parts.append(Markup("<{}{}>").format(tag, Markup("").join(kept)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SHAPES:
            self.parts.append(Markup("</{}>").format(tag))

    def handle_data(self, data: str) -> None:
        self.parts.append(escape(data))
