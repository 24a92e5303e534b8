"""The Mayo study on your cohort: its figures and Table 2 at its cutoffs, each number beside the one that it printed."""

from components import frame, paper_page, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
paper_page.show(cohort)
