"""The only room that knows Streamlit: state, panels, controls, figures."""
