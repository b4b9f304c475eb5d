"""Who is in the demo, in which roles, and by which ids: the same ones whenever and wherever it is imported.

The agents and their managers are in the files. The files know nobody above the managers and nobody beside sales, so
four people are ours; so are all employee numbers, e-mail addresses, titles and the hire date.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID, uuid5

from domain.role import ADMINISTRATOR

DEMO = UUID("8a5c8c1e-2f6b-5f0e-9f4a-6d657269746f")
"""The name space of all ids of the demo."""
IMPORT = uuid5(DEMO, "import")
"""What all commands of the import are correlated by."""


def id_of(kind: str, name: str) -> UUID:
    return uuid5(DEMO, f"{kind}:{name}")


def employee_id(name: str) -> UUID:
    return id_of("employee", name)


def email_of(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return f"{plain.replace(' ', '.')}@example.com"


# ── Ours ──


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Somebody who is not in the files. They belong to the head office."""

    name: str
    title: str
    reports_to: str | None
    role: str

    @property
    def id(self) -> UUID:
        return employee_id(self.name)


HEAD = Ours(name="Ruth Amadi", title="Head of sales", reports_to=None, role="Head of sales")
ADMIN = Ours(name="Ada Lindqvist", title="Administrator", reports_to=HEAD.name, role="Administrator")
PAYROLL = Ours(name="Piet Janssen", title="Payroll officer", reports_to=HEAD.name, role="Payroll officer")
REVIEWER = Ours(name="Clara Reyes", title="Compliance reviewer", reports_to=HEAD.name, role="Compliance reviewer")
OURS = (HEAD, ADMIN, PAYROLL, REVIEWER)

HEAD_OFFICE = "Head office"

# ── Roles ──

MANAGER, AGENT = "Sales manager", "Sales agent"

_AGENT = ("work.register", "plan.view")
_MANAGER = (*_AGENT, "work.assign", "score.view", "target.view")
_HEAD = (*_MANAGER, "work.view", "work.complete", "score.record", "target.set", "employee.edit")
_PAY = ("plan.view", "payout.view", "pay.view", "work.view", "score.view", "target.view")

ROLES: Mapping[str, tuple[str, ...]] = {
    HEAD.role: (*_HEAD, "plan.approve", "payout.approve", "payout.view", "pay.view"),
    MANAGER: _MANAGER,
    AGENT: _AGENT,
    PAYROLL.role: (*_PAY, "personal.view", "plan.edit", "payout.open", "payout.calculate", "payout.release"),
    REVIEWER.role: (*_PAY, "personal.view", "role.view", "history.view"),
}
"""What each role may do, beside what is one's own or one's team's; administrators may do everything."""


def role_id(name: str) -> UUID:
    return ADMINISTRATOR if name == ADMIN.role else id_of("role", name)


# ── Who signs in ──

SIGN_INS = {
    ADMIN.role: ADMIN.name,
    MANAGER: "Melvin Marxen",
    AGENT: "Darcel Schlecht",
    PAYROLL.role: PAYROLL.name,
    REVIEWER.role: REVIEWER.name,
}
"""Somebody for each role, to look through their eyes."""
