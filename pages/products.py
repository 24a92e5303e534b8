"""Do two products differ, once their patients are made alike in what was measured? Unadjusted and weighted, side by side."""

from components import frame, products_page, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
products_page.show(cohort)
