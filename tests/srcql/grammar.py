"""The rules of the grammar page, and sentences drawn from them."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "docs" / "grammar.md").read_text(encoding="utf-8")
TOKEN = re.compile(r'"[^"]*"|\w+|\}-|[=;|\[\](){}]')
CLOSING = {"[": "]", "(": ")", "{": "}"}
DEEP = 2  # queries inside queries


@dataclass(frozen=True)
class Part:
    """A piece of a rule: `sort` is |, [, {, ( (a sequence), word (a terminal), or name (of a rule)."""

    sort: str
    parts: tuple["Part", ...] = ()
    text: str = ""
    least: int = 0


@dataclass
class Grammar:
    """The rules, and samples of what they do not define; `seen` holds the alternatives taken so far."""

    rules: dict[str, Part]
    samples: dict[str, list[str]]
    seen: set[tuple[int, int]] = field(default_factory=set)

    def sentence(self, chance: random.Random, start: str = "statement") -> str:
        """Return one sentence."""
        return " ".join(self._words(Part("name", text=start), chance, 0))

    def _words(self, part: Part, chance: random.Random, depth: int) -> Iterator[str]:
        if part.sort == "word":
            yield chance.choice((part.text, part.text.lower()))
        elif part.sort == "name" and part.text in self.samples:
            yield chance.choice(self.samples[part.text])
        else:
            chosen = [self.rules[part.text]] if part.sort == "name" else self._chosen(part, chance, depth)
            for each in chosen:
                yield from self._words(each, chance, depth + (part.text == "query"))

    def _chosen(self, part: Part, chance: random.Random, depth: int) -> list[Part]:
        """Return the parts of the sentence, in order."""
        if part.sort == "(":
            return list(part.parts)
        if part.sort == "|":
            nested = depth > DEEP and part == self.rules["query"]
            return [part.parts[0 if nested else self._unseen_first(part, len(part.parts), chance)]]
        if part.sort == "[":
            return [part.parts[0]] if self._unseen_first(part, 2, chance) else []
        among = part.parts[0].parts if part.parts[0].sort == "|" else part.parts * 2
        chosen = chance.sample(among, max(part.least, chance.randrange(len(among) + 1)))
        self.seen |= {(id(part), list(among).index(each)) for each in chosen}
        return chosen

    def _unseen_first(self, part: Part, count: int, chance: random.Random) -> int:
        """Return one alternative, usually one that was never taken."""
        unseen = [at for at in range(count) if (id(part), at) not in self.seen]
        at = chance.choice(unseen) if unseen and chance.random() < 0.7 else chance.randrange(count)
        self.seen.add((id(part), at))
        return at

    def alternatives(self) -> set[tuple[int, int]]:
        """Return every alternative of the rules."""
        return {found for rule in self.rules.values() for found in _alternatives(rule)}


def _alternatives(part: Part) -> Iterator[tuple[int, int]]:
    counts = {"|": len(part.parts), "[": 2, "{": len(part.parts[0].parts) if part.parts[:1] else 0}
    if part.sort == "{" and part.parts[0].sort != "|":
        counts["{"] = 1
    yield from ((id(part), at) for at in range(counts.get(part.sort, 0)))
    inner = part.parts[0].parts if part.sort == "{" and part.parts[0].sort == "|" else part.parts
    for each in inner:
        yield from _alternatives(each)


def parts(part: Part) -> Iterator[Part]:
    """Yield a part and all parts inside it."""
    yield part
    for each in part.parts:
        yield from parts(each)


def read_page() -> Grammar:
    """Read the grammar of the page."""
    block = re.search(r"```ebnf\n(.*?)\n```", PAGE, re.DOTALL)
    assert block
    tokens = TOKEN.findall(block[1])
    assert "".join(tokens) == re.sub(r'("[^"]*")|\s+', lambda match: match[1] or "", block[1])
    rules = {}
    while tokens:
        name, equal = tokens.pop(0), tokens.pop(0)
        rules[name] = _choice(tokens)
        assert (equal, tokens.pop(0)) == ("=", ";")
    rows = re.findall(r"^\| `(\w+)` \| .*? \| (.*) \|$", PAGE, re.MULTILINE)
    return Grammar(rules, {name: re.findall(r"`([^`]+)`", samples) for name, samples in rows})


def _choice(tokens: list[str]) -> Part:
    found = [_sequence(tokens)]
    while tokens[0] == "|":
        tokens.pop(0)
        found.append(_sequence(tokens))
    return Part("|", tuple(found)) if len(found) > 1 else found[0]


def _sequence(tokens: list[str]) -> Part:
    found = []
    while tokens[0] not in ("|", ";", "]", ")", "}", "}-"):
        token = tokens.pop(0)
        if token in CLOSING:
            inner = _choice(tokens)
            end = tokens.pop(0)
            assert end.rstrip("-") == CLOSING[token]
            found.append(inner if token == "(" else Part(token, (inner,), least=int(end == "}-")))
        else:
            found.append(Part("word", text=token[1:-1]) if token[0] == '"' else Part("name", text=token))
    return found[0] if len(found) == 1 else Part("(", tuple(found))
