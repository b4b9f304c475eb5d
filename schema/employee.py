"""Employees: what the API shows of them and to whom, and how they change."""

from __future__ import annotations

from datetime import date, datetime
from enum import Enum
from typing import TYPE_CHECKING

import strawberry
from strawberry import ID, UNSET

from domain import employee as domain
from projections.employees import employees
from projections.employment_changes import employment_changes
from projections.roles import role_bindings
from schema._kernel import (
    MY_REPORTS,
    OWN,
    STAFF,
    CommandInput,
    Connection,
    EmailAddress,
    Info,
    Outcome,
    PhoneNumber,
    Position,
    by_id,
    by_key,
    give,
    many,
    may,
    mutation,
    names,
    new_id,
    one,
    reads,
    seen_by,
    uuid_of,
)
from schema.department import Department, works_here

if TYPE_CHECKING:
    from schema.role import RoleBinding

strawberry.enum(domain.Status, name="EmployeeStatus", description="Whether somebody works here.")
strawberry.enum(domain.Reason, name="LeavingReason", description="Why an employment ended.")

EMPLOYMENT = OWN | MY_REPORTS | may("employee.edit") | may("personal.view")
"""Who sees since when somebody works here, and as what before."""

PRIVATE = OWN | may("employee.terminate") | may("personal.view")
"""Who sees why somebody left."""


@strawberry.enum(description="What happened to an employment.")
class EmploymentChangeKind(Enum):
    HIRED = "HIRED"
    REHIRED = "REHIRED"
    TRANSFERRED = "TRANSFERRED"
    PROMOTED = "PROMOTED"
    MANAGER_CHANGED = "MANAGER_CHANGED"
    TERMINATED = "TERMINATED"


@reads(employees, rows=STAFF, person="id")
class Employee:
    """Somebody who works here, or did; as it was last recorded: a change that is to come shows at once."""

    id: ID = seen_by(STAFF)
    number: str = seen_by(STAFF, description="Theirs for ever.")
    name: str | None = seen_by(STAFF, description="Null once their personal data is erased.")
    work_email: EmailAddress | None = seen_by(STAFF, description="Null for who has left.")
    work_phone: PhoneNumber | None = seen_by(STAFF, description="Null for who has none, or has left.")
    title: str = seen_by(STAFF)
    status: domain.Status = seen_by(STAFF)
    department: Department | None = one("department_id")
    manager: Employee | None = one("manager_id", description="Whom they report to.")
    reports: Connection[Employee] = many(
        "manager_id",
        where=("name", "title"),
        order_by=("name", "number", "title"),
        order=("name",),
        only=works_here,
        description="Who reports to them directly; without those who have left.",
    )
    hired_on: date | None = seen_by(EMPLOYMENT, description="The first day of the latest employment.")
    left_on: date | None = seen_by(EMPLOYMENT, description="The last day of it, once it is known.")
    left_because: domain.Reason | None = seen_by(PRIVATE)
    timeline: Connection[EmploymentChange] | None = many(
        "employee_id",
        seen_by=EMPLOYMENT,
        where=("kind", "effective"),
        order=("version",),
        description="What changed in their employment, and from which day on.",
    )
    roles: Connection[RoleBinding] | None = many(
        "employee_id", seen_by=OWN | may("role.view") | may("role.edit"), order=("bound_at",)
    )
    version: int = seen_by(STAFF)
    position: Position = seen_by(STAFF, description="Of the last fact about them.")


@reads(employment_changes, rows=EMPLOYMENT, person="employee_id")
class EmploymentChange:
    """A change of an employment. What the kind of change doesn't touch is null."""

    kind: EmploymentChangeKind = seen_by(STAFF)
    effective: date = seen_by(STAFF, description="The day from which it holds; for TERMINATED the last day.")
    recorded_at: datetime = seen_by(STAFF)
    position: Position = seen_by(STAFF)
    version: int = seen_by(STAFF, description="The employee's version with it.")
    title: str | None = seen_by(STAFF)
    department: Department | None = one("department_id")
    manager: Employee | None = one("manager_id")
    because: domain.Reason | None = seen_by(PRIVATE)


@strawberry.type
class Query:
    employee: Employee | None = by_id()
    employee_by_number: Employee | None = by_key("number")
    employees: Connection[Employee] = many(
        where=(
            "id",
            "number",
            "name",
            "work_email",
            "work_phone",
            "title",
            "status",
            "department",
            "manager",
            "hired_on",
            "left_on",
            "left_because",
        ),
        order_by=("number", "name", "title", "hired_on", "left_on"),
        order=("name",),
    )


# ── Commands ──

PHONE = "With + and the country's code, as in +44 20 7946 0018."
ON_THAT_DAY = "The day from which it holds; after the latest change of the same, and not before the hire."


@strawberry.input
class HireEmployeeInput(CommandInput):
    number: str = strawberry.field(description="Theirs for ever: 1 to 40 characters that no other employee has or had.")
    name: str = strawberry.field(description="In any script, of any number of parts; up to 120 characters.")
    work_email: str = strawberry.field(description="Nobody else's who works here.")
    work_phone: str | None = strawberry.field(default=UNSET, description=PHONE)
    title: str = strawberry.field(description="Up to 120 characters.")
    department_id: ID | None = names(Department, "One that is open on that day.", optional=True)
    manager_id: ID | None = names(Employee, "Somebody who works here on that day.", optional=True)
    effective: date = strawberry.field(description="The first day; at most a year ahead.")


@strawberry.input
class CorrectPersonalDetailsInput(CommandInput):
    id: ID = names(Employee, "The employee's.")
    name: str | None = strawberry.field(default=UNSET, description="The name that was right all along.")
    work_email: str | None = strawberry.field(default=UNSET, description="The work e-mail that was right all along.")
    work_phone: str | None = strawberry.field(default=UNSET, description=f"{PHONE} Null for none.")


@strawberry.input
class TransferEmployeeInput(CommandInput):
    id: ID = names(Employee, "The employee's.")
    department_id: ID | None = names(Department, "Null for none.", chosen=True)
    effective: date = strawberry.field(description=ON_THAT_DAY)


@strawberry.input
class PromoteEmployeeInput(CommandInput):
    id: ID = names(Employee, "The employee's.")
    title: str = strawberry.field(description="The new title, higher or not; up to 120 characters.")
    effective: date = strawberry.field(description=ON_THAT_DAY)


@strawberry.input
class ChangeManagerInput(CommandInput):
    id: ID = names(Employee, "The employee's.")
    manager_id: ID | None = names(Employee, "Null for none.", chosen=True)
    effective: date = strawberry.field(description=ON_THAT_DAY)


@strawberry.input
class TerminateEmploymentInput(CommandInput):
    id: ID = names(Employee, "The employee's.")
    last_day: date = strawberry.field(description="Not before the first.")
    because: domain.Reason = strawberry.field(description="Why they leave.")


@strawberry.input
class RehireEmployeeInput(CommandInput):
    id: ID = names(Employee, "The employee's.")
    work_email: str = strawberry.field(description="Nobody else's who works here.")
    work_phone: str | None = strawberry.field(default=UNSET, description=PHONE)
    title: str = strawberry.field(description="Up to 120 characters.")
    department_id: ID | None = names(Department, "One that is open on that day.", optional=True)
    manager_id: ID | None = names(Employee, "Somebody who works here on that day.", optional=True)
    effective: date = strawberry.field(description="The first day, after the last one of before; at most a year ahead.")


ROLES = f"SELECT role_id FROM {role_bindings.table} WHERE employee_id = $1"  # noqa: S608
"""Whatever they are bound to."""


@strawberry.type
class Mutation:
    @mutation(may("employee.hire"), changes=Employee)
    async def hire_employee(self, info: Info, input: HireEmployeeInput) -> Outcome:
        return await give(info, domain.Employee, domain.Employee.hire, input, id=new_id(Employee, input))

    @mutation(may("employee.edit"), changes=Employee)
    async def correct_personal_details(self, info: Info, input: CorrectPersonalDetailsInput) -> Outcome:
        """Record what was right all along. What is left out stays as it is."""
        return await give(
            info,
            domain.Employee,
            domain.Employee.correct_personal_details,
            input,
            work_phone=None if input.work_phone is UNSET else input.work_phone or "",
        )

    @mutation(may("employee.edit"), changes=Employee)
    async def transfer_employee(self, info: Info, input: TransferEmployeeInput) -> Outcome:
        """Let somebody belong to another department."""
        return await give(info, domain.Employee, domain.Employee.transfer, input)

    @mutation(may("employee.edit"), changes=Employee)
    async def promote_employee(self, info: Info, input: PromoteEmployeeInput) -> Outcome:
        """Give somebody another title, higher or not."""
        return await give(info, domain.Employee, domain.Employee.promote, input)

    @mutation(may("employee.edit"), changes=Employee)
    async def change_manager(self, info: Info, input: ChangeManagerInput) -> Outcome:
        """Let somebody report to another manager. Only administrators put others below themselves."""
        return await give(info, domain.Employee, domain.Employee.change_manager, input)

    @mutation(may("employee.terminate"), changes=Employee)
    async def terminate_employment(self, info: Info, input: TerminateEmploymentInput) -> Outcome:
        """End an employment. Whoever it was can't sign in any more, and the work e-mail is free, at once."""
        return await give(info, domain.Employee, domain.Employee.terminate, input, reason=input.because)

    @mutation(may("employee.hire"), changes=Employee)
    async def rehire_employee(self, info: Info, input: RehireEmployeeInput) -> Outcome:
        """Take somebody who has left on again, under the same number. Their roles are theirs again.

        Refused if these permit what you may not do yourself.
        """
        id = uuid_of(Employee, input.id, "id")
        return await give(
            info,
            domain.Employee,
            domain.Employee.rehire,
            input,
            id=id,
            roles=[role_id for (role_id,) in await info.context.reader.pool.fetch(ROLES, id)],
        )


WORDS = {
    "Employee.title": "What they do here.",
    "Employee.status": "Whether they work here.",
    "Employee.department": "What they belong to.",
    "EmployeeStatus.ACTIVE": "They work here.",
    "EmployeeStatus.TERMINATED": "They have left.",
    "EmploymentChange.kind": "What happened.",
    "EmploymentChange.recordedAt": "When it was recorded, which may be before or after it holds.",
    "EmploymentChange.position": "Where the log has it.",
    "EmploymentChange.title": "Their title from then on.",
    "EmploymentChange.department": "Their department from then on.",
    "EmploymentChange.manager": "Whom they report to from then on.",
    "EmploymentChangeKind.HIRED": "They were hired.",
    "EmploymentChangeKind.REHIRED": "They came back.",
    "EmploymentChangeKind.TRANSFERRED": "They went to another department.",
    "EmploymentChangeKind.PROMOTED": "They got another title.",
    "EmploymentChangeKind.MANAGER_CHANGED": "They report to somebody else, or to nobody.",
    "EmploymentChangeKind.TERMINATED": "They left.",
    "LeavingReason.RESIGNED": "They gave notice.",
    "LeavingReason.DISMISSED": "They were given notice.",
    "LeavingReason.CONTRACT_ENDED": "Their contract was for a time, which was over.",
    "LeavingReason.RETIRED": "They retired.",
    "LeavingReason.DECEASED": "They died.",
    "LeavingReason.OTHER": "Something else.",
}
