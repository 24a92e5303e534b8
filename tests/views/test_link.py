"""A link says what is on screen, and survives nonsense."""

from hypothesis import given
from hypothesis import strategies as st

from cartograph.cohort.filters import Filter
from cartograph.cohort.model import Cohort
from cartograph.views.defaults import default_view
from cartograph.views.explore import ExploreView, Marker
from cartograph.views.link import from_query, to_query
from tests.views.conftest import make_cohort


def test_a_view_comes_back_from_its_link(cohort: Cohort) -> None:
    view = ExploreView(
        endpoint="os",
        markers=(Marker("ferritin_d0", 337.0, "normal"), Marker("crp_d0", 8.1, "hand")),
        combine="both-low",
        split="",
        filters=(Filter("ferritin_d0", low=20.0, missing=True), Filter("product", levels=("ide-cel",))),
    )
    read = from_query(to_query(view), cohort)
    assert read.view == view
    assert read.words == ()


def test_the_default_is_pfs_by_product_at_the_upper_limit_of_normal(cohort: Cohort) -> None:
    view = default_view(cohort)
    assert (view.endpoint, view.split) == ("pfs", "product")
    assert view.markers == (Marker("ferritin_d0", 337, "normal"),)


def test_what_is_known_only_after_infusion_is_refused_with_the_reason(cohort: Cohort) -> None:
    read = from_query({"marker": ["cmax:100:hand"], "split": ["best_response"]}, cohort)
    assert read.view.markers == ()
    assert read.view.split == "product"
    assert len(read.words) == 2
    assert all("only after infusion" in words for words in read.words)


def test_a_bad_word_falls_back_and_is_said(cohort: Cohort) -> None:
    read = from_query({"endpoint": ["x"], "marker": ["nope"], "split": ["?"], "filter": ["<script>"], "combine": ["both"]}, cohort)
    assert read.view.endpoint == "pfs"
    assert len(read.words) == 5


@given(
    st.dictionaries(
        st.sampled_from(["endpoint", "marker", "split", "filter", "combine", "x"]), st.lists(st.text(max_size=40), max_size=4), max_size=6
    )
)
def test_any_link_gives_a_view_of_the_cohort(query: dict[str, list[str]]) -> None:
    cohort = make_cohort(20)
    view = from_query(query, cohort).view
    assert view.endpoint in cohort.endpoints
    assert all(m.column in cohort.columns for m in view.markers)
