"""The only place of colours, fonts, sizes and symbols.

Every colour of text or line has a contrast of at least 4.5:1 with its ground, light and dark (tested). Groups differ in line
style as well as in colour, so a figure survives a grey printer and a colour-blind reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypedDict, Unpack

Dash = Literal["solid", "dash", "dot"]

FONT: Final = '"Source Sans", "Source Sans 3", "Source Sans Pro", Arial, Helvetica, sans-serif'
SIZE_TITLE: Final = 16
SIZE_TEXT: Final = 12
SIZE_SMALL: Final = 11
LINE_WIDTH: Final = 2.0
BAND_OPACITY: Final = 0.16
FAINT: Final = 0.38  # opacity of a curve that stands on few patients


@dataclass(frozen=True, slots=True)
class Ink:
    """The colours of one ground: ``text`` for words and numbers, ``quiet`` for axes and notes, ``grid`` for lines behind data."""

    ground: str
    text: str
    quiet: str
    grid: str
    low: str
    mixed: str
    high: str
    all: str
    progression: str
    death: str
    mrd: str
    best: str
    bar: str

    def of_role(self, role: str) -> str:
        """The colour of a marker group: "all", "low", "mixed" or "high"."""
        return {"low": self.low, "mixed": self.mixed, "high": self.high}.get(role, self.all)


LIGHT: Final = Ink(
    ground="#FFFFFF",
    text="#262730",
    quiet="#5C6070",
    grid="#E6E8EC",
    low="#0072B2",
    mixed="#6E6E6E",
    high="#C04F00",
    all="#31333F",
    progression="#C04F00",
    death="#111111",
    mrd="#2F7D00",
    best="#111111",
    bar="#B9BEC8",
)
DARK: Final = Ink(
    ground="#0E1117",
    text="#F0F2F6",
    quiet="#A9AFBC",
    grid="#2A2F3A",
    low="#56B4E9",
    mixed="#A6A6A6",
    high="#F58A3C",
    all="#E6EAF1",
    progression="#FF9F45",
    death="#FFFFFF",
    mrd="#86C232",
    best="#FFFFFF",
    bar="#4B5160",
)

DASHES: Final[dict[str, Dash]] = {"all": "solid", "low": "solid", "mixed": "dot", "high": "dash"}

# Best to worst, a ColorBrewer pair that every kind of colour vision tells apart; the same on both grounds (bars carry an edge).
RESPONSE_COLOURS: Final[dict[str, str]] = {
    "sCR": "#08306B",
    "CR": "#2171B5",
    "nCR": "#4594C7",
    "VGPR": "#6BAED6",
    "PR": "#C6DBEF",
    "MR": "#FEE0B6",
    "SD": "#FDB863",
    "PD": "#B35806",
    "NE": "#D9D9D9",
}
# Grades of toxicity 0 to 5, ColorBrewer's PuOr from grey to brown: darker is worse.
GRADE_COLOURS: Final = ("#D9D9D9", "#FEE0B6", "#FDB863", "#E08214", "#B35806", "#7F3B08")
# Correlations from strongly opposite (blue) over none to strongly together (red): ColorBrewer's RdBu, safe for colour-blind readers. On a
# dark ground what is weak recedes into the ground.
STRENGTHS: Final = (0.1, 0.3, 0.5, 0.7)
_OPPOSITE: Final = {False: ("#D1E5F0", "#92C5DE", "#4393C3", "#2166AC"), True: ("#1E3A54", "#2F6690", "#4F9DCB", "#92C5DE")}
_TOGETHER: Final = {False: ("#FDDBC7", "#F4A582", "#D6604D", "#B2182B"), True: ("#4E2A2B", "#8E4238", "#DA6C59", "#F4A582")}
_UNRELATED: Final = {False: "#F2F3F5", True: "#1F242E"}
NO_RESPONSE: Final = {False: "#C3C7CF", True: "#5A6070"}  # lane before the first assessment, by dark


def ink(*, dark: bool) -> Ink:
    """The colours for a dark or a light ground."""
    return DARK if dark else LIGHT


def mini_colours(*, dark: bool) -> tuple[str, str]:
    """(before, after): the two colours of the filter panel's little histograms."""
    colours = ink(dark=dark)
    return colours.bar, colours.low


def strength_colour(coefficient: float, *, dark: bool) -> str:
    """The colour of a correlation, -1 to 1, in bands of its size; the one of no correlation below 0.1."""
    band = sum(abs(coefficient) >= limit for limit in STRENGTHS)
    if not band:
        return _UNRELATED[dark]
    return (_TOGETHER if coefficient > 0 else _OPPOSITE)[dark][band - 1]


def response_colour(code: str, *, dark: bool) -> str:
    """The colour of a response code; of a lane without an assessment for any other text."""
    return RESPONSE_COLOURS.get(code, NO_RESPONSE[dark])


def response_edge(*, dark: bool) -> str:
    """Outline that sets a pale colour apart from a light ground and a deep one from a dark ground."""
    return "#5C7DA3" if dark else "#8A93A3"


def text_on(colour: str) -> str:
    """Black or white, whichever reads better on ``colour`` (#RRGGBB)."""
    return "#FFFFFF" if contrast(colour, "#FFFFFF") > contrast(colour, "#111111") else "#111111"


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two #RRGGBB colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    first, second = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def with_opacity(colour: str, opacity: float) -> str:
    """rgba() of a #RRGGBB colour."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity:g})"


def base_layout(*, dark: bool, height: int, left: int, right: int, top: int, bottom: int) -> dict[str, Any]:
    """Plotly layout that all figures share: ground, font, margins in pixels, no legend."""
    colours = ink(dark=dark)
    return {
        "height": height,
        "margin": {"l": left, "r": right, "t": top, "b": bottom, "pad": 0, "autoexpand": False},
        "paper_bgcolor": colours.ground,
        "plot_bgcolor": colours.ground,
        "font": {"family": FONT, "size": SIZE_TEXT, "color": colours.text},
        "showlegend": False,
        "hovermode": "closest",
        "annotations": [],
        "shapes": [],
    }


def quiet_axis(*, dark: bool, grid: bool) -> dict[str, Any]:
    """An axis without frame or zero line; horizontal grid lines only where ``grid``."""
    colours = ink(dark=dark)
    return {
        "showgrid": grid,
        "gridcolor": colours.grid,
        "gridwidth": 1,
        "zeroline": False,
        "showline": False,
        "ticks": "",
        "tickfont": {"size": SIZE_SMALL, "color": colours.quiet},
        "fixedrange": True,
    }


class Place(TypedDict, total=False):
    """Where words stand: Plotly's annotation keys; ``xshift`` and ``yshift`` in pixels, ``textangle`` in degrees."""

    x: float
    y: float
    xref: str
    yref: str
    xanchor: str
    yanchor: str
    xshift: float
    yshift: float
    textangle: int


def words(text: str, *, colour: str, size: float = SIZE_SMALL, **place: Unpack[Place]) -> dict[str, Any]:
    """A Plotly annotation without arrow, by default in paper units, left-aligned and centred on its line.

    ``text`` may hold <b> and <br>; text from a file goes through ``escape`` first.
    """
    found: dict[str, Any] = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "middle", **place}
    found["xshift"], found["yshift"] = round(place.get("xshift", 0.0), 1), round(place.get("yshift", 0.0), 1)
    return {"text": text, **found, "align": found["xanchor"], "showarrow": False, "font": {"size": size, "color": colour}}


def escape(text: str) -> str:
    """Text from a file, safe inside an annotation: Plotly and our renderer read <b> and <br> as marks."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
