"""Work that takes seconds: done in a thread, so that the page stays alive, shows how far it is, and can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, Literal, TypeVar

import streamlit as st

from components.text import plain

Found = TypeVar("Found")
Progress = Callable[[float], None]
Stage = Literal["not begun", "running", "done", "stopped", "failed"]
QUICK = 5_000  # patients whose outcomes are dealt out anew 1,000 times in less than a second
EVERY = 0.4  # seconds between two looks at work that runs


class Stopped(Exception):  # noqa: N818  (nothing went wrong)
    """The user does not want the result any more."""


class Job(Generic[Found]):
    """One piece of work and what came of it. A session keeps it in a cache of its own; no other session sees it.

    ``stage``: how far it is; ``fraction``: 0 to 1 while it runs; ``result``: None until it is done; ``problem``: why it failed.
    """

    def __init__(self) -> None:
        self.stage: Stage = "not begun"
        self.fraction = 0.0
        self.result: Found | None = None
        self.problem = ""
        self._stop = threading.Event()

    def start(self, work: Callable[[Progress], Found]) -> None:
        """Begin in a thread, unless it runs already or is done. ``work`` calls what it is given with 0 to 1 now and then."""
        if self.stage in ("running", "done"):
            return
        self.stage, self.fraction, self.problem, self._stop = "running", 0.0, "", threading.Event()
        threading.Thread(target=self._run, args=(work, self._stop), daemon=True).start()

    def finish(self, work: Callable[[Progress], Found]) -> Found | None:
        """Do work that is over before anybody would want to stop it, here and now, unless that was done; returns the result."""
        if self.stage == "not begun":
            self._run(work, self._stop)
        return self.result

    def stop(self) -> None:
        """Ask for the end; the work ends at its next word about progress."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        """True between ``stop`` and the end."""
        return self._stop.is_set()

    def _run(self, work: Callable[[Progress], Found], stop: threading.Event) -> None:
        def progress(fraction: float) -> None:
            if stop.is_set():
                raise Stopped
            self.fraction = min(1.0, max(0.0, fraction))

        try:
            self.result = work(progress)
            self.stage = "done"
        except Stopped:
            self.stage = "stopped"
        except ValueError as error:
            self.problem, self.stage = str(error), "failed"


def result_of(job: Job[Found], work: Callable[[Progress], Found], *, label: str, words: str, key: str) -> Found | None:
    """The result when there is one; else a button ``label`` that begins the work, or its progress with a button that stops it.

    ``words``: what is being done. When the work ends the page is drawn again.
    """
    if job.stage == "running":
        _watch(job, words, key)
    elif job.stage != "done":
        if job.problem:
            st.info(plain(job.problem), icon=":material/info:")
        st.button(label, icon=":material/autorenew:", key=f"{key}-start", on_click=job.start, args=(work,))
    return job.result


@st.fragment(run_every=EVERY)
def _watch(job: Job[Found], words: str, key: str) -> None:
    if job.stage != "running":
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center", key=f"{key}-running"):
        st.progress(job.fraction, text=plain("Stopping" if job.stopping else f"{words}: {100 * job.fraction:.0f} %"))
        st.button("Cancel", icon=":material/close:", key=f"{key}-stop", on_click=job.stop, disabled=job.stopping)
