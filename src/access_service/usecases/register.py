"""`init`: a register's root, once. The only authority without an issuer; explanations end there."""

from dataclasses import dataclass
from datetime import date

from access_service.domain.accounts import Custody
from access_service.domain.delegation import Authority
from access_service.domain.errors import RefusedError
from access_service.domain.names import (
    AccountKind,
    AssignmentId,
    AuthorityId,
    EducationLevel,
    PersonId,
    RegisterId,
    UnitId,
)
from access_service.domain.org import Assignment, Person, Unit
from access_service.domain.policy import PackBinding
from access_service.domain.reasons import Refusal
from access_service.domain.register import check_person, check_unit_words
from access_service.domain.scope import Scope
from access_service.domain.time import start_of_day
from access_service.domain.vietnamese import name_key
from access_service.engine.packs.load import PackFiles
from access_service.storage.keys import StoredPublicKey, keep_public_key
from access_service.storage.policy import store_pack
from access_service.usecases.identity.accounts import IssuedAccount, new_account
from access_service.usecases.services import Act, Services

ROOT_KIND = "department"
DIRECTOR = "director"
FOCAL_POINT = "it_officer"


@dataclass(frozen=True, slots=True)
class Founding:
    """What `init` needs to know: the department, its director, the appointing decision, the IT focal point."""

    register: RegisterId
    unit: UnitId
    name: str
    director: str
    decision_number: str
    decision_date: date
    decision_sha256: str | None
    focal_point: str
    is_demo: bool = False
    director_id: PersonId | None = None
    """A staff code to use instead of a random id, so that imported files may refer to the director."""
    focal_point_id: PersonId | None = None
    prefix: str = ""
    """Put before the usernames, so that several registers may share a sign-in page."""


@dataclass(frozen=True, slots=True)
class Founded:
    """The register's first accounts, each with a one-time activation code."""

    register: RegisterId
    unit: UnitId
    authority: AuthorityId
    admin: IssuedAccount
    director: IssuedAccount
    focal_point: IssuedAccount
    director_id: PersonId
    focal_point_id: PersonId


def init_register(services: Services, founding: Founding, pack: PackFiles) -> Founded:
    """Create the register, or `RefusedError(duplicate)` when there is one of that name.

    The director operates the department's admin account until they hand it over in writing (#51).
    """
    if services.db.counter(founding.register) is not None:
        raise RefusedError(Refusal.DUPLICATE, f"there is a register `{founding.register}`")
    if founding.director_id is not None and founding.director_id == founding.focal_point_id:
        raise RefusedError(Refusal.DUPLICATE, f"`{founding.director_id}` is one person's number, not two's")
    with services.db.create_register(founding.register, founding.unit, demo=founding.is_demo) as tx:
        doing = Act(services, tx, None)
        tables = store_pack(tx.connection, pack)
        seal = services.seal
        keep_public_key(tx.connection, StoredPublicKey(seal.id, "seal", seal.public_hex, tx.now))
        begins = min(start_of_day(founding.decision_date), tx.now)
        unit = Unit(founding.unit, ROOT_KIND, founding.name, frozenset(EducationLevel), begins)
        check_unit_words(unit)
        tx.put(
            unit,
            PackBinding(doing.new_id("bnd"), unit.id, tables.pack.name, pack.digest, begins),
        )
        tx.policy = pack.digest
        director = _appoint(doing, founding, unit.id, founding.director, DIRECTOR, founding.director_id)
        focal = _appoint(doing, founding, unit.id, founding.focal_point, FOCAL_POINT, founding.focal_point_id)
        authority = Authority(
            id=AuthorityId(doing.new_id("aut")),
            unit=unit.id,
            parent=None,
            scope=Scope(unit=unit.id),
            basis=founding.decision_number,
            valid_from=begins,
        )
        tx.put(authority)
        names = {role: f"{founding.prefix}{role}" for role in ("admin", "director", "it")}
        admin = new_account(
            doing, unit=unit.id, kind=AccountKind.ADMIN, person=None, username=f"{names['admin']}.{unit.id}"
        )
        tx.put(Custody(doing.new_id("cus"), unit.id, admin.account.id, director, "head", None, tx.now))
        own = [
            new_account(
                doing, unit=unit.id, kind=AccountKind.USE, person=person, username=f"{names[role]}.{unit.id}"
            )
            for role, person in (("director", director), ("it", focal))
        ]
        tx.happened("register.init", founding.register, unit=unit.id, authority=authority.id, pack=pack.digest)
        tx.touches_everybody()
    services.after_commit(founding.register)
    return Founded(founding.register, unit.id, authority.id, admin, own[0], own[1], director, focal)


def _appoint(
    doing: Act, founding: Founding, unit: UnitId, name: str, position: str, id_: PersonId | None
) -> PersonId:
    person = Person(id_ or PersonId(doing.new_id("per")), name, name_key(name))
    check_person(doing.ground, person)
    doing.tx.put(
        person,
        Assignment(
            id=AssignmentId(doing.new_id("asg")),
            person=person.id,
            unit=unit,
            position=position,
            decision_number=founding.decision_number,
            decision_date=founding.decision_date,
            decision_sha256=founding.decision_sha256,
            classes=None,
            subjects=None,
            levels=None,
            substitutes=None,
            valid_from=start_of_day(founding.decision_date),
        ),
    )
    return person.id
