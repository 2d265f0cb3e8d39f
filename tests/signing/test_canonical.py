"""Canonical bytes are those of RFC 8785, whichever way they are made."""

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from access_service.signing.canonical import canonical, sha256_hex
from sampled import times

WORDS = st.text(max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None, max_examples=times(300))
@given(VALUES)
def test_both_ways_give_the_bytes_of_rfc_8785(value: object) -> None:
    try:
        wanted = rfc8785.dumps(value)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011 whichever of the library's
            canonical(value)
    else:
        assert canonical(value) == wanted


def test_golden_bytes_of_a_small_document() -> None:
    value = {"b": ["Cẩm Giàng", 1, None, True], "a": {"đ": '\u0007\n"', "z": "/"}}
    assert canonical(value) == '{"a":{"z":"/","đ":"\\u0007\\n\\""},"b":["Cẩm Giàng",1,null,true]}'.encode()
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("value", ["\ud800", {"a": "\udfff"}, [float("nan")], {"a": 2**60}, {1: "a"}])
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        canonical(value)
