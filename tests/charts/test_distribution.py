import numpy as np
import pytest

from cartograph.charts import theme
from cartograph.charts.distribution import distribution_chart, outline, value_ticks
from tests.charts.conftest import make_distribution


@pytest.mark.parametrize("log", [False, True])
@pytest.mark.parametrize("cutoff", [-5.0, 337.0, 1e9])
def test_plotly_accepts_the_figure(log, cutoff):
    distribution_chart(make_distribution(log=log), cutoff, dark=False).figure()


def test_low_and_high_part_cover_the_histogram_once():
    shape = make_distribution(log=False)
    low, high = (t for t in distribution_chart(shape, 337.0, dark=False).data)

    def area(trace):
        x, y = np.array(trace["x"]), np.array(trace["y"])
        return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))

    total = float((np.diff(shape.edges) * shape.counts).sum())
    assert area(low) + area(high) == pytest.approx(total, rel=1e-3)
    assert max(low["x"]) == min(high["x"]) == 337.0
    assert low["fillcolor"] == theme.with_opacity(theme.LIGHT.low, 0.55)


def test_outline_of_nothing_is_empty():
    x, _ = outline(np.array([0.0, 1.0]), np.array([3.0]), 1.0, 1.0)
    assert len(x) == 0


@pytest.mark.parametrize("log", [False, True])
def test_ticks_are_round_and_inside(log):
    shape = make_distribution(log=log)
    ticks = value_ticks(shape)
    assert 2 <= len(ticks) <= 9
    assert all(shape.edges[0] <= t <= shape.edges[-1] for t in ticks)


def test_the_table_counts_everybody():
    shape = make_distribution()
    assert distribution_chart(shape, 337.0, dark=False).table()["patients"].sum() == shape.n
