"""Dynamic batching: what waits while a batch is scored makes the next one."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from pipelines.scoring.reader import Row
from pipelines.scoring.results import Score

LARGEST_BATCH = 64  # pairs


class QueueFullError(Exception):
    """More pairs wait than may."""


class StoppingError(Exception):
    """No pair is taken any more."""


class Batcher:
    """Scores rows of many requests together, in one thread of its own.

    score: rows -> a score each. queue: pairs that may wait. observe: called with the size of every batch.
    """

    def __init__(
        self, score: Callable[[Sequence[Row]], list[Score]], queue: int, observe: Callable[[int], None]
    ) -> None:
        self._score, self._limit, self._observe = score, queue, observe
        self._waiting: deque[tuple[Row, asyncio.Future[Score]]] = deque()
        self._wake = asyncio.Event()
        self._stopping = False
        self._thread = ThreadPoolExecutor(1, "scorer")
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """Pairs that wait."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to score; called inside the event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Score what waits, take nothing new, and end the thread."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def score(self, rows: Sequence[Row]) -> list[Score]:
        """Scores of rows, in their order. Raises QueueFullError or StoppingError; then none of them is scored."""
        if self._stopping:
            raise StoppingError
        if len(self._waiting) + len(rows) > self._limit:
            raise QueueFullError
        loop = asyncio.get_running_loop()
        futures = [loop.create_future() for _ in rows]
        self._waiting.extend(zip(rows, futures, strict=True))
        self._wake.set()
        return list(await asyncio.gather(*futures))

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._waiting:
                if self._stopping:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            batch = self._take()
            if not batch:
                continue
            self._observe(len(batch))
            try:
                scores = await loop.run_in_executor(self._thread, self._score, [row for row, _ in batch])
            except Exception as error:  # of one batch: its requests fail, the server goes on
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                continue
            for (_, future), score in zip(batch, scores, strict=True):
                if not future.done():
                    future.set_result(score)

    def _take(self) -> list[tuple[Row, "asyncio.Future[Score]"]]:
        batch: list[tuple[Row, asyncio.Future[Score]]] = []
        while self._waiting and len(batch) < LARGEST_BATCH:
            row, future = self._waiting.popleft()
            if not future.done():  # of a client that has gone
                batch.append((row, future))
        return batch
