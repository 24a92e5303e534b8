"""What endpoints are called, and how a column says that it is the time or the event of one."""

from __future__ import annotations

from collections.abc import Mapping

from cartograph.cohort.model import Endpoint

# slug: label, name, what counts as the event, where the clock starts
KNOWN: Mapping[str, tuple[str, str, str, str]] = {
    "pfs": ("PFS", "Progression-free survival", "progression or death", "infusion"),
    "os": ("OS", "Overall survival", "death", "infusion"),
    "dor": ("DOR", "Duration of response", "progression or death", "first response"),
    "efs": ("EFS", "Event-free survival", "event or death", "infusion"),
    "ttp": ("TTP", "Time to progression", "progression", "infusion"),
    "ttnt": ("TTNT", "Time to next treatment", "next treatment", "infusion"),
    "dfs": ("DFS", "Disease-free survival", "relapse or death", "infusion"),
    "rfs": ("RFS", "Relapse-free survival", "relapse or death", "infusion"),
    "ttr": ("TTR", "Time to response", "response", "infusion"),
}
OWN_KEYS = frozenset({"pfs", "os", "dor"})  # their time and event are canonical columns of the schema


def endpoint_keys(target: str) -> tuple[str, str] | None:
    """Slug and part ("time" or "event") of a target such as "endpoint:efs:time"; None for other targets."""
    parts = target.split(":")
    if len(parts) != 3 or parts[0] != "endpoint" or parts[2] not in ("time", "event"):
        return None
    return endpoint_slug(parts[1]), parts[2]


def endpoint_slug(words: str) -> str:
    """A name as a slug: "Relapse time" is "relapse_time"; "endpoint" when nothing is left of it."""
    return "_".join("".join(c if c.isalnum() and c.isascii() else " " for c in words.casefold()).split()) or "endpoint"


def endpoint_target(slug: str, part: str) -> str:
    """The target of the time or event column of an endpoint: "pfs_time", "endpoint:efs:event"."""
    return f"{slug}_{part}" if slug in OWN_KEYS else f"endpoint:{slug}:{part}"


def endpoint_part(target: str) -> tuple[str, str] | None:
    """Slug and part of any target that is half of an endpoint, canonical ones too ("pfs_time" is "pfs", "time"); None for others."""
    slug, _, part = target.rpartition("_")
    return (slug, part) if slug in OWN_KEYS and part in ("time", "event") else endpoint_keys(target)


def endpoint_of(slug: str) -> Endpoint:
    """The description of an endpoint; unknown ones are named by their slug."""
    words = slug.replace("_", " ")
    label = words.upper() if len(words) <= 4 else words[:1].upper() + words[1:]
    known = KNOWN.get(slug, (label, label, "event", "infusion"))
    return Endpoint(slug, known[0], known[1], f"{slug}_time", f"{slug}_event", known[2], known[3])
