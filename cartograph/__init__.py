"""CARTograph: explore CAR-T cohorts in multiple myeloma. A library without Streamlit; the app stands on it."""

__version__ = "0.1.0"
