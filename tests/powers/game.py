"""The game: a coalition of accounts plays any act against a register in which honest people live on.

After each step the sentences of `domain.powers` are asked (I1 to I4), and what must hold whoever acted: grants rest
on papers that somebody outside signed for the giver, within the chain; what was taken back stays so; a head can
always suspend, and so can the unit above.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from access_service.domain.delegation import Grant
from access_service.domain.errors import AccessServiceError, RefusedError
from access_service.domain.names import (
    AccountId,
    AccountKind,
    AssignmentId,
    PersonId,
    SuspendableKind,
)
from access_service.domain.org import Assignment
from access_service.domain.powers import EVENTS, Finding, State, Step, declared_by, find_undeclared, findings
from access_service.usecases.handover import delegation
from access_service.usecases.identity import accounts, recoveries
from access_service.usecases.imports.run import import_sheets
from access_service.usecases.services import Caller, Services, rehearse
from powers import files
from powers.browsing import Window, opened, signed_in_as_they_are
from powers.checks import Played, handed_in_writing, whatever_happened, whoever_acted
from powers.decisions import widened
from powers.drawing import Dice, NothingThereError, arguments
from powers.factors import factor_shown
from powers.habits import ACTS, DULL, LIFE, NO_GAME, STRONG
from powers.lived_with import unaccepted
from powers.oracle import Seen, confirmed, entering, events_of, see
from powers.states import STATES, States, second_factor
from world import PASSWORD, World

GUESSED = frozenset({"session.fail"})
"""A wrong password or code is written down, whatever it was typed for."""
REFUSED = 400
"""The status from which on a form was not taken."""


@dataclass(frozen=True)
class Move:
    """One act that was done."""

    who: str
    act: str
    arguments: dict[str, Any]
    did: tuple[str, ...] = ()

    def __str__(self) -> str:
        said = ", ".join(f"{k}={v}" for k, v in self.arguments.items() if k not in ("password", "pack"))
        return f"{self.who}: {self.act}({said}) -> {', '.join(self.did) or 'nothing'}"


@dataclass
class Game:
    """One register, one coalition."""

    world: World
    coalition: frozenset[PersonId]
    random: Random
    moves: list[Move] = field(default_factory=list)
    found: list[Finding] = field(default_factory=list)
    passwords: dict[AccountId, str] = field(default_factory=dict)
    laid: set[AssignmentId] = field(default_factory=set)
    entered: set[PersonId] = field(default_factory=set)
    vouched: set[tuple[PersonId, Any]] = field(default_factory=set)
    tainted: set[AssignmentId] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    tries: int = 0
    tried: set[str] = field(default_factory=set)
    """Acts that the coalition itself has tried."""
    forms: dict[str, bool] = field(default_factory=dict)
    """Addresses of forms that the coalition sent, and whether one of them was taken."""
    files: float = 0.03
    """How often somebody imports a file."""
    pages: float = 0.15
    """How often the coalition sends a form of the pages."""
    seq: int = 0
    """Where the log stood when the register was last seen."""
    acts: tuple[str, ...] = ()
    """What the coalition plays; empty: every act."""
    waiting: dict[str, bool] = field(default_factory=dict)
    """Codes that do not open yet, and whether somebody honest was shown them."""

    def __post_init__(self) -> None:
        self._callers: dict[AccountId, Caller | None] = {}
        self.seen: Seen = see(self.world.services, self.world.register)
        self.held: frozenset[AccountId] = frozenset(self._own(self.seen.state))
        people = sorted(self.seen.state.signers and {d.person for d in self.seen.state.duties} - self.coalition)
        self.victims = self.random.sample(people, min(2, len(people)))
        """Whom the coalition has set its mind on; without that, random acts meet nobody twice."""
        self._note_ended()
        self._look_again()

    def _own(self, state: State) -> Iterable[AccountId]:
        """What the coalition's people open by themselves: their use account, and admin accounts handed to them."""
        people = self.coalition | self.puppets(state)
        for id_, account in state.accounts.items():
            if account.kind is AccountKind.USE and account.person in self.coalition:
                yield id_
            if account.kind is AccountKind.ADMIN and state.custody.get(account.unit) in people:
                yield id_

    def puppets(self, state: State) -> frozenset[PersonId]:
        """People whose accounts the coalition opens."""
        held: frozenset[AccountId] = getattr(self, "held", frozenset())
        return frozenset(a.person for i, a in state.accounts.items() if i in held and a.person is not None)

    # -- moves

    def attack(self, tries: int = 25) -> bool:
        """Somebody of the coalition does something: the first of some random acts that is not refused."""
        able, names = sorted(self.held), self.acts
        chosen = sorted(names or set(ACTS) - NO_GAME)
        for _ in range(tries):
            account, name = self.random.choice(able), self.random.choice(chosen)
            if not names and name not in STRONG and self.random.random() < 0.5:
                name = self.random.choice(sorted(STRONG))
            if name in DULL and self.random.random() < 0.9:
                continue
            if self.play(account, name, is_honest=False):
                return True
        return False

    def browse(self, tries: int = 12) -> bool:
        """Somebody of the coalition sends forms of the pages: the first of some that changes anything."""
        for _ in range(tries):
            self.tries += 1
            account = self.random.choice(sorted(self.held))
            caller = self._entering(account)
            if caller is None:
                continue
            dice = Dice(self.random, self.seen, caller, PASSWORD, self._likes())
            window = opened(self.world.services, self._entering, dice, self.passwords.get(account, PASSWORD))
            if self._sent(window, account):
                return True
        return False

    def _sent(self, window: Window, account: AccountId) -> bool:
        with signed_in_as_they_are() as reached, factor_shown():
            try:
                window.choose()
            except NothingThereError:
                return False
            seq = self._seq()
            status = window.send()
        self.forms[window.pattern] = status < REFUSED or self.forms.get(window.pattern, False)
        done = tuple(events_of(self.world.services, self.world.register, seq))
        if not done:
            return False
        names = tuple(dict.fromkeys(name for name, _ in reached.acts))
        actor = next((by for _, by in reached.acts), account)
        self.moves.append(
            Move("! " + self._called(actor), f"{window.pattern}: {', '.join(names)}", window.filled, done)
        )
        self._after(names, actor, reached.results, done, is_honest=False)
        return True

    def live(self, tries: int = 8) -> bool:
        """Somebody else does what people do: sign what waits for them, or something of `LIFE`."""
        others = sorted(set(self.seen.state.accounts) - self.held)
        for _ in range(tries):
            account = self.random.choice(others)
            signs = self.random.random() < 0.5
            if self.play(account, "signatures.sign_batch" if signs else self.random.choice(LIFE), is_honest=True):
                return True
        return False

    def bring(self, tries: int = 8) -> bool:
        """The operator imports a file: the first of some that is not refused."""
        for _ in range(tries):
            self.tries += 1
            caller = self._entering(self.random.choice(sorted(self.seen.state.accounts)))
            if caller is None:
                continue
            dice = Dice(self.random, self.seen, caller, PASSWORD, self._likes())
            try:
                rows = files.drawn(dice)
                import_sheets(
                    self.world.services,
                    self.world.register,
                    files.sheets(rows),
                    dry_run=False,
                    progress=lambda *_: None,
                )
            except (AccessServiceError, NothingThereError):
                continue
            self.moves.append(Move("the operator", "imports.import_sheets", rows, ("import",)))
            self._after_file()
            return True
        return False

    def _after_file(self) -> None:
        before, self.seen = self.seen, see(self.world.services, self.world.register)
        self._note_people(before, is_honest=True)
        self.held = frozenset(a for a in self.held | set(self._own(self.seen.state)) if self._still_opens(a))
        self._look_again()
        self.found += whatever_happened(self._played("imports.import_sheets", before, AccountId("")))
        self._note_ended()

    def play(self, account: AccountId, name: str, *, is_honest: bool, **given: Any) -> bool:
        """One account tries one act; True if the register changed."""
        self.tries += 1
        services, register = self.world.services, self.world.register
        caller = self._entering(account)
        if caller is None:
            return False
        if not is_honest:
            self.tried.add(name)
        likes = [] if is_honest else self._likes()
        dice = Dice(self.random, self.seen, caller, self.passwords.get(account, PASSWORD), likes)
        act = ACTS[name]
        try:
            drawn = {**arguments(act, dice), **given}
        except NothingThereError:
            return False
        result = self._do(act, caller, drawn)
        if result is None:
            return False
        done = tuple(events_of(services, register, self.seq))
        if not done:
            return False
        who = ("" if is_honest else "! ") + self._called(account)
        self.moves.append(Move(who, name, drawn, done))
        self._after((name,), account, result, done, is_honest=is_honest)
        return True

    def _entering(self, account: AccountId) -> Caller | None:
        """Its session as of what was seen last."""
        if account not in self._callers:
            self._callers[account] = entering(self.world.services, self.world.register, account)
        return self._callers[account]

    def _likes(self) -> list[str]:
        state = self.seen.state
        people = {*self.coalition, *self.entered, *self.victims}
        offices = {u for u, p in state.signers.items() if p & people}
        return [
            *people,
            *self.laid,
            *offices,
            *(i for i, a in state.accounts.items() if a.person in people or (not a.person and a.unit in offices)),
            *(d.id for d in state.duties if d.person in people),
        ]

    def _do(self, act: Callable[..., Any], caller: Caller, drawn: dict[str, Any]) -> Any:
        try:
            if act is recoveries.ask_recovery and not self._has_factor(caller):
                second_factor(self.world, caller.account)
            for paper in drawn.get("presented", ()):
                self.world.show(caller.account, paper.document)
            with factor_shown():
                return act(self.world.services, caller, **drawn) or True
        except AccessServiceError:
            return None

    def _has_factor(self, caller: Caller) -> bool:
        with self.world.services.db.read(self.world.register) as reader:
            return bool(confirmed(reader, caller.account))

    def wait(self, **time: float) -> None:
        """Time passes; no step is judged by it but the use of codes that waited."""
        self.world.clock.forward(**time)
        before, held = self.seen, self.held = see(self.world.services, self.world.register), self.held
        self._take_codes(None, is_honest=True)
        self.seen = see(self.world.services, self.world.register)
        self.found += whatever_happened(self._played("time", before, AccountId("")))
        if self.held - held:
            self.found += findings(self._step(before, held))
        self.held = frozenset(a for a in self.held if self._still_opens(a))
        self._note_ended()
        self._look_again()

    def _look_again(self) -> None:
        """What was known of sessions and of the log is known anew."""
        self.seq = self._seq()
        self._callers = {}

    def _called(self, account: AccountId) -> str:
        found = self.seen.state.accounts[account]
        return f"{found.username} ({found.kind})"

    def _seq(self) -> int:
        counter = self.world.services.db.counter(self.world.register)
        return 0 if counter is None else counter.seq

    # -- what is known afterwards

    def _after(
        self, names: tuple[str, ...], account: AccountId, result: Any, did: tuple[str, ...], *, is_honest: bool
    ) -> None:
        name = names[-1] if names else ""
        before, held = self.seen, self.held
        self.seen = see(self.world.services, self.world.register)
        self._note_people(before, is_honest=is_honest)
        self._take_codes(result, is_honest=is_honest)
        self.held = frozenset(a for a in self.held | set(self._own(self.seen.state)) if self._still_opens(a))
        self.found += [
            Finding("declared", name, f"it left `{event}` undeclared") for event in self._lies(names, did)
        ]
        if not is_honest:
            self.found += findings(self._step(before, held))
        played = self._played(name, before, account)
        self._look_again()
        self.found += [*whoever_acted(played), *widened(self.world, played), *self._can_suspend()]
        self._note_ended()

    def _played(self, name: str, before: Seen, account: AccountId) -> Played:
        return Played(
            name=name,
            before=before,
            after=self.seen,
            account=account,
            inside=self.coalition | self.entered | self.puppets(self.seen.state),
            tainted=frozenset(self.tainted),
            ended=frozenset(self.ended),
        )

    def _step(self, before: Seen, held: frozenset[AccountId]) -> Step:
        return Step(
            before=before.state,
            after=self.seen.state,
            held=held,
            holds=self.held,
            laid=frozenset(self.laid),
            vouched=frozenset(self.vouched),
            own=frozenset(self.entered),
            handed=handed_in_writing(self.seen, self.coalition | self.entered | self.puppets(self.seen.state)),
        )

    @staticmethod
    def _lies(names: tuple[str, ...], did: tuple[str, ...]) -> set[str]:
        """What happened that none of the acts had declared."""
        declared = [d for d in (declared_by(ACTS[name]) for name in names) if d is not None]
        left = [frozenset(find_undeclared(declaration, did)) for declaration in declared] or [frozenset(did)]
        return set(frozenset.intersection(*left) & frozenset(EVENTS) - GUESSED)

    def _note_people(self, before: Seen, *, is_honest: bool) -> None:
        people = self._ids(self.seen, "Person") - self._ids(before, "Person")
        duties = [a for a in self.seen.of(Assignment) if a.id not in {b.id for b in before.of(Assignment)}]
        if not is_honest:
            self.entered |= people
            self.laid |= {a.id for a in duties}
            led = {u for u, p in before.state.signers.items() if p & (self.coalition | self.puppets(before.state))}
            self.tainted |= {a.id for a in duties if led.isdisjoint(before.state.chains.get(a.unit, ()))}
            return
        for unit, signers in self.seen.state.signers.items():
            mine = signers & (self.coalition | self.entered | self.puppets(self.seen.state))
            self.vouched |= {(p, unit) for p in mine - before.state.signers.get(unit, frozenset())}
        # A confirmation by somebody outside makes the duty theirs.
        self.tainted -= {a.id for a in self.seen.of(Assignment) if (a.person, a.unit) in self.vouched}

    @staticmethod
    def _ids(seen: Seen, kind: str) -> set[Any]:
        return {v.id for k, found in seen.facts.items() if k.__name__ == kind for v in found}

    def _take_codes(self, result: Any, *, is_honest: bool) -> None:
        """Whoever is shown a code opens the account; honest people hand it to whom it is for."""
        for code, honest in [*((c, is_honest) for c in _codes(result)), *self.waiting.items()]:
            account = self._activate(code, is_honest=honest)
            if account is None:
                continue
            seen = see(self.world.services, self.world.register)
            holder = seen.state.accounts[account].person or seen.state.custody.get(
                seen.state.accounts[account].unit
            )
            known = self.seen.state.accounts.get(account)
            is_first = known is None or known.activated_at is None
            # First codes of people whom others entered are handed on (docs/decisions, record 0041).
            is_handed_on = honest or (is_first and seen.state.accounts[account].person not in self.entered)
            gained = holder in self.coalition or not is_handed_on
            self.held = self.held | {account} if gained else self.held - {account}
            self.seen = seen

    def _activate(self, code: str, *, is_honest: bool) -> AccountId | None:
        """Open an account with a code; with another password where it had that one before, later where it waits."""
        other = f"{PASSWORD} {self.random.randrange(10**6)}"
        for password in (PASSWORD, other):
            try:
                account = accounts.activate(self.world.services, code, password)
            except RefusedError as error:
                if "waiting" in str(error.code):
                    self.waiting[code] = is_honest
                    return None
            else:
                self.waiting.pop(code, None)
                self.passwords[account] = password
                return account
        self.waiting.pop(code, None)
        return None

    def _still_opens(self, id_: AccountId) -> bool:
        account = self.seen.state.accounts.get(id_)
        if account is None:
            return False
        if account.kind is not AccountKind.ADMIN:
            return True
        keeper = self.seen.state.custody.get(account.unit)
        return keeper is not None and keeper in (self.coalition | self.entered | self.puppets(self.seen.state))

    def _note_ended(self) -> None:
        now = self.seen.now
        self.ended |= {g.id for g in self.seen.of(Grant) if g.ended_at is not None and g.ended_at <= now}

    def _can_suspend(self) -> list[Finding]:
        """A head of the giving unit, and of the unit above it, could stop one of the grants now."""
        working = sorted(self.seen.state.working.values(), key=lambda g: g.id)
        if not working:
            return []
        grant = self.random.choice(working)
        chain = self.seen.state.chains.get(grant.unit, ())
        holder = self.seen.state.accounts[grant.account].person
        found = []
        for unit in chain[:2]:
            for person in sorted(self.seen.state.heads.get(unit, frozenset()) - {holder}):
                account = next(
                    (a.id for a in self.seen.state.accounts.values() if a.person == person and a.activated_at), None
                )
                caller = account and self._entering(account)
                if not caller:
                    continue
                try:
                    rehearse(self.world.services, _suspension(caller, grant.id))
                except AccessServiceError as error:
                    found.append(Finding("suspend", grant.id, f"the head of {unit} cannot: {error}"))
        return found

    def told(self) -> str:
        """The sequence and what was found."""
        lines = [str(move) for move in self.moves] + [
            f"FOUND {f.sentence}: {f.target}: {f.what}" for f in self.found
        ]
        return "\n".join(lines)


def _suspension(caller: Caller, grant: str) -> Callable[[Services], object]:
    return lambda services: delegation.suspend(
        services, caller, kind=SuspendableKind.GRANT, target=grant, reason="thử"
    )


def _codes(result: Any) -> list[str]:
    results = result if isinstance(result, list) else [result]
    found = [getattr(r, "activation_code", None) for r in results]
    return [code for code in found if isinstance(code, str)]


def advance(game: Game, steps: int) -> None:
    """A random sequence: mostly the coalition, then life, now and then a day."""
    for _ in range(steps):
        chance = game.random.random()
        if game.random.random() < game.files:
            game.bring()
        elif chance < game.pages:
            game.browse()
        elif chance < 0.65:
            game.attack()
        elif chance < 0.92:
            game.live()
        else:
            game.wait(**game.random.choice(({"minutes": 5}, {"days": 1}, {"days": 2})))
        if unaccepted(game.found):
            return


def begin(
    states: States, folder: Path, seed: int, state: str | None = None, members: Sequence[str] = ()
) -> tuple[str, Game]:
    """A game by a number: which state, who is in the coalition, and whatever chance decides after that."""
    random = Random(seed)  # noqa: S311 a game, no secret
    name = state or random.choice(sorted(STATES))
    world = states(name).open(folder)
    members = members or random.sample(sorted(world.people), random.choice((1, 1, 2, 3)))
    return name, Game(world, frozenset(world.people[key].person for key in members), random)
