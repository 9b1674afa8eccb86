"""A cluster that makes chunks of a run, as a user writes it."""

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl

from sonocanvas.errors import InvalidInputError, unknown

LOWEST: dict[str, float] = {"workers": 0, "cpus": 0, "gpus": 0, "attempts": 1, "limit_s": 1}


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster and the resources of each worker.

    Attributes:
        address: `ray://HOST:PORT`; empty for the cluster in `RAY_ADDRESS`, or else a new one on
            this machine.
        workers: Maximum number of workers; 0 for as many as fit, even if the cluster grows.
        cpus: CPU cores per worker.
        gpus: GPUs per worker; with 0.25 four workers share one.
        attempts: Number of attempts at a chunk before the run fails.
        limit_s: Time limit for a chunk, including the loading of models.

    Raises:
        InvalidInputError: A value is out of range.
    """

    address: str = ""
    workers: int = 0
    cpus: float = 1.0
    gpus: float = 0.0
    attempts: int = 3
    limit_s: float = 3600.0

    def __post_init__(self) -> None:
        for name, lowest in LOWEST.items():
            value = getattr(self, name)
            if not lowest <= value < 1e6:
                raise InvalidInputError(
                    f"{name} of a cluster must be from {lowest:g} to 999999, not {value:g}."
                )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Returns the cluster that a text names.

        Raises:
            InvalidInputError: The text is not valid.

        Example:
            >>> Cluster.parse("ray://head:10001?workers=4&gpus=0.5").gpus
            0.5
        """
        place, _, query = text.partition("?")
        if place != "ray" and not place.startswith("ray://"):
            raise InvalidInputError(
                f"'{text}' is not a cluster; write ray or ray://HOST:PORT, with options such as "
                "'ray?workers=4&gpus=0.5'."
            )
        given: dict[str, Any] = {"address": "" if place == "ray" else place}
        for key, value in parse_qsl(query, keep_blank_values=True):
            if key not in LOWEST:
                raise unknown("option of a cluster", key, LOWEST)
            try:
                given[key] = type(getattr(cls, key))(value)
            except ValueError:
                kind = "whole number" if isinstance(getattr(cls, key), int) else "number"
                raise InvalidInputError(
                    f"{key} of a cluster must be a {kind}, not '{value}'."
                ) from None
        return cls(**given)
