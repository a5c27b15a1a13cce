"""A replay as lists of episodes, one loop per question. Imports nothing from the project."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Episode:
    """Frames with their places on the lane's tape; `end` is None, 'terminated' or 'truncated'."""

    frames: list = field(default_factory=list)
    places: list = field(default_factory=list)
    actions: list = field(default_factory=list)
    rewards: list = field(default_factory=list)
    end: str | None = None
    closed: bool = False


@dataclass
class Known:
    """One transition as it should come out of the replay."""

    before: np.ndarray
    action: int
    reward: float
    after: np.ndarray
    discount: float


class ListReplay:
    """One lane: every frame ever seen, of which the newest `kept` count, and `most` transitions."""

    def __init__(self, most: int, stack: int, steps: int, discount: float) -> None:
        self.most, self.stack, self.steps, self.discount = most, stack, steps, discount
        self.kept = most + steps + stack
        self.tape = 0
        self.episodes: list[Episode] = []

    def add(self, frame, action, reward, terminated, truncated) -> None:
        if not self.episodes or self.episodes[-1].end is not None:
            self.episodes.append(Episode())
        episode = self.episodes[-1]
        self._frame(episode, frame)
        episode.actions.append(action)
        episode.rewards.append(reward)
        if terminated:
            episode.end = "terminated"
        elif truncated:
            episode.end = "truncated"

    def close(self, frame) -> None:
        episode = self.episodes[-1]
        self._frame(episode, frame)
        episode.closed = True
        if episode.end is None:
            episode.end = "truncated"

    def _frame(self, episode: Episode, frame) -> None:
        episode.frames.append(np.array(frame))
        episode.places.append(self.tape)
        self.tape += 1

    def _stacked(self, episode: Episode, at: int) -> np.ndarray:
        frames = [*episode.frames, episode.frames[-1]]  # after termination one may be missing
        chosen = [frames[max(at - back, 0)] for back in range(self.stack - 1, -1, -1)]
        return np.stack(chosen) if self.stack > 1 else chosen[0]

    def known(self) -> dict[int, Known]:
        """By number on the lane: the transitions that may be drawn now."""
        found, number = [], 0
        for episode in self.episodes:
            length = len(episode.actions)
            for t in range(length):
                settled = episode.end == "terminated" or episode.closed or t + self.steps < length
                if settled:
                    found.append((number, episode, t))
                number += 1
        result = {}
        for number, episode, t in found[-self.most :]:
            if episode.places[t] - (self.stack - 1) >= self.tape - self.kept or self.tape == 0:
                result[number] = self._transition(episode, t)
        return result

    def _transition(self, episode: Episode, t: int) -> Known:
        reward, gamma, taken = 0.0, 1.0, 0
        while taken < self.steps and t + taken < len(episode.actions):
            reward += gamma * episode.rewards[t + taken]
            gamma *= self.discount
            taken += 1
        if episode.end == "terminated" and t + taken == len(episode.actions):
            gamma = 0.0
        return Known(
            self._stacked(episode, t),
            episode.actions[t],
            reward,
            self._stacked(episode, t + taken),
            gamma,
        )
