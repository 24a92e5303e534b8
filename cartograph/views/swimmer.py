"""Swimmer lanes: every patient's course from infusion, and their order under the current groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from cartograph import format as fmt
from cartograph.cohort.model import Cohort
from cartograph.cohort.schema import RESPONDERS, RESPONSE_LEVELS
from cartograph.stats.results import Floats
from cartograph.views.explore import SwimmerLanes
from cartograph.views.names import short_names

MAX_LANES = 500
Order = Literal["follow-up", "endpoint", "response"]
LanesBy = Literal["marker", "split", "none"]
RANK = {level: rank for rank, level in enumerate(RESPONSE_LEVELS)}
SAME_TIME = 0.01  # months: progression and death recorded on the same day


@dataclass(frozen=True, slots=True, eq=False)
class Courses:
    """Every patient's lane before it has a place. ``patient`` columns are row numbers of ``Cohort.patients``."""

    segments: pd.DataFrame  # patient, start, stop, response
    marks: pd.DataFrame  # patient, month, kind
    hover: tuple[str, ...]
    names: tuple[str, ...]
    length: Floats  # months of follow-up, NaN = none known
    endpoint_time: Floats
    best: npt.NDArray[np.int64]  # rank of the best response, len(RESPONSE_LEVELS) = not known
    notes: tuple[str, ...]


def _without_visits(cohort: Cohort) -> tuple[str, ...]:
    """What the colour of the lanes means where no response by visit is known."""
    if len(cohort.responses):
        return ()
    if "best_response" in cohort.patients:
        return ("The file gives no response by visit: lanes are coloured by best response only.",)
    return ("The file gives no response: lanes show follow-up only.",)


def courses(cohort: Cohort, endpoint: str, shown: Sequence[str] = ()) -> Courses:
    """Segments, marks and hover texts of all patients. ``shown``: columns whose value the hover text names."""
    length = _length(cohort, endpoint)
    progression = _event_time(cohort, "pfs")
    death = _event_time(cohort, "os")
    with np.errstate(invalid="ignore"):
        progression = np.where(np.abs(progression - death) < SAME_TIME, np.nan, progression)  # died without progression
    visits = _visits(cohort)
    segments = _segments(visits, length, progression)
    marks = pd.concat(
        [_response_marks(visits, length), _mrd_marks(cohort, length), _end_marks(cohort, endpoint, length, progression, death)],
        ignore_index=True,
    )
    time = cohort.survival(endpoint)[0] if endpoint in cohort.endpoints else length
    return Courses(
        segments=segments,
        marks=marks,
        hover=_hover(cohort, endpoint, shown),
        names=tuple(cohort.patients["patient_id"].astype(str)),
        length=length,
        endpoint_time=time,
        best=_best_rank(cohort),
        notes=_without_visits(cohort),
    )


def _event_time(cohort: Cohort, endpoint: str) -> Floats:
    """Months to the event, NaN where there was none."""
    if endpoint not in cohort.endpoints:
        return np.full(cohort.n, np.nan)
    time, event = cohort.survival(endpoint)
    return np.where(event == 1, time, np.nan)


def _length(cohort: Cohort, endpoint: str) -> Floats:
    """The longest time a patient is known for: OS, PFS or the endpoint on screen when it starts at infusion."""
    times = [
        cohort.survival(key)[0]
        for key in dict.fromkeys(("os", "pfs", endpoint))
        if key in cohort.endpoints and cohort.endpoints[key].origin == "infusion"
    ]
    return np.fmax.reduce(times) if times else np.full(cohort.n, np.nan)


def _best_rank(cohort: Cohort) -> npt.NDArray[np.int64]:
    if "best_response" not in cohort.patients:
        return np.full(cohort.n, len(RESPONSE_LEVELS), dtype=np.int64)
    return np.array([RANK.get(value, len(RESPONSE_LEVELS)) for value in cohort.patients["best_response"].astype(object)], dtype=np.int64)


def _visits(cohort: Cohort) -> pd.DataFrame:
    """Row of the patient, month and response of every visit in order; the best response at month 0 when a file has no visits."""
    index = pd.Series(range(cohort.n), index=cohort.patients["patient_id"])
    if len(cohort.responses):
        frame = cohort.responses
        visits = pd.DataFrame(
            {"patient": frame["patient_id"].map(index), "month": frame["month"].astype(float), "response": frame["response"].astype(object)}
        )
    elif "best_response" in cohort.patients:
        visits = pd.DataFrame({"patient": range(cohort.n), "month": 0.0, "response": cohort.patients["best_response"].astype(object)})
    else:
        visits = pd.DataFrame({"patient": [], "month": [], "response": []})
    visits = visits.dropna()
    return visits.astype({"patient": int, "month": float}).sort_values(["patient", "month"], ignore_index=True)


def _segments(visits: pd.DataFrame, length: Floats, progression: Floats) -> pd.DataFrame:
    """From visit to visit, the response known since the last one; "" before the first, "PD" from progression on."""
    known = np.flatnonzero(np.isfinite(length))
    starts = pd.DataFrame({"patient": known, "month": 0.0, "response": ""})
    relapse = np.flatnonzero(np.isfinite(progression) & np.isfinite(length))
    falls = pd.DataFrame({"patient": relapse, "month": progression[relapse], "response": "PD"})
    before = visits[~(visits["month"].to_numpy() > progression[visits["patient"].to_numpy(dtype=int)])] if len(visits) else visits
    steps = pd.concat([starts, before, falls], ignore_index=True).sort_values(["patient", "month"], kind="stable", ignore_index=True)
    patient = steps["patient"].to_numpy(dtype=np.int64)
    start = steps["month"].to_numpy(dtype=np.float64)
    last = np.r_[patient[1:] != patient[:-1], True] if len(patient) else np.empty(0, dtype=bool)
    end = length[patient]
    stop = np.where(last, end, np.minimum(np.r_[start[1:], 0.0], end)) if len(patient) else start
    frame = pd.DataFrame({"patient": patient, "start": start, "stop": stop, "response": steps["response"]})
    return frame[frame["stop"] > frame["start"]].reset_index(drop=True)


def _marks(patient: npt.ArrayLike, month: npt.ArrayLike, kind: str) -> pd.DataFrame:
    return pd.DataFrame({"patient": np.asarray(patient, dtype=np.int64), "month": np.asarray(month, dtype=np.float64), "kind": kind})


def _response_marks(visits: pd.DataFrame, length: Floats) -> pd.DataFrame:
    """First visit with a response, and first visit with the best response when that came later."""
    responses = visits[visits["response"].isin(RESPONDERS) & (visits["month"] > 0)]
    responses = responses[responses["month"].to_numpy() <= length[responses["patient"].to_numpy(dtype=int)]]
    first = responses.groupby("patient", sort=True).head(1)
    ranked = responses.assign(rank=responses["response"].map(RANK))
    best = ranked[ranked["rank"] == ranked.groupby("patient")["rank"].transform("min")].groupby("patient", sort=True).head(1)
    later = best[~best.index.isin(first.index)]
    return pd.concat(
        [_marks(first["patient"], first["month"], "first response"), _marks(later["patient"], later["month"], "best response")]
    )


def _mrd_marks(cohort: Cohort, length: Floats) -> pd.DataFrame:
    index = pd.Series(range(cohort.n), index=cohort.patients["patient_id"])
    known = cohort.mrd[cohort.mrd["status"].isin(["negative", "positive"])]
    patient = known["patient_id"].map(index).to_numpy(dtype=np.int64)
    month = known["month"].to_numpy(dtype=np.float64)
    frames = []
    for status in ("negative", "positive"):
        chosen = (known["status"] == status).to_numpy() & (month <= length[patient])
        frames.append(_marks(patient[chosen], month[chosen], f"MRD {status}"))
    return pd.concat(frames)


def _end_marks(cohort: Cohort, endpoint: str, length: Floats, progression: Floats, death: Floats) -> pd.DataFrame:
    """Progression, death, an arrow for patients alive at last contact; the event of another endpoint as itself.

    Without OS nobody knows which events of PFS were deaths: the mark says so.
    """
    fall = "progression" if "os" in cohort.endpoints else "progression or death"
    frames = [_marks(np.flatnonzero(np.isfinite(t)), t[np.isfinite(t)], kind) for t, kind in ((progression, fall), (death, "death"))]
    if endpoint and endpoint not in ("pfs", "os", "dor"):
        time = _event_time(cohort, endpoint)
        frames.append(_marks(np.flatnonzero(np.isfinite(time)), time[np.isfinite(time)], "progression"))
    if "os" in cohort.endpoints:
        _, event = cohort.survival("os")
        alive = np.flatnonzero((event == 0) & np.isfinite(length))
        frames.append(_marks(alive, length[alive], "ongoing"))
    return pd.concat(frames)


def _hover(cohort: Cohort, endpoint: str, shown: Sequence[str]) -> tuple[str, ...]:
    """One text per patient: id, the shown columns, best response, endpoints."""
    lines = [list(short_names(cohort.patients["patient_id"].astype(str).tolist()))]
    keys = [k for k in dict.fromkeys((*shown, "best_response")) if k in cohort.columns]
    lines.extend(_column_lines(cohort, key) for key in keys)
    lines.extend(_endpoint_lines(cohort, key) for key in dict.fromkeys((endpoint, "pfs", "os")) if key in cohort.endpoints)
    return tuple("\n".join(texts) for texts in zip(*lines, strict=True))


def _column_lines(cohort: Cohort, key: str) -> list[str]:
    column = cohort.columns[key]
    values = cohort.patients[key]
    unit = f" {column.unit}" if column.unit else ""
    if column.kind == "number":
        return [f"{column.label}: " + ("not measured" if pd.isna(v) else fmt.number(float(v)) + unit) for v in values]
    short = dict(zip(column.levels, short_names(column.levels), strict=True))
    return [f"{column.label}: " + ("not known" if pd.isna(v) else short.get(str(v), str(v))) for v in values]


def _endpoint_lines(cohort: Cohort, key: str) -> list[str]:
    spec = cohort.endpoints[key]
    time, event = cohort.survival(key)
    outcomes = [
        "not known" if np.isnan(t) else f"{t:.1f} months, {spec.event_words if e else 'censored'}" for t, e in zip(time, event, strict=True)
    ]
    return [f"{spec.label}: {outcome}" for outcome in outcomes]


def arrange(
    made: Courses, group: npt.NDArray[np.int64], labels: Sequence[str], *, order: Order = "follow-up", height_limit: int = MAX_LANES
) -> SwimmerLanes:
    """Lanes in drawing order, bottom to top. ``group``: index into ``labels`` for each patient, -1 = not in a group, left out."""
    eligible = np.flatnonzero((group >= 0) & np.isfinite(made.length))
    sort_key = {"follow-up": made.length, "endpoint": np.nan_to_num(made.endpoint_time), "response": -made.best.astype(np.float64)}[order]
    ranked = eligible[np.lexsort((made.length[eligible], sort_key[eligible], -group[eligible]))]
    drawn = ranked
    notes = list(made.notes)
    if len(ranked) > height_limit:
        drawn = ranked[np.unique(np.linspace(0, len(ranked) - 1, height_limit).round().astype(int))]
        notes.append(f"{len(drawn)} of {len(ranked):,} lanes are drawn, evenly over the order.")
    left_out = int((group >= 0).sum() - len(ranked))
    if left_out:
        notes.append(f"{fmt.patients(left_out)} without follow-up time not drawn.")
    lane = np.full(len(group), -1, dtype=np.int64)
    lane[drawn] = np.arange(len(drawn))
    return SwimmerLanes(
        lanes=_placed_lanes(made, lane, group, labels),
        marks=_placed(made.marks, lane)[["lane", "month", "kind"]],
        hover=pd.DataFrame({"lane": np.arange(len(drawn)), "text": [made.hover[i] for i in drawn]}),
        groups=_brackets(group[drawn], labels),
        n=len(ranked),
        n_drawn=len(drawn),
        notes=tuple(notes),
        patients=np.asarray(drawn, dtype=np.int64),
    )


def _placed(frame: pd.DataFrame, lane: npt.NDArray[np.int64]) -> pd.DataFrame:
    place = lane[frame["patient"].to_numpy(dtype=np.int64)]
    placed: pd.DataFrame = frame.assign(lane=place).loc[place >= 0].reset_index(drop=True)
    return placed


def _placed_lanes(made: Courses, lane: npt.NDArray[np.int64], group: npt.NDArray[np.int64], labels: Sequence[str]) -> pd.DataFrame:
    frame = _placed(made.segments, lane)
    patient = frame["patient"].to_numpy(dtype=np.int64)
    names = np.array(made.names, dtype=object)[patient]
    words = np.array([*labels, ""], dtype=object)[group[patient]]
    return pd.DataFrame(
        {
            "lane": frame["lane"],
            "patient": names,
            "label": names,
            "group": words,
            "start": frame["start"],
            "stop": frame["stop"],
            "response": frame["response"],
        }
    )


def _brackets(group: npt.NDArray[np.int64], labels: Sequence[str]) -> pd.DataFrame:
    """First and last lane of each group that has lanes."""
    rows = [(labels[g], int(np.flatnonzero(group == g)[0]), int(np.flatnonzero(group == g)[-1])) for g in np.unique(group)]
    return pd.DataFrame(rows, columns=["label", "first_lane", "last_lane"])
