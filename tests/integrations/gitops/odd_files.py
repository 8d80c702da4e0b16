"""Values files as nobody should write them: grammar in unusual corners, scalars that readers disagree about, damage."""

from pathlib import Path

from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[3]
SEEDS = [file.read_text() for file in sorted((ROOT / "sandbox" / "world").glob("*/**/values.yaml"))]

# Readers of YAML disagree about many of these; Helm takes them all.
SPELLINGS = r"""
1.4.2|20240101|86e1234|12e4567|-1e999|NaN|1.0|2.0|1.10|1e3|1e-7|0x1F|0xdeadbeefdeadbeefdeadbeef|0o17|0o8|017|08
0b101|0777777777777777777777777|0b12|1_000|1_|_1|.5_0|._5|.5e3|+.5|1.|.|-0|-0.0|+5|--5|9007199254740993
99999999999999999999|18446744073709551615|-9223372036854775809|y|Y|n|no|On|oFF|true|TRUE|tRUE|~|null|Null|nULL|=
<<|12:30|12:30:45|1:2|latest|2026-11-30|2026-11-30T10:00:00Z|v1|a:b|a#b|--|-a|?a|:a|""|''|"a"|'it''s'|"\x41"
"\\/"|"\e"|"\u00e9"|'y'|"1"|"~"|{}|[]|{a}|[a,]|{a: 1,}|[[[]]]|!x y|!!str 1|!!str|!!int '3'|!!float 3|!!bool yes
!!null ''|! 1|a # b|# gone|[1, 2.0, y]|[a: b]|0_7|!<tag:yaml.org,2002:str>5|{a: [b, {c: d}]}
0xFFFFFFFFFFFFFFFFFF|1e400|4.|1__0|"\N\_"|1-|1.2.3|e1|00|1:2:3|0.1e-7|\n|é
"""
# Most of these are refused, by Helm or by MCTL.
FAULTY = r"""
.inf|-.INF|.nan|"\/"|"\ud83d"|@x|`x|%x|*nope|!!binary aGk=|!!timestamp 2026-11-30|!!int x|!!bool 1|- a|a: b|[,]
{,}|'open|"open|{? a}|]|}|, a|!!float .inf|!!null x
"""
SEVERAL_LINES = [
    *("|\n    text\n", ">-\n    folded\n    text\n", "|+\n    kept\n\n", '"a\\\n      b"'),
    *("&x 1", "&z [1]", "*x", "\ta", "\x85", "\u2028b", "\ufeffb", "\x07"),
]
KEYS = "image|tag|env|A|B|a|b|'k'|1|1.5|y|0x10|-5|1e3"
FAULTY_KEYS = """on|"true"|"1"|~|null|"<<"|[k]|? k|&x k|*x|!!str k|1e6|0.1"""


def one_of(words: str) -> st.SearchStrategy[str]:
    return st.sampled_from([word for line in words.strip().split("\n") for word in line.split("|")])


def mostly(usual: st.SearchStrategy[str], *rare: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.integers(0, 30).flatmap(lambda number: rare[number % len(rare)] if number in (13, 14) else usual)


SCALARS = mostly(one_of(SPELLINGS), one_of(FAULTY), st.sampled_from(SEVERAL_LINES))
NAMES = mostly(one_of(KEYS), one_of(FAULTY_KEYS))
MARKS = st.sampled_from(["\n", "  ", "\t", ": ", "---\n", "...\n", "\r\n", "{", "]", '"', "&x ", "*x"])
MERGED = st.sampled_from(
    ["<<: *x", "<<: {a: 1, tag: 2}", "<<: [*x, {b: 3}]", "<<: [{a: 1}, {a: 2}]", "<<: 5", "!!merge <<: *x", "a: <<"]
)


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> str:
    """Lines of a block mapping at two spaces a level."""
    indent = "  " * depth
    lines = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.integers(0, 9))
        key = draw(NAMES)
        if kind == 0:
            lines.append(f"{indent}{draw(MERGED)}")
        elif kind <= 2 and depth < 3:
            anchor = draw(st.sampled_from(["", " &x", " &x", " &z", " !!map", " # why"]))
            lines.append(f"{indent}{key}:{anchor}\n{draw(blocks(depth + 1))}")
        elif kind == 3:
            lines.append(
                f"{indent}{key}:\n" + "\n".join(f"{indent}- {draw(SCALARS)}" for _ in range(draw(st.integers(1, 3))))
            )
        else:
            lines.append(f"{indent}{key}: {draw(SCALARS)}")
    return "\n".join(lines)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """A file of the sandbox's world with a few characters lost, doubled or replaced."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 12))
        put = draw(
            st.one_of(
                SCALARS, st.sampled_from(["\n", "  ", "\t", ": ", "---\n", "...\n", "\r\n", "{", "]", '"', "&x ", "*x"])
            )
        )
        text = text[:at] + put + text[at + length :]
    return text


def files() -> st.SearchStrategy[str]:
    anchor = "x0: &x {a: 1, b: two}\n"
    before = st.sampled_from(["", "", anchor, anchor, "---\n", "%YAML 1.1\n---\n", "%YAML 1.2\n---\n", "\ufeff"])
    after = st.sampled_from(["---\nsecond: 1\n", "...\n[", "# end\n"])
    documents = st.builds("{}{}\n{}".format, before, blocks(), mostly(st.just(""), after))
    return st.one_of(documents, documents, damaged())


def hostile() -> st.SearchStrategy[str]:
    """Files made to hurt the reader: deep, wide, spread out by aliases, with huge numbers and any characters."""
    opening = st.sampled_from(["[", "{a: ", "- ", "? ", "[[{", "!!seq [", "&x ["])
    deep = st.builds("a: {}{}".format, st.builds(str.__mul__, opening, st.integers(50, 40_000)), st.just("]" * 99))
    spread = st.builds(_aliases_of_aliases, st.integers(2, 12), st.integers(2, 40))
    group = st.sampled_from(["autoscaling", "service", "image", "tenant", "resources"])
    key = st.sampled_from(["maxReplicas", "minReplicas", "port", "tag", "limits", "quotas", "members"])
    number = st.sampled_from(["9" * 5_000, "1e308", "-1e308", "9" * 20, "-" + "9" * 19, "0x" + "f" * 4_000, ".5e-400"])
    huge = st.builds("{}:\n  {}: {}\n".format, group, key, number)
    return st.one_of(deep, spread, huge, st.text(max_size=400), files())


def _aliases_of_aliases(levels: int, width: int) -> str:
    lines = [f"a0: &a0 [{','.join('x' * width)}]"]
    lines += [f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * width)}]" for level in range(1, levels)]
    return "\n".join([*lines, f"env:\n  X: *a{levels - 1}\n"])
