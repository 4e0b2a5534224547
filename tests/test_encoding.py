"""From bytes to text: what a dump declares of itself is taken where it can be true, and else found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.raw import RawStore
from tasks import encoding
from tasks.acquire import acquire
from tasks.charsets import charset_of, codecs_of, declared_in
from tasks.encoding import Encoding, decode, decodes
from tests.support import write

META, IN_HEADER = "declared in the markup", "declared in the HTTP header"
RUSSIAN = "Осень – «щедрая» пора, ёлка. "


def detect(data: bytes, charset: str = "") -> Encoding:
    return encoding.detect(data[: encoding.SAMPLE_BYTES], lambda codec: decodes([data], codec), charset)


def page(words: str, declaration: str) -> str:
    return f"{declaration}<html><body><p>{words}</p></body></html>"


# name that a page declares -> the codec that its bytes are written in, its words, the codec that is found
DECLARED = {
    "windows-1254": ("cp1254", "BAŞKAN: Günaydın, sayın üyeler, oturumu açıyorum.", "cp1254"),
    "iso-8859-9": ("cp1254", "“Başkan” – ağız, şık", "cp1254"),
    "windows-1250": ("cp1250", "Przewodniczący: Proszę – „środki” są źródłem.", "cp1250"),
    "ISO-8859-2": ("iso8859_2", "A költségvetésről szeretnék beszélni, mert szűkös.", "iso8859_2"),
    "windows-1257": ("cp1257", "Pradedame posėdį, ačiū, žemė.", "cp1257"),
    "windows-1253": ("cp1253", "Πρόεδρος: Καλημέρα σας.", "cp1253"),
    "iso-8859-7": ("iso8859_7", "Πρόεδρος: Καλημέρα σας.", "iso8859_7"),
    "windows-1255": ("cp1255", "יושב ראש: בוקר טוב, אני פותח את הישיבה.", "cp1255"),
    "iso-8859-8-i": ("iso8859_8", "יושב ראש: בוקר טוב.", "iso8859_8"),
    "windows-1256": ("cp1256", "الرئيس: صباح الخير سيداتي وسادتي.", "cp1256"),
    "windows-874": ("cp874", "ประธาน: สวัสดีครับ “ทุกท่าน”", "cp874"),
    "koi8-u": ("koi8_u", "Головуючий: Доброго дня, шановні колеги, їжак.", "koi8_u"),
    "windows-1251": ("cp1251", RUSSIAN, "cp1251"),
    "iso-8859-15": ("iso8859_15", "Cœur de la séance, 5 €", "iso8859_15"),
    "iso-8859-1": ("cp1252", "Die Lage ist “schwierig” – wir müssen ändern.", "cp1252"),
    "us-ascii": ("cp1252", "It’s fine.", "cp1252"),
    "macintosh": ("mac_roman", "Président : « c’est l’été ».", "mac_roman"),
    "euc-kr": ("cp949", "의장: 안녕하십니까. 회의를 시작하겠습니다, 똠방각하.", "cp949"),
    "gb2312": ("gb18030", "主席：早上好，女士们先生们，镕。", "gb18030"),
    "Shift_JIS": ("cp932", "議長：おはようございます。①～髙", "cp932"),
    "EUC-JP": ("euc_jp", "議長：おはようございます。", "euc_jp"),
    "x-euc-jp": ("euc_jis_2004", "議長：①おはようございます。", "euc_jis_2004"),
    "Big5": ("cp950", "主席：早安，喬治‧布希～", "cp950"),
    "big5": ("big5hkscs", "主席：佢哋喺度傾緊偈。", "big5hkscs"),
}


@pytest.mark.parametrize("name", DECLARED)
@pytest.mark.parametrize(
    "declaration",
    [
        '<meta charset="{}">',
        "<META http-equiv=Content-Type content='text/html; charset = {}'>",
        '<?xml version="1.0" encoding="{}"?>\n<!DOCTYPE html>',
    ],
)
def test_a_page_is_read_in_what_it_declares(name: str, declaration: str) -> None:
    written_in, words, codec = DECLARED[name]
    text = page(words, declaration.format(name))
    data = text.encode(written_in)
    assert detect(data) == Encoding(codec, META)
    for size in (1, 7):  # a character of several bytes may be cut anywhere
        pieces = [data[at : at + size] for at in range(0, len(data), size)]
        assert "".join(decode(pieces, codec)) == text


@pytest.mark.parametrize(
    ("declared", "written_in", "words", "codec"),
    [
        ("utf-8", "cp1252", "Die Brücke über die Ströme ist für alle schön – “so”.", "cp1252"),
        ("windows-1254", "utf-8", "Başkan: Günaydın.", "utf-8"),
        ("iso-8859-1", "cp1251", RUSSIAN * 9, "cp1251"),  # a default that nobody looked at
        ("windows-1252", "koi8_r", RUSSIAN.replace("–", "-") .replace("«", '"').replace("»", '"') * 9, "koi8_r"),
        ("euc-kr", "cp1252", "Die Brücke über die Ströme ist für alle schön – “so”.", "cp1252"),
        ("utf-16", "cp1252", "Die Brücke ist “schön”.", "cp1252"),
        ("utf-7", "cp1252", "Die Brücke ist “schön”.", "cp1252"),
        ("rot13", "cp1252", "Die Brücke ist “schön”.", "cp1252"),
        ("x-user-defined", "cp1252", "Die Brücke ist “schön”.", "cp1252"),
    ],
)  # fmt: skip
def test_a_declaration_that_is_not_true_is_passed_over(declared: str, written_in: str, words: str, codec: str) -> None:
    data = page(words, f'<meta charset="{declared}">').encode(written_in)
    found = detect(data)
    assert (found.codec, found.evidence == META) == (codec, False)
    assert "".join(decode([data], codec)) == data.decode(written_in)


def test_a_declaration_must_hold_to_the_end() -> None:
    text = page("Başkan: Günaydın. " * 80_000, '<meta charset="windows-1254">')
    assert detect(text.encode("cp1254")) == Encoding("cp1254", META)
    lie = page("議長：" * 400_000, '<meta charset="euc-jp">').encode("euc_jp")
    assert detect(lie) == Encoding("euc_jp", META)  # the sample ends within a character
    assert detect(lie + b"\x8f ") == Encoding(None, "no encoding makes text of it")


def test_names_that_mean_no_text() -> None:
    names = "rot13 base64 hex quopri zlib uu utf-16 utf-16le utf-32 utf-7 punycode unicode_escape raw_unicode_escape"
    names += " undefined hz cp037 cp500 aliases ../x mbcs oem no-such"
    assert {name for name in names.split() if codecs_of(name)} == set()


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("text/html; charset=windows-1254", "windows-1254"),
        ("text/html;Charset='koi8-r'; x=y", "koi8-r"),
        ('text/html; x="1"; charset = "utf-8"', "utf-8"),
        ("text/html", ""),
        ("text/html; charset=", ""),
        ("charset=x", ""),
    ],
)
def test_the_character_set_of_a_header(header: str, name: str) -> None:
    assert charset_of(header) == name


def test_only_markup_declares() -> None:
    assert list(declared_in(b"The charset=koi8-r of encoding='x' <p charset=x>")) == []
    assert list(declared_in(b'<?xml version="1.0" encoding="a"?><meta name="x"><meta charset=b>')) == ["a", "b"]
    assert list(declared_in(b" " * 5000 + b"<meta charset=b>")) == []


def test_a_page_in_many_bytes_a_character_is_a_dump(tmp_path: Path) -> None:
    words = "".join(f"<p>{name}: 回答、ありがとうございます。</p>" for name in ("議長", "山田太郎") * 3)
    text = page(f"<article><h1>会議</h1>{words}</article>", '<meta charset="Shift_JIS">')
    raw = RawStore(tmp_path / "lake" / "_raw", tmp_path / "lake" / "_staging")
    (dump,) = acquire(write(tmp_path, "a.html", text.encode("cp932")), raw, "article-html")
    assert (dump.problem, dump.record.derivation) == (
        "",
        {"encoding": "cp932", "evidence": META, "derived_by": "article-html/2"},
    )
    assert "回答、ありがとうございます。" in raw.read(str(dump.record.rendition_sha256)).decode()


def test_pages_joined_in_two_encodings_are_read_in_both() -> None:
    page = "Ada Lind: Harbours are what all of us spoke of – and don’t sleep. "
    mixed = page.encode() * 20 + page.encode("cp1252") * 20
    found = detect(mixed)
    assert "".join(decode([mixed], found.codec or "")) == page * 40
    assert detect(page.encode("cp1252") * 20).codec == "cp1252"
    russian = "Пётр сказал: «Да», и Нёбо. ".encode("cp1251") * 20
    assert detect(russian).codec == "cp1251"


ENGLISH = "Ada Lind: Harbours are what all of us spoke of {} and that is why we came here to talk today. "


@pytest.mark.parametrize(
    "marks",
    ["– and don’t sleep", "at the café – “São Paulo”", "… or not • at 5 °C", "“so”", "in Lessk’s “Zoë”"],
)
@pytest.mark.parametrize("codec", ["cp1252", "mac_roman"])
def test_english_is_known_by_its_marks(codec: str, marks: str) -> None:
    data = (ENGLISH.format(marks) * 3).encode(codec)
    high = sum(byte > 0x7F for byte in data)
    assert detect(data) == Encoding(codec, f"detected over {len(data)} bytes, {high} of them not ASCII")


@pytest.mark.parametrize(
    ("text", "codec"),
    [("Przewodniczący: Proszę pokazać, że środki są źródłem. ", "iso8859_2"), (RUSSIAN, "cp1251"), (RUSSIAN, "cp866")],
)
def test_few_bytes_of_another_language_are_no_marks(text: str, codec: str) -> None:
    data = (ENGLISH.format("of all") * 9 + text * 3).encode(codec, "ignore")
    assert detect(data).codec not in ("cp1252", "mac_roman")


ALPHABETS = {
    "Russian": RUSSIAN, "Greek": "Πρόεδρος: Καλημέρα σας, κυρίες. ", "Hebrew": "יושב ראש: בוקר טוב, גבירותיי. ",
    "Arabic": "الرئيس: صباح الخير سيداتي وسادتي. ", "Latin": "Chair: Good day – “friends”. ",
    "Armenian": "Նախագահ. Բարի լույս, տիկնայք: ",
}  # fmt: skip


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ALPHABETS)
def test_alphabets_in_utf_16_without_a_mark(name: str, codec: str) -> None:
    text = ALPHABETS[name] * 40
    for data in (text.encode(codec), ("\N{HORIZONTAL ELLIPSIS}" + text).encode(codec)):
        assert detect(data) == Encoding(codec, "every second byte as in UTF-16 without a mark")
    assert detect((text * 900).encode(codec)).codec == codec  # longer than the sample


def test_numbers_of_two_bytes_are_no_text() -> None:
    tone = b"".join(((at * 37) % 400 - 300).to_bytes(2, "little", signed=True) for at in range(4000))
    steps = b"".join((0x400 + at % 256).to_bytes(2, "little") for at in range(4000)) + bytes(200)
    for data in (tone, steps, bytes(range(256)) * 20):
        assert detect(data) == Encoding(None, "control characters, as in a binary file")
