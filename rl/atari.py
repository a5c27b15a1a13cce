"""Atari games under a protocol that is told in full.

Scores of one game under two protocols are two different numbers: DQN's Breakout is about 370
without sticky actions and about 100 with them. So every knob is a field of `Protocol`, whatever
the environment's id says, and `described` states them beside a score.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Protocol:
    """How a game is played and shown.

    sticky: probability that the last action is repeated for a frame; None for that of the id:
    0.25 for ALE/*-v5 and *-v0, 0 for *-v4. skip: frames that an action lasts. pool: show the
    larger of the last two frames, since games draw sprites in turn. noops: fewer than so many
    frames without action begin an episode (0 for none). life_loss: for the learner, not for the
    score, an episode ends with a life. full_actions: 18 actions in every game, not those alone
    that do something. fire: press fire at the beginning. frames: after which an episode is cut.
    size: of the picture.
    """

    sticky: float | None = None
    skip: int = 4
    pool: bool = True
    noops: int = 30
    life_loss: bool = True
    full_actions: bool = False
    fire: bool = False
    frames: int = 108_000
    size: int = 84
