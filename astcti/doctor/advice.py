"""The lines for ``manager.conf`` that more than one check gives."""

from __future__ import annotations

from astcti.doctor.case import Case
from astcti.doctor.finding import LITERAL

READ = "system,call,dialplan,agent"
WRITE = "reporting,originate,agent"
RELOAD = "A link keeps the rights it was made with: reload the manager, then restart the server."


def manager_lines(case: Case, *lines: str, then: bool = True) -> tuple[str, ...]:
    """What to write into the section of our manager user.

    :param then: whether to say what has to be done afterwards.
    """
    user = case.settings.ami_user
    after = (RELOAD, f"{LITERAL}asterisk -rx 'manager reload'") if then else ()
    return (f"In manager.conf of the PBX, section [{user}]:", *(LITERAL + line for line in lines), *after)
