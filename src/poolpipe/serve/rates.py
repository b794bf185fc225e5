"""How fast each device may send: a bucket that fills at its rate, and that each request takes one from."""

from __future__ import annotations

__all__ = ["Rates"]


class Rates:
    """The buckets of all devices.

    Parameters
    ----------
    usual : float
        Requests a second of a device that has no rate of its own.
    burst : float
        Seconds after which a bucket is full.
    """

    def __init__(self, usual: float, burst: float) -> None:
        self._usual, self._burst = usual, burst
        self._full_at: dict[str, float] = {}

    def wait(self, device: str, rate: float, now: float) -> float:
        """Take one; give how many seconds are to be waited where there is none, 0 where it was taken.

        Parameters
        ----------
        device : str
        rate : float
            Requests a second; 0 for the usual.
        now : float
            Seconds of any clock that does not go back.
        """
        cost = 1 / (rate or self._usual)
        # a bucket is known by the moment at which it is full again, if nothing comes
        full_at = max(self._full_at.get(device, now), now) + cost
        ahead = full_at - now - max(self._burst, cost)
        if ahead > 1e-9:  # what rounding adds is no waiting
            return ahead
        self._full_at[device] = full_at
        return 0.0
