"""English is complete, templates decide nothing, and the scripts stay small."""

from __future__ import annotations

import ast
import gzip
import re
import tomllib
from pathlib import Path

from access_service.web import anomaly_pages, labels, menus, phrases

WEB = Path(phrases.__file__).parent
VIETNAMESE = re.compile("[àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ]", re.IGNORECASE)
CALLED = re.compile(r"""\bt\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
DECIDES = re.compile(r"\b(role|kind|rank|position)\s*(==|!=|in)\s")
SCRIPTS_BYTES = 6_144
"""All of our own JavaScript, gzipped."""
OWN_LANGUAGE = {"Tiếng Việt"}
"""What is said in its own language whatever the page's."""


def templates() -> list[Path]:
    return sorted((WEB / "templates").rglob("*.html"))


def said_in_templates() -> set[str]:
    texts = [CALLED.findall(path.read_text("utf-8")) for path in templates()]
    return {a or b for found in texts for a, b in found}


def body_of(node: ast.AST) -> list[ast.AST]:
    found = getattr(node, "body", None)
    return found if isinstance(found, list) else []


def said_in_modules() -> set[str]:
    """Every Vietnamese sentence of a module that is no docstring."""
    found: set[str] = set()
    for path in WEB.glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        docs = {
            id(node.value)
            for parent in ast.walk(tree)
            for node in body_of(parent)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        texts = [n for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
        inside = {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
        found |= {n.value for n in texts if id(n) not in docs | inside and VIETNAMESE.search(n.value)}
    return found


def test_every_sentence_has_its_english() -> None:
    said = said_in_templates() | said_in_modules()
    for module in (anomaly_pages, labels, menus):
        said |= set(module.list_words())
    assert sorted(said - phrases.english().keys() - OWN_LANGUAGE) == []


def test_every_english_sentence_is_said_and_keeps_the_braces() -> None:
    for vietnamese, english in phrases.english().items():
        assert not VIETNAMESE.search(english), english
        braces = [sorted(re.findall(r"{\w+}", text)) for text in (vietnamese, english)]
        assert braces[0] == braces[1], vietnamese


def test_no_sentence_stands_in_a_template_outside_the_catalogue() -> None:
    for path in templates():
        text = re.sub(r"{#.*?#}|{%.*?%}|{{.*?}}", "", path.read_text("utf-8"), flags=re.DOTALL)
        assert not VIETNAMESE.search(text), path.name


def test_no_template_works_out_a_rule() -> None:
    found = [f"{p.name}: {m[0]}" for p in templates() for m in DECIDES.finditer(p.read_text("utf-8"))]
    assert found == []


def test_nothing_is_inline() -> None:
    for path in templates():
        text = path.read_text("utf-8")
        assert not re.search(r"\sstyle=|\son\w+=|<style|javascript:", text), path.name
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path.name


def test_our_scripts_stay_small() -> None:
    whole = b"".join(path.read_bytes() for path in sorted((WEB / "static").glob("*.js")))
    assert len(gzip.compress(whole, 9)) <= SCRIPTS_BYTES


def test_no_sentence_shouts_or_begs() -> None:
    """The tone of an official: no exclamation mark, no `bạn`, no `vui lòng`, no `thành công`."""
    said = said_in_templates() | said_in_modules()
    wrong = [text for text in said if re.search(r"!|\bbạn\b|vui lòng|thành công", text, re.IGNORECASE)]
    assert wrong == []


def test_a_sentence_has_one_english() -> None:
    """One noun has one name: no sentence stands in two files."""
    where: dict[str, list[str]] = {}
    for path in sorted((WEB / "english").glob("*.toml")):
        for sentence in tomllib.loads(path.read_text("utf-8")):
            where.setdefault(sentence, []).append(path.stem)
    assert {sentence: files for sentence, files in where.items() if len(files) > 1} == {}
