"""Numbers of a panel's groups."""

import numpy as np

from cartograph.stats.survival import kaplan_meier
from cartograph.views.panels import rates_at


def test_a_curve_at_nought_stays_there() -> None:
    ended = rates_at(kaplan_meier([2.0, 5.0, 9.0], [1, 0, 1]), (6.0, 12.0, 24.0))
    np.testing.assert_allclose(ended["survival"], [2 / 3, 0, 0])
    assert ended["ci_low"].isna().tolist() == [False, True, True]
    assert ended["at_risk"].tolist() == [1, 0, 0]
    followed = rates_at(kaplan_meier([2.0, 5.0, 9.0], [1, 1, 0]), (6.0, 12.0, 24.0))
    assert followed["survival"].isna().tolist() == [False, True, True]
    assert rates_at(kaplan_meier([], []), (6.0,))["survival"].isna().all()
