"""The chosen tests, compared with a step-by-step implementation of the same choice."""

import random

from udfs.minimize import Test, minimal_tests


def plain(sizes: list[int], tests: list[Test]) -> tuple[list[tuple[int, int, int, int]], int]:
    """Return the chosen tests, and the number of redundant picks."""
    answers = [dict(zip(*test, strict=True)) for test in tests]

    def blocks(kept: list[int]) -> list[int]:
        found: dict[tuple, int] = {}
        for cluster, size in enumerate(sizes):
            behaviour = tuple(answers[test].get(cluster) for test in kept)
            found[behaviour] = found.get(behaviour, 0) + size
        return list(found.values())

    def pairs(kept: list[int]) -> int:
        return (sum(sizes) ** 2 - sum(size**2 for size in blocks(kept))) // 2

    def unseen(kept: list[int]) -> list[int]:
        return [cluster for cluster in range(len(sizes)) if not any(cluster in answers[test] for test in kept)]

    picks: list[int] = []
    while tests:
        gained, best = min((pairs(picks) - pairs([*picks, test]), test) for test in range(len(tests)))
        if not gained:
            break
        picks.append(best)
    picks += [test for test in range(len(tests)) if any(cluster in answers[test] for cluster in unseen(picks))][:1]
    kept = picks
    for pick in reversed(picks):
        rest = [other for other in kept if other != pick]
        kept = rest if (len(blocks(rest)), unseen(rest)) == (len(blocks(picks)), unseen(picks)) else kept
    counted = [(at + 1, test + 1, pairs(kept[: at + 1]) - pairs(kept[:at]), len(blocks(kept[: at + 1])))
               for at, test in enumerate(kept)]  # fmt: skip
    return counted, len(picks) - len(kept)


def drawn(chance: random.Random) -> tuple[list[int], list[Test]]:
    clusters, tests = chance.randint(1, 12), chance.randint(0, 10)
    has = [[cluster for cluster in range(clusters) if chance.random() < 0.8] for _ in range(tests)]
    sizes = [chance.randint(1, 4) for _ in range(clusters)]
    return sizes, [(members, [chance.randint(1, 3) for _ in members]) for members in has]


def test_the_choice_is_that_of_the_step_by_step_implementation() -> None:
    chance, redundant = random.Random(7), 0
    for _ in range(1000):
        sizes, tests = drawn(chance)
        chosen, dropped = plain(sizes, tests)
        assert minimal_tests(sizes, tests) == chosen
        redundant += dropped
    assert redundant > 5


def test_the_numbering_of_clusters_does_not_matter() -> None:
    chance = random.Random(8)
    for _ in range(200):
        sizes, tests = drawn(chance)
        numbers = list(range(len(sizes)))
        chance.shuffle(numbers)
        renumbered = [0] * len(sizes)
        for cluster, number in enumerate(numbers):
            renumbered[number] = sizes[cluster]
        others = [([numbers[cluster] for cluster in members], answers) for members, answers in tests]
        assert minimal_tests(renumbered, others) == minimal_tests(sizes, tests)
