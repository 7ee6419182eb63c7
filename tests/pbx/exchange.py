"""An Asterisk with its phones plugged in, and the hand of fate."""

from __future__ import annotations

from tests.pbx.instance import OUTSIDE_HOST, PHONES, Instance
from tests.pbx.phone import Phone
from tests.pbx.witness import Witness


class Exchange:
    """Six phones (none where they are Local channels), one line to the outside, and a witness.

    :ivar phones: by number.
    """

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.phones: dict[int, Phone] = {}
        self.outside = Phone("outside", instance.sip_port, host=OUTSIDE_HOST, port=instance.ports.outside)
        self.witness = Witness()

    async def open(self) -> None:
        """Plug everything in; phones register as the shipped configuration wants it."""
        self.witness = await Witness.connect(self.instance.ports.ami)
        await self.witness.hear("FullyBooted")
        if self.instance.technology == "Local":
            return
        for number in PHONES:
            phone = Phone(str(number), self.instance.sip_port, password=f"change-me-{number}")
            self.phones[number] = phone
            phone.listen()
            await phone.register()
        self.outside.listen()

    async def tidy(self) -> None:
        """Leave the PBX as it was found: no calls, no members, no phone told to be busy."""
        for (queue, interface), member in (await self.witness.members()).items():
            if member["Membership"] == "dynamic":
                await self.witness.act("QueueRemove", Queue=queue, Interface=interface)
            else:
                await self.witness.act("QueuePause", Queue=queue, Interface=interface, Paused="false")
        await self.witness.act("DBDelTree", Family="phone")
        for channel in (await self.witness.channels()).values():
            await self.witness.act("Hangup", Channel=channel["Channel"])

    async def close(self) -> None:
        """Unplug everything."""
        self.witness.close()
        for phone in [*self.phones.values(), self.outside] if self.phones else []:
            await phone.close()

    def interface(self, number: int) -> str:
        """What queues and dial plan call a phone."""
        return self.instance.interface(number)
