"""Table 1: its numbers against pandas, its guards, and what it says of odd cohorts."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import fisher_exact, mannwhitneyu

from cartograph.cohort.filters import Filter
from cartograph.cohort.model import Column
from cartograph.views.baseline import (
    BY_MARKER,
    DISCOURAGED,
    UNADJUSTED,
    BaselineChoice,
    baseline,
    default_baseline,
    group_choices,
    is_outcome,
    printed_baseline,
    table_columns,
    takes_seconds,
)
from cartograph.views.explore import ExploreView, Marker
from tests.views.conftest import make_cohort
from tests.views.odd_cohort import LONG, odd_cohort

VIEW = ExploreView(markers=(Marker("ferritin_d0", 337.0, "normal"),))
ODD = odd_cohort()


def table(cohort, *columns, by="product", view=VIEW, **more):
    return baseline(cohort, view, BaselineChoice(columns or tuple(c.key for c in table_columns(cohort)), by, **more))


def lines(result):
    """Printed cells by label; the lines of a variable follow its own."""
    return [(row.label, *row.cells) for row in printed_baseline(result).rows]


@given(st.integers(1, 60), st.integers(0, 99))
def test_counts_of_levels_and_of_the_unknown_add_up_to_the_group(n, seed):
    result = table(odd_cohort(n, seed))
    for variable in result.variables:
        for place, group in enumerate(result.groups):
            cells = {row.kind: row.cells[place] for row in variable.rows if row.cells}
            missing = cells["missing"]
            assert missing.total == group.n
            if "number" in cells:
                assert cells["number"].count + missing.count == group.n == cells["number"].total
            elif variable.rows[0].kind == "heading":
                levels = [row.cells[place].count for row in variable.rows if row.kind == "level"]
                assert sum(levels) + missing.count == group.n
                assert cells["level"].total + missing.count == group.n
    if len(result.groups) > 1:
        assert sum(g.n for g in result.groups[1:]) + result.without_group == result.groups[0].n


@pytest.mark.parametrize("statistic", ["median (range)", "median (IQR)", "mean (SD)"])
def test_numbers_are_those_of_pandas(statistic):
    result = table(ODD, "age", statistic=statistic)
    ages = {"Overall": ODD.patients["age"], **dict(list(ODD.patients.groupby("product", observed=True)["age"]))}
    for group, cell in zip(result.groups, result.variables[0].rows[0].cells, strict=True):
        age = ages[group.label].dropna()
        if statistic == "mean (SD)":
            assert (cell.value, cell.low) == (pytest.approx(age.mean()), pytest.approx(age.std()))
            continue
        ends = (age.min(), age.max()) if statistic == "median (range)" else (age.quantile(0.25), age.quantile(0.75))
        assert (cell.value, cell.low, cell.high) == (age.median(), *ends)
    assert result.to_frame()["count"].tolist()[:3] == [age.notna().sum() for age in ages.values()]


def test_a_count_prints_its_denominator_and_its_share():
    found = lines(table(ODD, "stage"))
    assert [row[0] for row in found] == ["R-ISS", "I", "II", "III", "Not known"]
    of_product = pd.crosstab(ODD.patients["stage"], ODD.patients["product"])
    assert found[3][1:4] == ("1/120 (1\u2009%)", "1/40 (2\u2009%)", "0/80 (0\u2009%)")
    assert of_product.loc["III"].tolist() == [1, 0]
    assert found[4][1:4] == ("0", "0", "0")
    flag = lines(table(ODD, "spared"))
    assert [row[0] for row in flag] == ["Spared, yes", "Not known"]
    assert lines(table(ODD, "age"))[1][1] == "48/120 (40\u2009%)"


def test_tests_are_off_until_asked_for_and_then_named_with_the_warning():
    quiet = table(ODD, "age", "stage")
    assert all(v.test is None for v in quiet.variables)
    assert "p" not in printed_baseline(quiet).headings
    asked = table(ODD, "age", "spared", tests="fisher")
    assert DISCOURAGED in asked.cautions
    assert printed_baseline(asked).headings[-2:] == ("p", "Test")
    ide = ODD.patients["product"] == "ide-cel"
    age, spared = ODD.patients["age"], ODD.patients["spared"]
    expected = mannwhitneyu(age[ide].dropna(), age[~ide].dropna(), method="asymptotic").pvalue
    assert asked.variables[0].test.p_value == pytest.approx(expected, rel=1e-8)
    assert "Wilcoxon" in asked.variables[0].test.method
    assert asked.variables[1].test.p_value == pytest.approx(fisher_exact(pd.crosstab(spared, ide)).pvalue, rel=1e-8)
    assert "Yates" in table(ODD, "spared", tests="chi-squared, Yates").variables[0].test.method
    assert "2 tests: 0.1 expected below 0.05" in " ".join(asked.cautions)


def test_below_ten_patients_in_a_group_the_p_is_withheld_with_the_reason():
    found = table(odd_cohort(24), "ferritin_d0", tests="fisher")
    assert lines(found)[0][-2:] == ("withheld", "fewer than 10 patients in a group")
    assert np.isnan(found.to_frame()["p_value"]).all()
    assert lines(table(ODD, "same", tests="fisher"))[0][-2:] == ("not given", "every patient has the same value")


def test_of_three_groups_kruskal_wallis_and_the_largest_difference():
    cohort = replace(ODD, patients=ODD.patients.assign(stage=pd.Categorical(np.array(["I", "II", "III"])[np.arange(120) % 3])))
    found = table(cohort, "ferritin_d0", by="stage", tests="fisher")
    assert found.variables[0].test.method == "Kruskal-Wallis test"
    assert printed_baseline(found).headings[4:6] == ("SMD", "SMD is between")
    assert np.isnan(found.love.chance)
    assert found.love.rows[0].pair


def test_what_is_known_only_after_infusion_is_an_outcome_in_its_own_part():
    found = table(ODD, "cmax", "age", "best_response", tests="fisher")
    assert [v.label for v in found.variables] == ["Age", "Cmax", "Best response"]
    assert all(v.difference is None and v.test is None for v in found.variables if v.outcome)
    kinds = [row.kind for row in printed_baseline(found).rows]
    assert kinds.count("block") == 1
    assert kinds[2] == "block"
    assert [r.label for r in found.love.rows] == ["Age"]
    with pytest.raises(ValueError, match="only after infusion"):
        table(ODD, "age", by="best_response")
    assert "best_response" not in group_choices(ODD, VIEW)
    assert not any(is_outcome(ODD.columns[key]) for key in default_baseline(ODD, VIEW).columns)


def test_groups_of_the_biomarker_obey_its_rule_and_say_where_the_cutoff_came_from():
    found = table(ODD, "ferritin_d0", "age", by=BY_MARKER)
    high = int((ODD.patients["ferritin_d0"] > 337).sum())
    assert [(g.label, g.n) for g in found.groups[1:]] == [
        ("Ferritin, day 0 \u2264 337 µg/L", 120 - high),
        ("Ferritin, day 0 > 337 µg/L", high),
    ]
    assert found.variables[0].difference is None  # it defines the groups
    assert "Ferritin, day 0: defines the groups." in found.notes
    assert any("upper limit of normal" in note for note in found.notes)
    crp = table(ODD, "age", by=BY_MARKER, view=ExploreView(markers=(Marker("crp_d0", 8.0),)))
    assert crp.without_group == 14
    assert any("14 patients in no group" in note for note in crp.notes)


def test_filters_and_product_split_are_obeyed():
    view = replace(VIEW, filters=(Filter("ferritin_d0", low=337.0),))
    found = table(ODD, "age", view=view)
    assert found.groups[0].n == (ODD.patients["ferritin_d0"] >= 337).sum()
    late = table(ODD, "age", view=replace(VIEW, filters=(Filter("best_response", levels=("CR",)),)))
    assert any("known only after infusion" in words for words in late.cautions)
    assert UNADJUSTED in found.cautions
    assert UNADJUSTED not in table(ODD, "age", by="").cautions


def test_one_product_gives_one_column_and_says_so():
    only = replace(ODD, patients=ODD.patients.assign(product=pd.Categorical(["ide-cel"] * 120)))
    found = table(only)
    assert [g.label for g in found.groups] == ["Overall"]
    assert found.love is None
    assert found.sentence == "120 patients, all of Product ide-cel."


def test_sixty_levels_are_folded_with_a_word():
    found = table(ODD, "site")
    levels = [row.label for row in found.variables[0].rows if row.kind == "level"]
    assert len(levels) == 12
    assert levels[-1] == "other (49 levels)"
    assert any("60 levels, the 11 most frequent shown and 49 together" in note for note in found.notes)


def test_more_than_a_fifth_unknown_is_said_and_a_long_name_stays_whole():
    found = table(ODD, "age", "wordy", "same")
    assert any("more than 20" in words and "Age" in words for words in found.cautions)
    assert any(LONG in row[0] for row in lines(found))
    assert lines(found)[-2][1] == "7 (7\u20137), n = 120"


def test_nobody_with_a_value_is_said():
    none = replace(ODD, patients=ODD.patients.assign(age=np.nan))
    found = lines(table(none, "age"))
    assert found[0][1:] == ("not known", "not known", "not known", "not estimable")
    assert found[1][1] == "120/120 (100\u2009%)"
    column = Column("empty", "Empty", "category", levels=("a", "b"))
    blank = replace(none, patients=none.patients.assign(empty=pd.Categorical([None] * 120, ["a", "b"])), columns={"empty": column})
    assert [row[0] for row in lines(table(blank, "empty", by="", view=ExploreView()))] == ["Empty", "Not known"]


def test_the_sentence_counts_the_differences_and_what_chance_makes():
    found = table(ODD)
    above = sum(abs(r.before) > 0.1 for r in found.love.rows)
    assert f"{above} of {len(found.love.rows)} variables differ by more than 0.1" in found.sentence
    assert found.love.chance == pytest.approx(1.959964 * np.sqrt(1 / 40 + 1 / 80), rel=1e-6)
    sizes = [abs(r.before) for r in found.love.rows]
    assert sizes == sorted(sizes, reverse=True)


def test_tests_of_many_groups_tell_how_far_they_are_and_can_be_stopped():
    choice = BaselineChoice(("age", "stage"), "site", tests="fisher")
    assert takes_seconds(ODD, VIEW, choice)
    assert not takes_seconds(ODD, VIEW, replace(choice, by="product"))
    assert not takes_seconds(ODD, VIEW, replace(choice, tests="chi-squared"))
    told: list[float] = []
    baseline(ODD, VIEW, replace(choice, by="product"), progress=told.append)
    assert told == [0.5, 1.0]

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        baseline(ODD, VIEW, replace(choice, by="product"), progress=stop)


def test_wrong_calls():
    for choice in (BaselineChoice(("nothing",)), BaselineChoice(("age",), "nothing"), BaselineChoice(("age",), tests="t")):
        with pytest.raises(ValueError, match=r"no column|must be one of"):
            baseline(ODD, VIEW, choice)
    with pytest.raises(ValueError, match="no biomarker"):
        baseline(ODD, ExploreView(), BaselineChoice(("age",), BY_MARKER))


def test_a_table_needs_no_endpoint():
    assert table(replace(make_cohort(), endpoints={})).groups[0].n == 60
