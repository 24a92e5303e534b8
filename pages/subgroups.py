"""Does the comparison hold in everybody? Exploratory hazard ratios in each subgroup, with the tests of interaction."""

from components import frame, state, subgroups_page
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
subgroups_page.show(cohort)
