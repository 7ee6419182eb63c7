"""Some agents as a process: ``python -m tests.pbx.killing.crew`` with the words of :mod:`tests.chaos.crowd`."""

from __future__ import annotations

from tests.chaos import crowd


class Crew(crowd.Crowd):
    """Few people, who do more."""

    pause_each = 15.0
    home_each = 60.0


if __name__ == "__main__":
    crowd.main(Crew)
