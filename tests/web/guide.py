"""Does what the sentences of a guide say, and nothing else: in a real browser, by what stands on the page.

A guide is Markdown. Its steps are the numbered lines (`1. …`); every sentence of such a line is one of these, and
a line that says anything else is an error with its number (a step may go on, indented, on the next lines). What
explains stands in paragraphs and bullets, unread.

    Mở trang «/dang-nhap».                     an address of the service
    Bấm «Đăng nhập».                           a button, a link, or what folds open
    Điền «6A1» vào ô «Lớp».                    a field by its label
    Điền mật khẩu vào ô «Mật khẩu».            a thing that the reader has: whoever follows the guide gives it
    Chọn «6A1» ở ô «Lớp».                      one of a list, or a round mark (its group is the field)
    Chọn tệp phân công ở ô «Chọn tệp…».        a file that the reader has
    Đánh dấu ô «Tôi đã đọc».                   Bỏ dấu ô «Tôi đã đọc».
    Thấy «Đã ký 2 văn bản.».                   it stands there, or comes       Không thấy «Thu hồi».
    Nếu thấy «Đọc tệp» thì bấm «Đọc tệp».      only where it stands there now
    Quét hình vuông.                           the telephone takes the key, from now on shows `mã trên điện thoại`
    Chép chữ đứng sau «Mã kích hoạt:».         the next word, from now on `chữ đã chép`
    Nhấn phím Enter.                           in the field that was filled last
    Ký tệp vừa tải bằng phần mềm ký số.        another program signs what was taken last: from now on `tệp đã ký`
    Cuộn đến cuối trang.                       reading on the way
    Quay lại trang trước.
    Đến máy của giáo viên.                     somebody else's browser, with its own sessions
    Đến máy của hiệu trưởng.                   whoever begins has the name that the follower gives first

`Bấm`, `Điền`, `Chọn`, `Đánh dấu` and `Bỏ dấu` may end with where: `ở mục «Xác thực hai yếu tố»` (a part with
that heading) or `ở dòng «Dương Đức An»` (a row of a table or a list that says so). What stands twice on a page
without a place is an error: no reader could know which. Inside «» an ellipsis stands for anything: «Ký … văn bản».

A picture (`![what](../pictures/name.png)`) in or between the steps is taken where it stands.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from access_service.signing.totp import STEP_S, code_at

WAIT_S = 60.0
STEP = re.compile(r"\s*\d+\.\s+(.*)")
CONTINUED = re.compile(r"\s{2,}\S.*")
PICTURE = re.compile(r"!\[[^\]]*\]\((?:[^)]*/)?pictures/([\w.-]+\.png)\)")
QUOTED = r"«([^»]*)»"
PLACE = rf"(?: ở (mục|dòng) {QUOTED})?"
SENTENCES: dict[str, re.Pattern[str]] = {
    "open": re.compile(rf"Mở trang {QUOTED}"),
    "press": re.compile(rf"Bấm {QUOTED}{PLACE}"),
    "fill": re.compile(rf"Điền (?:{QUOTED}|([^«»]+?)) vào ô {QUOTED}{PLACE}"),
    "give": re.compile(rf"Chọn tệp ([^«»]+?) ở ô {QUOTED}{PLACE}"),
    "choose": re.compile(rf"Chọn {QUOTED} ở ô {QUOTED}{PLACE}"),
    "tick": re.compile(rf"Đánh dấu ô {QUOTED}{PLACE}"),
    "untick": re.compile(rf"Bỏ dấu ô {QUOTED}{PLACE}"),
    "see": re.compile(rf"Thấy {QUOTED}"),
    "miss": re.compile(rf"Không thấy {QUOTED}"),
    "maybe": re.compile(rf"Nếu thấy {QUOTED} thì bấm {QUOTED}{PLACE}"),
    "scan": re.compile(r"Quét hình vuông"),
    "copy": re.compile(rf"Chép chữ đứng sau {QUOTED}"),
    "enter": re.compile(r"Nhấn phím Enter"),
    "sign": re.compile(r"Ký tệp vừa tải bằng phần mềm ký số"),
    "scroll": re.compile(r"Cuộn đến cuối trang"),
    "back": re.compile(r"Quay lại trang trước"),
    "go_to": re.compile(r"Đến máy của ([^«».]+)"),
}
COPIED, SHOWN = "chữ đã chép", "mã trên điện thoại"
ACTS = frozenset(["press", "fill", "give", "choose", "tick", "untick", "maybe", "enter"])
Known = str | Path | Callable[[], str]
SECRET = re.compile(r"\b[A-Z2-7]{4}(?: ?[A-Z2-7]{4}){3,}\b")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing to do: which, with what, and where it stands in the guide."""

    verb: str
    parts: tuple[str | None, ...]
    line: int
    text: str


def read_guide(text: str) -> list[Sentence]:
    """Every sentence of the numbered lines, and every picture, in order; raises for what is no sentence of ours."""
    found: list[Sentence] = []
    step: list[str] = []
    began = 0
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        first, pictures = STEP.fullmatch(line), PICTURE.findall(line)
        goes_on = step and CONTINUED.fullmatch(line) and not pictures
        if step and not goes_on:
            found += _sentences(" ".join(step).replace("*", ""), began)
            step = []
        if first is not None:
            step, began = [first[1].strip()], number
        elif goes_on:
            step.append(line.strip())
        found += [Sentence("picture", (name,), number, line.strip()) for name in pictures]
    return found


def _sentences(said: str, line: int) -> Iterator[Sentence]:
    # A full stop ends a sentence unless it stands inside quotation marks.
    for part in re.findall(r"(?:«[^»]*»|[^.«»])+\.", said) or [said]:
        yield _sentence(part.strip(), line)
    rest = re.sub(r"(?:«[^»]*»|[^.«»])+\.", "", said).strip()
    if rest:
        raise ValueError(f"line {line}: “{rest}” does not end like a sentence")


def _sentence(said: str, line: int) -> Sentence:
    for verb, pattern in SENTENCES.items():
        matched = pattern.fullmatch(said.removesuffix("."))
        if matched is not None:
            return Sentence(verb, matched.groups(), line, said)
    raise ValueError(f"line {line}: “{said}” is no sentence that a guide may say")


def pattern_of(quoted: str, *, whole: bool) -> re.Pattern[str]:
    """What stands in «»: an ellipsis inside is anything, blanks are as the page has them."""
    pieces = [r"\s+".join(map(re.escape, piece.split())) for piece in quoted.split("…")]
    inner = ".*?".join(pieces)
    return re.compile(rf"^\s*{inner}\s*$" if whole else inner, re.DOTALL)


class LostError(AssertionError):
    """A reader would not know what to do: it is not there, or stands there twice."""


@dataclass
class Follower:
    """Somebody who knows nothing of the product, with a guide, a browser and a telephone."""

    address: str
    browser: Callable[[str], Any]
    """Gives whoever it is a page of their own."""
    now: Callable[[], datetime]
    who: str
    known: dict[str, Known] = field(default_factory=dict)
    take_picture: Callable[[Any, str], None] = lambda _page, _name: None
    forward: Callable[[], Any] = lambda: None
    """Lets half a minute go by, for a telephone that has shown its code already."""
    sign_file: Callable[[bytes], Path] | None = None
    """Another program, with a certificate."""
    downloads: list[Any] = field(default_factory=list)
    wait_s: float = WAIT_S
    interactions: int = 0
    pages: dict[str, Any] = field(default_factory=dict)
    done: list[Sentence] = field(default_factory=list)

    @property
    def page(self) -> Any:
        """What whoever acts now has before their eyes."""
        if self.who not in self.pages:
            self.pages[self.who] = self.browser(self.who)
            self.pages[self.who].on("download", self._take)
        return self.pages[self.who]

    def follow(self, text: str) -> None:
        """From the first sentence to the last."""
        for sentence in read_guide(text):
            try:
                self.do(sentence)
            except Exception as error:
                heading = " ".join(self.page.locator("body").inner_text().split())[:1500]
                raise LostError(
                    f"line {sentence.line}: {sentence.text}\n{error}\nat {self.page.url}: {heading}"
                ) from error
            self.done.append(sentence)

    def do(self, sentence: Sentence) -> None:
        """One sentence."""
        self.interactions += sentence.verb in ACTS
        getattr(self, f"_{sentence.verb}")(*sentence.parts)

    # -- verbs -----------------------------------------------------------------------------------------------------

    def _open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def _press(self, name: str, kind: str | None, place: str | None) -> None:
        self._one(lambda: self._pressable(name, kind, place), name).click()
        self.page.wait_for_load_state()

    def _fill(self, quoted: str | None, known: str | None, label: str, kind: str | None, place: str | None) -> None:
        value = quoted if known is None else str(self._has(known))
        self._one(lambda: self._fields(label, kind, place), label).fill(value)

    def _give(self, known: str, label: str, kind: str | None, place: str | None) -> None:
        at = self.page.url
        self._one(lambda: self._fields(label, kind, place), label).set_input_files(self._has(f"tệp {known}"))
        # A page may send a file as soon as it is chosen; whoever looks up sees the next page.
        for _ in range(10):
            if self.page.url != at:
                break
            self.page.wait_for_timeout(100)
        self.page.wait_for_load_state()

    def _choose(self, option: str, label: str, kind: str | None, place: str | None) -> None:
        def found() -> list[Any]:
            group = self._within(kind, place).get_by_role("group", name=pattern_of(label, whole=True))
            marks = [mark for part in _seen(group) for mark in _seen(part.get_by_role("radio", name=option))]
            return marks or self._fields(label, kind, place)

        chosen = self._one(found, label)
        if chosen.evaluate("node => node.tagName") == "SELECT":
            words = chosen.locator("option").all_inner_texts()
            matching = [w for w in words if pattern_of(option, whole=True).match(w)] or [
                w for w in words if pattern_of(option, whole=False).search(w)
            ]
            if len(matching) != 1:
                raise LostError(f"«{option}» is {len(matching)} of: {'; '.join(words)}")
            chosen.select_option(label=matching[0])
        else:
            chosen.check()

    def _tick(self, label: str, kind: str | None, place: str | None) -> None:
        self._one(lambda: self._fields(label, kind, place), label).check()

    def _untick(self, label: str, kind: str | None, place: str | None) -> None:
        self._one(lambda: self._fields(label, kind, place), label).uncheck()

    def _see(self, text: str) -> None:
        self._until(lambda: self._stands(text), f"«{text}» does not stand there")

    def _miss(self, text: str) -> None:
        self._until(lambda: not self._stands(text), f"«{text}» stands there")

    def _maybe(self, text: str, name: str, kind: str | None, place: str | None) -> None:
        if self._stands(text):
            self._press(name, kind, place)
        else:
            self.interactions -= 1

    def _scan(self) -> None:
        self._until(lambda: SECRET.search(self._text()), "no key stands beside the square")
        secret = "".join(SECRET.findall(self._text())[0].split())
        self.known[SHOWN] = telephone(secret, self.now, self.forward)

    def _copy(self, text: str) -> None:
        after = re.compile(pattern_of(text, whole=False).pattern + r"\s+(\S+)", re.DOTALL)
        self._until(lambda: after.search(self._text()), f"nothing stands after «{text}»")
        self.known[COPIED] = after.search(self._text())[1]  # type: ignore[index]

    def _enter(self) -> None:
        self.page.keyboard.press("Enter")
        self.page.wait_for_load_state()

    def _take(self, download: Any) -> None:
        # The tool takes no method of a list.
        self.downloads.append(download)

    def _sign(self) -> None:
        self._until(lambda: self.downloads, "nothing was taken")
        assert self.sign_file is not None, "the reader has no program that signs"
        self.known["tệp đã ký"] = self.sign_file(Path(self.downloads.pop().path()).read_bytes())

    def _scroll(self) -> None:
        height = "document.documentElement.scrollHeight - window.scrollY - window.innerHeight"
        for _ in range(200):
            if self.page.evaluate(height) <= 1:
                break
            self.page.mouse.wheel(0, 600)
            self.page.wait_for_timeout(30)

    def _back(self) -> None:
        self.page.go_back()

    def _go_to(self, who: str) -> None:
        self.who = who

    def _picture(self, name: str) -> None:
        self.take_picture(self.page, name)

    # -- eyes ------------------------------------------------------------------------------------------------------

    def _text(self) -> str:
        return str(self.page.locator("body").inner_text())

    def _stands(self, text: str) -> bool:
        fields = (
            "[...document.querySelectorAll('input:not([type=hidden]), textarea')].map(n => n.value).join('\\n')"
        )
        wanted = pattern_of(text, whole=False)
        pressed = self.page.get_by_role("button", name=wanted).or_(self.page.get_by_role("link", name=wanted))
        return bool(
            wanted.search(self._text())
            or any(one.is_visible() for one in pressed.all())
            or wanted.search(self.page.evaluate(fields))
        )

    def _within(self, kind: str | None, place: str | None) -> Any:
        if kind is None or place is None:
            return self.page
        words = pattern_of(place, whole=False)
        if kind == "mục":
            named = self.page.get_by_role("region", name=words)
            return named.first if named.count() else self.page.get_by_role("group").filter(has_text=words).first
        rows = self.page.get_by_role("row").or_(self.page.get_by_role("listitem")).filter(has_text=words)
        return rows.last

    def _pressable(self, name: str, kind: str | None, place: str | None) -> list[Any]:
        within = self._within(kind, place)
        for whole in (True, False):
            words = pattern_of(name, whole=whole)
            both = within.get_by_role("button", name=words).or_(within.get_by_role("link", name=words))
            found = _seen(both) or _seen(within.locator("summary").filter(has_text=words))
            if found:
                return _apart(found)
        return []

    def _fields(self, label: str, kind: str | None, place: str | None) -> list[Any]:
        within = self._within(kind, place)
        exact = _seen(within.get_by_label(pattern_of(label, whole=True)))
        return exact or _seen(within.get_by_label(pattern_of(label, whole=False)))

    def _one(self, found: Callable[[], list[Any]], name: str) -> Any:
        self._until(found, f"«{name}» is not there")
        several = found()
        if len(several) != 1:
            raise LostError(f"«{name}» stands there {len(several)} times: say in which part or row")
        return several[0]

    def _until(self, is_so: Callable[[], Any], otherwise: str) -> None:
        end = time.monotonic() + self.wait_s
        while not _quietly(is_so):
            if time.monotonic() > end:
                raise LostError(otherwise)
            self.page.wait_for_timeout(50)

    def _has(self, name: str) -> str | Path:
        if name not in self.known:
            raise LostError(f"the reader has no “{name}”; they have: {', '.join(self.known)}")
        value = self.known[name]
        return value() if callable(value) else value


def telephone(
    secret: str, now: Callable[[], datetime], forward: Callable[[], Any] = lambda: None
) -> Callable[[], str]:
    """An application that shows a code of that key; each is good once, so time goes on before the next."""
    last = [-1]

    def shown() -> str:
        if last[0] >= int(now().timestamp()) // STEP_S:
            forward()
        step = max(last[0] + 1, int(now().timestamp()) // STEP_S)
        last[0] = step
        return code_at(secret, now(), step - int(now().timestamp()) // STEP_S)

    return shown


def _seen(locator: Any) -> list[Any]:
    return [one for one in locator.all() if one.is_visible()]


def _apart(found: list[Any]) -> list[Any]:
    """Links to one place are one thing to press, however often they stand there."""
    targets: Mapping[str, Any] = {
        one.evaluate("(node, n) => node.href || String(n)", number): one
        for number, one in reversed([*enumerate(found)])
    }
    return list(targets.values())


def _quietly(is_so: Callable[[], Any]) -> Any:
    """A page that is just being exchanged has nothing on it yet."""
    try:
        return is_so()
    except Exception as error:
        if "context was destroyed" in str(error) or "navigation" in str(error) or "not attached" in str(error):
            return None
        raise
