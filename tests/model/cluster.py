"""CLUSTER: classes of implementations that behave alike."""

import hashlib
from collections.abc import Hashable

from tests.model.cube import Analysis, Voter, grouped, nulls_least
from tests.model.equality import response_key
from tests.model.statement import Lakehouse, Row, Statement


def cluster(analysis: Analysis, statement: Statement, lakehouse: Lakehouse) -> list[Row]:
    heads = codes(analysis, lakehouse) if statement.says("WEIGHT DISTINCT CODE") else {}
    classes = clusters(analysis)
    sizes = [len({heads.get(member, member) for member in members}) for members in classes]
    total = len({heads.get(voter, voter) for voter in analysis.voters})
    numbered = sorted(zip(classes, sizes, strict=True), key=lambda pair: (-pair[1], pair[0][0].name))
    rows: list[Row] = [
        {
            "cluster_id": number,
            "size": size,
            "share": size / total,
            "representative": members[0].name,
            "implementations": [member.name for member in members],
            "n_tests": len(analysis.tests),
            "n_missing": len(analysis.tests) - len(analysis.cells[members[0]]),
            "fingerprint": fingerprint(analysis, members[0]),
            "is_largest": sizes.count(size) == 1 and size == max(sizes),
        }
        for number, (members, size) in enumerate(numbered, start=1)
    ]
    return [row for row in rows if row["size"] >= int(statement.number("MIN SIZE") or 0)]


def clusters(analysis: Analysis) -> list[list[Voter]]:
    """Return the classes of voters with equal cells, the largest first; members are sorted."""
    classes = grouped(analysis.voters, lambda voter: behaviour(analysis, voter))
    return sorted(classes.values(), key=lambda members: (-len(members), members[0].name))


def behaviour(analysis: Analysis, voter: Voter) -> Hashable:
    return frozenset(
        (test, step, response.text)
        for test, runs in analysis.cells[voter].items()
        for run in runs
        for step, response in run.items()
    )


def fingerprint(analysis: Analysis, voter: Voter) -> str:
    """Return the sum of the digests of all steps."""
    total = 0
    for test, runs in analysis.cells[voter].items():
        for step, response in runs[0].items():
            text = f"{test}\x1f{step}\x1f{response_key(response.text)}"
            total += int.from_bytes(hashlib.md5(text.encode()).digest(), "big")
    return f"{total % 2**128:032x}"


def codes(analysis: Analysis, lakehouse: Lakehouse) -> dict[Voter, Hashable]:
    """Return the code hash of each voter, where it is known."""
    known: dict[Voter, Hashable] = {}
    for voter in analysis.voters:
        row = latest_code(analysis.key, voter.implementation, lakehouse)
        rows = [answer.row for runs in analysis.cells[voter].values() for run in runs for answer in run.values()]
        hashes = {row["implementation_hash"] for row in rows} - {"", None}
        if row and row["code_hash"]:
            known[voter] = ("code", row["code_hash"])
        elif len(hashes) == 1:
            known[voter] = ("hash", hashes.pop())
    return known


def latest_code(key: Row, implementation: str, lakehouse: Lakehouse) -> Row | None:
    """Return, of several rows of code for one implementation, the one with the greatest (created_at, hash)."""
    wanted = {**{name: key[name] for name in ("data_set_id", "problem_id")}, "implementation_id": implementation}
    return latest([row for row in lakehouse.code_implementations if wanted.items() <= row.items()])


def latest(rows: list[Row]) -> Row | None:
    return max(rows, key=lambda row: nulls_least((row["created_at"], row["code_hash"])), default=None)
