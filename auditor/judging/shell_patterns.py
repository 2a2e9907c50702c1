"""Shell patterns by the hundred: which of them match a text, found by reading each of its characters once."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import translate
from functools import reduce
from operator import getitem

_TOKEN = re.compile(r"\[!?+\]?+[^\]]*\]|.", re.DOTALL)
"""A class of characters in brackets, or one character; a bracket that is not closed is one, as it is for fnmatch."""
_MEMORY = 256_000_000  # bits, of states
_EACH = 4_000  # bits, of a state without its positions


class _State(dict[str, "_State"]):
    """Hold which positions in the patterns a text has come to, as bits, and the states after a further character."""

    def __init__(self, patterns: "ShellPatterns", positions: int) -> None:
        self.positions = positions
        self.matching: Sequence[int] | None = None
        self._patterns = patterns

    def __missing__(self, character: str) -> "_State":
        self[character] = state = self._patterns.after(self.positions, character)
        return state


class ShellPatterns:
    """Answer which of many shell patterns match a whole text, as fnmatchcase does for one.

    The patterns are one automaton, whose states are made when a text first comes to them and are then kept. So a
    character costs one look into a dictionary, however many patterns there are and whatever they hold. States are
    forgotten when they become more than `max_states`, which by default keeps them in some 30 MB.
    """

    def __init__(self, patterns: Mapping[int, str], max_states: int | None = None) -> None:
        starts, loops, takers = list[int](), list[int](), defaultdict[str, list[int]](list)
        self._ends: dict[int, int] = {}
        position = 0
        for number, pattern in patterns.items():
            starts.append(position)
            for token in _TOKEN.findall(pattern):
                if token == "*":
                    loops.append(position)
                else:
                    takers[token].append(position)
                    position += 1
            self._ends[position] = number
            position += 1
        self._loops, self._finals = _bits(loops), _bits(self._ends)
        self._takers = {token: _bits(positions) for token, positions in takers.items()}
        self._classes = {token: re.compile(translate(token)).match for token in takers if len(token) > 1}
        self._taking: dict[str, int] = {}
        self._states: dict[int, _State] = {}
        self._max_states = max_states or _MEMORY // (_EACH + position) + 1
        self._first = self._state(_bits(starts))

    def matching(self, text: str) -> Sequence[int]:
        """Return the numbers of the patterns that match the text, in their order."""
        state: _State = reduce(getitem, text, self._first)
        if state.matching is None:
            state.matching = [self._ends[position] for position in _positions(state.positions & self._finals)]
        return state.matching

    def after(self, positions: int, character: str) -> _State:
        """Return the state to which a character leads from these positions."""
        taking = self._taking.get(character)
        if taking is None:
            taking = self._taking[character] = self._positions_taking(character)
        return self._state((positions & taking) << 1 | positions & self._loops)

    def _positions_taking(self, character: str) -> int:
        taking = self._takers.get("?", 0) | self._takers.get(character, 0)
        for token, is_of_class in self._classes.items():
            if is_of_class(character):
                taking |= self._takers[token]
        return taking

    def _state(self, positions: int) -> _State:
        state = self._states.get(positions)
        if state is None:
            if len(self._states) >= self._max_states:
                self._forget()
            state = self._states[positions] = _State(self, positions)
        return state

    def _forget(self) -> None:
        """Drop all states but the first."""
        for state in self._states.values():
            state.clear()  # they refer to each other
        self._states = {self._first.positions: self._first}


def _bits(positions: Iterable[int]) -> int:
    """Return the number in which the bits at these positions are set."""
    held = bytearray(max(positions, default=0) // 8 + 1)
    for position in positions:
        held[position // 8] |= 1 << position % 8
    return int.from_bytes(held, "little")


def _positions(bits: int) -> Iterator[int]:
    while bits:
        lowest = bits & -bits
        yield lowest.bit_length() - 1
        bits ^= lowest
