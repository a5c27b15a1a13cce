"""The pixel games one lane at a time, in plain Python: a board is a dict of names to pixels."""

MASK = 2**64 - 1


def hashed(x):
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ (x >> 27)) * 0x94D049BB133111EB & MASK
    return x ^ (x >> 31)


class Chance:
    """number(i) of the current step: hash of the episode's key, step and i."""

    def __init__(self, key):
        self.base = hashed(key)
        self.time = 0

    def number(self, index):
        state = self.base + (self.time * 1024 + index) * 0x9E3779B97F4A7C15
        return (hashed(state & MASK) >> 11) / 2**53

    def whole(self, index, below):
        return int(self.number(index) * below)


def sign(number):
    return -1 if number < 0.5 else 1


def gauge(level, full):
    """Pixels of a bar in the lowest row, rounded up."""
    return {(9, i) for i in range(10) if i * full < level * 10}


def moved(pixel, action):
    dy, dx = [(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)][action]
    return pixel[0] + dy, pixel[1] + dx


def on_board(pixel):
    return 0 <= pixel[0] <= 9 and 0 <= pixel[1] <= 9


class Mason:
    def __init__(self, chance, ramp):
        self.chance, self.ramp = chance, ramp
        self.paddle = chance.whole(1, 9)
        self.ball = (4, chance.whole(2, 10))
        self.speed = (1, sign(chance.number(3)))
        self.bricks = {(y, x) for y in range(3) for x in range(10)}
        self.wait = self.pause = 90

    def step(self, action):
        self.paddle = min(max(self.paddle + [0, -1, 1][action], 0), 8)
        (y, x), (dy, dx) = self.ball, self.speed
        if not 0 <= x + dx <= 9:
            dx = -dx
        if y + dy < 0:
            dy = 1
        reward, over = 0, False
        if (y + dy, x + dx) in self.bricks:
            self.bricks.remove((y + dy, x + dx))
            reward, dy = 1, -dy
        else:
            y, x = y + dy, x + dx
            if y == 9:
                if x == self.paddle:
                    y, dy, dx = 8, -1, -1
                elif x == self.paddle + 1:
                    y, dy, dx = 8, -1, 1
                else:
                    over = True
        self.ball, self.speed = (y, x), (dy, dx)
        self.wait -= 1
        if self.wait == 0 or not self.bricks:
            self.bricks = {(r + 1, c) for r, c in self.bricks} | {(0, c) for c in range(10)}
            self.bricks.discard(self.ball)
            self.pause = max(self.pause - (3 if self.ramp else 0), 40)
            self.wait = self.pause
            over = over or any(r >= 8 for r, _ in self.bricks)
        return reward, over

    def planes(self):
        (y, x), (dy, dx) = self.ball, self.speed
        behind = (min(max(y - dy, 0), 9), min(max(x - dx, 0), 9))
        paddle = {(9, self.paddle), (9, self.paddle + 1)}
        return [gauge(self.wait, self.pause), self.bricks, {behind}, paddle, {self.ball}]


class Hail:
    def __init__(self, chance, ramp):
        self.chance, self.ramp, self.age = chance, ramp, 0
        self.player = chance.whole(1, 10)
        self.wind = chance.whole(2, 3) - 1
        self.stones, self.gems = set(), set()

    def step(self, action):
        self.age += 1
        self.player = min(max(self.player + [0, -1, 1][action], 0), 9)
        for things in (self.stones, self.gems):
            fallen = {(y + 1, (x + self.wind) % 10) for y, x in things if y < 9}
            things.clear()
            things |= fallen
        stone = 0.06 + (0.10 * min(self.age / 400, 1) if self.ramp else 0)
        for x in range(10):
            u = self.chance.number(3 + x)
            if u < 0.02:
                self.gems.add((0, x))
            elif u < 0.02 + stone:
                self.stones.add((0, x))
        if self.chance.number(1) < 0.1:
            self.wind = self.chance.whole(2, 3) - 1
        at = (9, self.player)
        return int(at in self.gems), at in self.stones

    def planes(self):
        board = {(y, x) for y in range(10) for x in range(10)}
        blows = [board if self.wind == w else set() for w in (-1, 1)]
        return [*blows, self.stones, self.gems, {(9, self.player)}]


class Diver:
    def __init__(self, chance, ramp):
        self.chance, self.ramp, self.age = chance, ramp, 0
        self.at, self.air, self.load = (0, chance.whole(1, 10)), 50, 0
        self.pearls, self.sharks = set(), {}  # row: [column, heading, fast, due]

    def step(self, action):
        self.age += 1
        y, x = moved(self.at, action)
        self.at = (min(max(y, 0), 8), min(max(x, 0), 9))
        bitten = self.bitten()
        if self.at in self.pearls and self.load < 3:
            self.pearls.remove(self.at)
            self.load += 1
        part = min(self.age / 400, 1) if self.ramp else 0
        absent = [row for row in range(2, 9) if row not in self.sharks]
        for row, shark in list(self.sharks.items()):
            shark[0] += shark[1] if shark[3] else 0
            shark[3] = shark[2] or not shark[3]
            if not 0 <= shark[0] <= 9:
                del self.sharks[row]
                absent.append(row)
        for row in absent:
            enters, side, quick = (self.chance.number(4 + 10 * k + row) for k in range(3))
            if row != self.at[0] and enters < 0.05 + 0.10 * part:
                start = (0, 1) if side < 0.5 else (9, -1)
                self.sharks[row] = [*start, quick < 0.5 * part, True]
        bitten = bitten or self.bitten()
        reward = 0
        if self.at[0] == 0:
            reward, self.load, self.air = (0, 1, 3, 6)[self.load], 0, 50
        else:
            self.air -= 1
        if self.chance.number(1) < 0.2 and len(self.pearls) < 3:
            self.pearls.add((3 + self.chance.whole(2, 6), self.chance.whole(3, 10)))
        return reward, bitten or self.air == 0

    def bitten(self):
        shark = self.sharks.get(self.at[0])
        return shark is not None and shark[0] == self.at[1]

    def planes(self):
        def chosen(test):
            return {(row, shark[0]) for row, shark in self.sharks.items() if test(shark)}

        load = {(9, i) for i in range(self.load)}
        headings = [chosen(lambda s, h=h: s[1] == h) for h in (-1, 1)]
        marks = [chosen(lambda s, k=k: s[k]) for k in (2, 3)]
        return [gauge(self.air, 50), load, self.pearls, *headings, *marks, {self.at}]


class Rafts:
    STREAMS = (1, 2, 3, 6, 7, 8)

    def __init__(self, chance, ramp):
        self.chance, self.ramp, self.level = chance, ramp, 0
        self.at, self.strip, self.up = (9, chance.whole(1, 10)), 0, True
        self.launch(2)

    def launch(self, first):
        part = min(self.level / 4, 1) if self.ramp else 0
        way = sign(self.chance.number(first + 10))
        self.rows = {}
        for row in self.STREAMS:
            start, _, due, fast, short = (
                self.chance.number(first + 10 * k + row) for k in range(5)
            )
            length = 2 if short < part else 3
            columns = {(int(start * 5) + 5 * i + j) % 10 for i in (0, 1) for j in range(length)}
            heading = way if row % 2 == 0 else -way
            self.rows[row] = [columns, heading, fast < 0.5 * part, due < 0.5]

    def step(self, action):
        y, x = moved(self.at, action)
        y, x = min(max(y, 0), 9), min(max(x, 0), 9)
        wet = y in self.rows and x not in self.rows[y][0]
        for row, raft in self.rows.items():
            if raft[3]:
                raft[0] = {(column + raft[1]) % 10 for column in raft[0]}
                x += raft[1] if row == y and not wet else 0
            raft[3] = raft[2] or not raft[3]
        if wet or not 0 <= x <= 9:
            y = {0: 9, 1: 4 if self.up else 5, 2: 0}[self.strip]
            x = min(max(x, 0), 9)
        self.at = (y, x)
        if y not in self.goal():
            return 0, False
        self.strip += 1 if self.up else -1
        if self.strip != 1:
            self.up = not self.up
            self.level += 1
            self.launch(1)
        return 1, False

    def goal(self):
        return ((9,), (4, 5), (0,))[self.strip + (1 if self.up else -1)]

    def planes(self):
        def chosen(test):
            return {(r, c) for r, raft in self.rows.items() if test(raft) for c in raft[0]}

        land, goal = [
            {(r, c) for r in rows for c in range(10)} for rows in ((0, 4, 5, 9), self.goal())
        ]
        headings = [chosen(lambda r, h=h: r[1] == h) for h in (-1, 1)]
        marks = [chosen(lambda r, k=k: r[k]) for k in (2, 3)]
        return [land, goal, *headings, *marks, {self.at}]


class Worm:
    def __init__(self, chance, ramp):
        self.chance, self.ramp = chance, ramp
        self.heading = 1 + chance.whole(3, 4)
        head = (2 + chance.whole(1, 6), 2 + chance.whole(2, 6))
        self.body = [(head[1], head[0])]  # head first
        for _ in range(2):
            self.body.append(moved(self.body[-1], {1: 2, 2: 1, 3: 4, 4: 3}[self.heading]))
        self.stones = set()
        self.apple = self.free(4, ())

    def free(self, index, near):
        board = [(y, x) for y in range(10) for x in range(10)]
        open_ = [p for p in board if p not in {*self.body, *self.stones, *near}]
        return open_[self.chance.whole(index, len(open_))]

    def step(self, action):
        if action and action != {1: 2, 2: 1, 3: 4, 4: 3}[self.heading]:
            self.heading = action
        head = moved(self.body[0], self.heading)
        if not on_board(head):
            return 0, True
        eats = head == self.apple
        if not eats:
            self.body.pop()
        if head in self.body or head in self.stones:
            return 0, True
        self.body.insert(0, head)
        if eats and self.ramp and (len(self.body) - 3) % 4 == 0:
            near = {(head[0] + i, head[1] + j) for i in range(-2, 3) for j in range(-2, 3)}
            self.stones.add(self.free(1, near))
        if eats or self.chance.number(2) < 0.02:
            self.apple = self.free(3, ())
        return int(eats), False

    def planes(self):
        head, neck, tail = self.body[0], self.body[1], self.body[-1]
        return [set(self.body), {neck}, {tail}, {self.apple}, self.stones, {head}]


class Cellar:
    def __init__(self, chance, ramp):
        self.chance, self.ramp, self.level = chance, ramp, 0
        room = chance.whole(1, 25)
        self.at = (2 * (room // 5), 2 * (room % 5))
        self.dig(2)

    def dig(self, first):
        chance, self.has = self.chance, False
        rooms = [(2 * i, 2 * j) for i in range(5) for j in range(5)]
        rooms.remove(self.at)
        self.key = rooms.pop(chance.whole(first, 24))
        self.chest = rooms.pop(chance.whole(first + 1, 23))
        left_out = max(0.5 - (0.1 * self.level if self.ramp else 0), 0)
        doors = set()
        for i in range(5):
            for j in range(5):
                above = i > 0 and (j == 0 or chance.number(first + 4 + 5 * i + j) < 0.5)
                if j > 0 and (not above or chance.number(first + 29 + 4 * i + j - 1) < left_out):
                    doors.add((2 * i, 2 * j - 1))
                if i > 0 and (above or chance.number(first + 49 + 4 * j + i - 1) < left_out):
                    doors.add((2 * i - 1, 2 * j))
        if chance.number(first + 2) < 0.5:
            doors = {(8 - y, x) for y, x in doors}
        if chance.number(first + 3) < 0.5:
            doors = {(y, 8 - x) for y, x in doors}
        self.open = doors | {(2 * i, 2 * j) for i in range(5) for j in range(5)}

    def step(self, action):
        if moved(self.at, action) in self.open:
            self.at = moved(self.at, action)
        self.has = self.has or self.at == self.key
        if not self.has or self.at != self.chest:
            return 0, False
        self.level += 1
        self.dig(1)
        return 1, False

    def planes(self):
        board = {(y, x) for y in range(10) for x in range(10)}
        lit = {p for p in board if max(abs(p[0] - self.at[0]), abs(p[1] - self.at[1])) <= 2}
        key = set() if self.has else {self.key} & lit
        return [
            lit,
            lit - self.open,
            board if self.has else set(),
            {self.chest} & lit,
            key,
            {self.at},
        ]
