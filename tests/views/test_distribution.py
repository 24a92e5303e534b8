"""The histogram counts every measured patient once; the handle stops at real values."""

import numpy as np

from cartograph.cohort.model import Cohort
from cartograph.views.defaults import quantile_cutoff
from cartograph.views.distribution import FEWER_STOPS, distribution
from tests.views.conftest import make_cohort


def test_histogram_counts_every_patient(cohort: Cohort) -> None:
    for column in ("ferritin_d0", "crp_d0"):
        shape = distribution(cohort, column)
        assert shape.counts.sum() == shape.n == int(cohort.patients[column].notna().sum())
        assert shape.n + shape.n_missing == cohort.n
        assert np.all(np.diff(shape.edges) > 0)


def test_stops_are_real_values_and_keep_the_extremes() -> None:
    cohort = make_cohort(3000)
    shape = distribution(cohort, "cmax")
    values = cohort.patients["cmax"].to_numpy()
    assert len(shape.values) == FEWER_STOPS
    assert np.isin(shape.values, values).all()
    assert (shape.values[0], shape.values[-1]) == (values.min(), values.max())


def test_quantile_cutoffs_are_measured_values(cohort: Cohort) -> None:
    values = cohort.patients["ferritin_d0"].to_numpy()
    for fraction in (0.25, 0.5, 0.75):
        assert quantile_cutoff(cohort, "ferritin_d0", fraction) in values
