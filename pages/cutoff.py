"""What is this cutoff worth? Every other cutoff beside it, its corrected p, its stability, and what the marker says without a cutoff."""

from components import cutoff_page, frame, state
from components.explore_sidebar import explore_sidebar

cohort = state.active_cohort()
frame.page_head(cohort)
explore_sidebar(cohort)
cutoff_page.show(cohort)
