# SPDX-License-Identifier: GPL-2.0-or-later
"""How a thing that the player may do is declared, and how it is chosen."""


def action(weight):
    """weight(player): how likely it is now, against the others; 0 if it makes no sense."""
    def declare(function):
        function.weight = weight
        return function
    return declare


def actions_of(player):
    """By name, so that one seed chooses the same in every run."""
    found = [getattr(player, name) for name in sorted(dir(type(player)))]
    return [each for each in found if hasattr(each, "weight")]


def choose(random, player, actions):
    weights = [each.weight(player) or 0 for each in actions]
    return random.choices(actions, weights)[0]
