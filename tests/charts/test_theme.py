import pytest

from cartograph.charts import theme

TEXT_AND_LINES = ("text", "quiet", "low", "mixed", "high", "all", "progression", "death", "mrd", "best")


@pytest.mark.parametrize("name", TEXT_AND_LINES)
@pytest.mark.parametrize("colours", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_every_colour_of_text_or_line_stands_out_from_its_ground(colours, name):
    assert theme.contrast(getattr(colours, name), colours.ground) >= 4.5


def test_contrast_is_the_one_of_the_web_guidelines():
    assert theme.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    assert theme.contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.005)  # the textbook grey that just fails
    assert theme.contrast("#FFFFFF", "#777777") == theme.contrast("#777777", "#FFFFFF")


@pytest.mark.parametrize("colour", theme.RESPONSE_COLOURS.values())
def test_counts_inside_bars_can_be_read(colour):
    assert theme.contrast(theme.text_on(colour), colour) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_the_rim_of_bars_and_lanes_stands_out_from_the_ground(dark):
    assert theme.contrast(theme.response_edge(dark=dark), theme.ink(dark=dark).ground) >= 3


def test_groups_differ_in_line_style_as_well():
    assert len({theme.DASHES[role] for role in ("low", "mixed", "high")}) == 3


def test_a_file_cannot_write_marks():
    assert theme.escape("<b>&<br>") == "&lt;b&gt;&amp;&lt;br&gt;"
