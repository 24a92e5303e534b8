"""Which variables go with the outcome? Each alone, all together, and whether the model may be believed."""

from components import frame, regression_page, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
regression_page.show(cohort)
