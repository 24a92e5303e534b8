"""How is each number made? Formula, reference and the test that checks it."""

from components import frame, state
from components.documents import show_document

frame.page_head(state.active_cohort())
show_document("methods.md")
