"""Each single thing that is not the same everywhere is seen."""

from __future__ import annotations

from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.chaos.likeness import Found, Pauses, differences

WANTED = {("sales", 201): 0, ("care", 201): 2, ("sales", 202): 0}


def found() -> dict[str, Any]:
    """201 is paused in both queues, 202 is ready, and all agree."""
    members = {
        (queue, f"PJSIP/{agent}"): {
            "Paused": "01"[agent == 201], "PausedReason": "coffee" if agent == 201 else "", "Penalty": str(penalty)
        }
        for (queue, agent), penalty in WANTED.items()
    }  # fmt: skip
    believed = [
        {"queue": queue, "interface": phone, "paused": m["Paused"] == "1", "reason": m["PausedReason"]}
        for (queue, phone), m in members.items()
    ]
    return {
        "members": members,
        "calls": {"members": believed, "channels": []},
        "clients": [
            {"operator": "op201", "state": "paused", "reason": "coffee"},
            {"operator": "op202", "state": "ready", "reason": ""},
        ],
        "status": {
            "counters": {"faults": 0, "events": {"faults": 0}},
            "calls": {"channels": 0, "bridges": 0, "waiting": 0},
            "stores": {"journal": {"failing": "", "dropped": 0, "waiting": 0}},
            "configuration": {"state": "active"},
        },
    }


class LikenessTests(SynchronousTestCase):
    """Sabotage of a perfect evening."""

    def setUp(self) -> None:
        self.found = found()
        self.asked: dict[int, bool | None] = {201: True, 202: None}
        self.told = {201: "all", 202: "none"}

    @property
    def problems(self) -> list[str]:
        """What is found."""
        return differences(Found(**self.found), WANTED, Pauses(self.asked, self.told))

    def only(self, *words: str) -> None:
        """There is one problem, of which this is said."""
        (problem,) = self.problems
        for word in words:
            self.assertIn(word, problem)

    def believe(self, index: int, **other: object) -> None:
        """The server believes something else of a member."""
        self.found["calls"]["members"][index].update(other)

    def test_perfect(self) -> None:
        """Nothing to say; who never asked for a pause is as they are."""
        self.assertEqual(self.problems, [])
        self.asked.clear()
        self.assertEqual(self.problems, [])

    def test_orphan(self) -> None:
        """Somebody is in a queue who should not be, and the server believes so, too."""
        orphan = {"Paused": "0", "PausedReason": "", "Penalty": "0"}
        self.found["members"]["care", "PJSIP/202"] = orphan
        self.found["calls"]["members"].append(
            {"queue": "care", "interface": "PJSIP/202", "paused": False, "reason": ""}
        )
        self.only("orphans", "('care', 'PJSIP/202')")

    def test_missing(self) -> None:
        """Somebody is not in a queue where they should be."""
        del self.found["members"]["care", "PJSIP/201"]
        del self.found["calls"]["members"][1]
        self.only("not in their queues", "('care', 'PJSIP/201')")

    def test_belief(self) -> None:
        """The server believes otherwise than the PBX: of who is there, and how."""
        self.believe(2, reason="lunch")
        self.only("believed otherwise", "lunch")
        self.found = found()
        del self.found["calls"]["members"][2]
        self.only("believed otherwise", "PJSIP/202")

    def test_penalty(self) -> None:
        """A penalty that was changed has not arrived."""
        self.found["members"]["care", "PJSIP/201"]["Penalty"] = "1"
        self.only("penalties", "1, 2")

    def test_paused_in_one(self) -> None:
        """A pause that is in force in one queue only."""
        self.found["members"]["care", "PJSIP/201"].update(Paused="0", PausedReason="")
        self.believe(1, paused=False, reason="")
        self.only("201 ", "(False, ''), (True, 'coffee')")

    def test_unpaused(self) -> None:
        """Everybody is sure that an agent works, except the agent."""
        for queue, index in (("sales", 0), ("care", 1)):
            self.found["members"][queue, "PJSIP/201"].update(Paused="0", PausedReason="")
            self.believe(index, paused=False, reason="")
        self.found["clients"][0].update(state="ready", reason="")
        self.told[201] = "none"
        self.only("201 asked for a pause: True")
        self.asked[201], self.told[201] = None, "all"
        self.only("was told all")

    def test_busy_for_ever(self) -> None:
        """Calls are over, and an agent is still said to have one."""
        for index, agent in enumerate((201, 202)):
            self.found = found()
            self.found["clients"][index]["state"] = "busy"
            self.only(f"{agent} ", "busy")

    def test_client(self) -> None:
        """Somebody is not there, or still is."""
        del self.found["clients"][1]
        self.only("202 is not there")
        self.found = found()
        self.found["clients"].append({"operator": "op203", "state": "ready", "reason": ""})
        self.only("still there", "op203")

    def test_server(self) -> None:
        """The server counts calls, faults of its own, or cannot write, or has an old configuration."""
        for part, name, value in (
            ("calls", "bridges", 1), ("counters", "faults", 1), ("configuration", "state", "stale"),
        ):  # fmt: skip
            self.found = found()
            self.found["status"][part][name] = value
            self.only(str(value))
        self.found = found()
        self.found["status"]["stores"]["journal"]["dropped"] = 3
        self.only("journal")
        self.found = found()
        self.found["calls"]["channels"] = [{"uniqueid": "1.9"}]
        self.only("1.9")
