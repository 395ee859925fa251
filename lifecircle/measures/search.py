"""Walks to the nearest that end at a limit: the work follows what is reached, not the city."""

from __future__ import annotations

import copy

import numpy as np
from scipy.sparse.csgraph import dijkstra

from lifecircle.base.geo import Floats
from lifecircle.network.network import Ints
from lifecircle.network.search import NearestSearch


class BoundedSearch(NearestSearch):
    """A search that goes no farther than a limit; without one as far as streets lead."""

    limit_m = np.inf

    def until(self, limit_m: float) -> BoundedSearch:
        """The same search with another limit."""
        other = copy.copy(self)
        other.limit_m = limit_m
        return other

    def at_nodes(self, chosen: Ints) -> tuple[Floats, Ints]:
        """Metres to the nearest of the chosen entrances, `inf` beyond the limit."""
        metres, _, source = dijkstra(
            self.matrix,
            indices=self.graph.size + chosen,
            min_only=True,
            return_predecessors=True,
            limit=self.limit_m + 1.0,
        )
        return metres, source.astype(np.int64) - self.graph.size
