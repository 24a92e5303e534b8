"""How do product and biomarker cutoffs go with outcome? Curves, response and courses follow the cutoff."""

from components import explore_board, frame, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
explore_board.show(cohort)
