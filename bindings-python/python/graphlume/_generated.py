"""Methods of graphs, made by ``bindings-python/generate.py`` of what the Rust library says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._graph import Graph
    from ._layout import Session
    from ._measured import Measured
    from ._picture import Picture


class Generated:
    """What a graph can do that is a name and options."""

    __slots__ = ()

    def measure(self, name: str, *, device: str = "cpu", **options: Any) -> Measured:
        raise NotImplementedError

    def _layout(
        self, options: dict[str, Any], iterations: int, device: str | list[str], pack: bool, start: dict[str, Any]
    ) -> Graph:
        raise NotImplementedError

    def _session(self, options: dict[str, Any], device: str | list[str], start: dict[str, Any]) -> Session:
        raise NotImplementedError

    def _plot(self, path: Any, options: dict[str, Any]) -> Picture:
        raise NotImplementedError

    def layout(
        self,
        *,
        iterations: int = 500,
        scaling: float = 2.0,
        gravity: float = 1.0,
        strong_gravity: bool = False,
        lin_log: bool = False,
        dissuade_hubs: bool = False,
        edge_weight_influence: float = 1.0,
        normalize_weights: bool = False,
        invert_weights: bool = False,
        adjust_sizes: bool = False,
        jitter_tolerance: float = 1.0,
        repulsion: str = "auto",
        theta: float = 0.6,
        seed: int = 0,
        tolerance: float = 0.0001,
        lock_x: bool = False,
        lock_y: bool = False,
        lock_r: bool = False,
        pack: bool = True,
        device: str | list[str] = "auto",
        start: Any = None,
        fixed: Any = None,
        mass: Any = None,
        radius: Any = None,
        mobility: Any = None,
    ) -> Graph:
        """Lays the graph out with ForceAtlas2: the same graph with node columns ``x`` and ``y``, ``float32`` in layout units.

        The same graph, options and device give the same positions, on any number of threads. O(n log n + m) a step.

        - ``iterations``: most steps to make; fewer if the layout settles.
        - ``scaling``: Strength of repulsion, above 0: larger spreads the graph out.
        - ``gravity``: Strength of the pull towards the origin, at least 0: keeps components together.
        - ``strong_gravity``: Let gravity grow with distance, instead of being constant.
        - ``lin_log``: Attract by log(1 + distance) instead of distance: tighter communities.
        - ``dissuade_hubs``: Divide attraction by the mass of the source: authorities in, hubs out.
        - ``edge_weight_influence``: Exponent of edge weights in attraction, at least 0: 0 ignores weights, 1 takes them
            as they are.
        - ``normalize_weights``: Rescale edge weights to 0..1 before use.
        - ``invert_weights``: Use 1 / weight (0 stays 0): for weights that are distances.
        - ``adjust_sizes``: Take node sizes into account and push overlapping nodes apart.
        - ``jitter_tolerance``: How much swinging is tolerated, above 0: less is slower and more precise.
        - ``repulsion``: How repulsion is computed. One of 'auto', 'exact', 'approximate'.
        - ``theta``: Largest (radius + radius) / distance of two groups that act as wholes, from 0 to 0.9; 0 is exact,
            the default keeps the rms force error below 0.3 %. Not Gephi's θ, which relates one group to one node.
        - ``seed``: Seed of the random start positions.
        - ``tolerance``: Auto-stop when nodes move less than this share of the layout's radius per step, averaged over
            nodes and recent steps; at least 0, and 0 never stops early.
        - ``lock_x``: Let nodes keep their x: they move up and down alone.
        - ``lock_y``: Let nodes keep their y: they move to the sides alone.
        - ``lock_r``: Let nodes keep their distance from the origin: they move around it alone.
        - ``pack``: put unconnected parts side by side.
        - ``device``: where to compute: `auto`, `cpu`, `cuda`, `cuda:0`, `opencl`, …; several share the graph.
        - ``start``: positions to start from: columns `x` and `y` of the nodes if true, or an array of shape `[n, 2]`;
            by default random.
        - ``fixed``: nodes that must stay where they start: an array of shape `[n]`, or the name of a node column.
        - ``mass``: masses above 0, shape `[n]`, or the name of a column; by default degree + 1.
        - ``radius``: radii in layout units for `adjust_sizes`, shape `[n]`, or the name of a column; by default 1.
        - ``mobility``: factors on each node's way per step, at least 0, shape `[n]`, or the name of a column.
        """
        return self._layout({
            "scaling": scaling,
            "gravity": gravity,
            "strong_gravity": strong_gravity,
            "lin_log": lin_log,
            "dissuade_hubs": dissuade_hubs,
            "edge_weight_influence": edge_weight_influence,
            "normalize_weights": normalize_weights,
            "invert_weights": invert_weights,
            "adjust_sizes": adjust_sizes,
            "jitter_tolerance": jitter_tolerance,
            "repulsion": repulsion,
            "theta": theta,
            "seed": seed,
            "tolerance": tolerance,
            "lock_x": lock_x,
            "lock_y": lock_y,
            "lock_r": lock_r,
        }, iterations, device, pack, {
            "start": start,
            "fixed": fixed,
            "mass": mass,
            "radius": radius,
            "mobility": mobility,
        })

    def layout_session(
        self,
        *,
        scaling: float = 2.0,
        gravity: float = 1.0,
        strong_gravity: bool = False,
        lin_log: bool = False,
        dissuade_hubs: bool = False,
        edge_weight_influence: float = 1.0,
        normalize_weights: bool = False,
        invert_weights: bool = False,
        adjust_sizes: bool = False,
        jitter_tolerance: float = 1.0,
        repulsion: str = "auto",
        theta: float = 0.6,
        seed: int = 0,
        tolerance: float = 0.0001,
        lock_x: bool = False,
        lock_y: bool = False,
        lock_r: bool = False,
        device: str | list[str] = "auto",
        start: Any = None,
        fixed: Any = None,
        mass: Any = None,
        radius: Any = None,
        mobility: Any = None,
    ) -> Session:
        """A layout that is stepped, steered and looked at while it moves.

        - ``scaling``: Strength of repulsion, above 0: larger spreads the graph out.
        - ``gravity``: Strength of the pull towards the origin, at least 0: keeps components together.
        - ``strong_gravity``: Let gravity grow with distance, instead of being constant.
        - ``lin_log``: Attract by log(1 + distance) instead of distance: tighter communities.
        - ``dissuade_hubs``: Divide attraction by the mass of the source: authorities in, hubs out.
        - ``edge_weight_influence``: Exponent of edge weights in attraction, at least 0: 0 ignores weights, 1 takes them
            as they are.
        - ``normalize_weights``: Rescale edge weights to 0..1 before use.
        - ``invert_weights``: Use 1 / weight (0 stays 0): for weights that are distances.
        - ``adjust_sizes``: Take node sizes into account and push overlapping nodes apart.
        - ``jitter_tolerance``: How much swinging is tolerated, above 0: less is slower and more precise.
        - ``repulsion``: How repulsion is computed. One of 'auto', 'exact', 'approximate'.
        - ``theta``: Largest (radius + radius) / distance of two groups that act as wholes, from 0 to 0.9; 0 is exact,
            the default keeps the rms force error below 0.3 %. Not Gephi's θ, which relates one group to one node.
        - ``seed``: Seed of the random start positions.
        - ``tolerance``: Auto-stop when nodes move less than this share of the layout's radius per step, averaged over
            nodes and recent steps; at least 0, and 0 never stops early.
        - ``lock_x``: Let nodes keep their x: they move up and down alone.
        - ``lock_y``: Let nodes keep their y: they move to the sides alone.
        - ``lock_r``: Let nodes keep their distance from the origin: they move around it alone.
        - ``device``: where to compute: `auto`, `cpu`, `cuda`, `cuda:0`, `opencl`, …; several share the graph.
        - ``start``: positions to start from: columns `x` and `y` of the nodes if true, or an array of shape `[n, 2]`;
            by default random.
        - ``fixed``: nodes that must stay where they start: an array of shape `[n]`, or the name of a node column.
        - ``mass``: masses above 0, shape `[n]`, or the name of a column; by default degree + 1.
        - ``radius``: radii in layout units for `adjust_sizes`, shape `[n]`, or the name of a column; by default 1.
        - ``mobility``: factors on each node's way per step, at least 0, shape `[n]`, or the name of a column.
        """
        return self._session({
            "scaling": scaling,
            "gravity": gravity,
            "strong_gravity": strong_gravity,
            "lin_log": lin_log,
            "dissuade_hubs": dissuade_hubs,
            "edge_weight_influence": edge_weight_influence,
            "normalize_weights": normalize_weights,
            "invert_weights": invert_weights,
            "adjust_sizes": adjust_sizes,
            "jitter_tolerance": jitter_tolerance,
            "repulsion": repulsion,
            "theta": theta,
            "seed": seed,
            "tolerance": tolerance,
            "lock_x": lock_x,
            "lock_y": lock_y,
            "lock_r": lock_r,
        }, device, {
            "start": start,
            "fixed": fixed,
            "mass": mass,
            "radius": radius,
            "mobility": mobility,
        })

    def plot(
        self,
        path: Any = None,
        *,
        width: int = 1920,
        height: int = 1440,
        theme: str = "dark",
        color_by: Any = None,
        color_scale: str = "auto",
        palette: Any = None,
        bins: Any = None,
        size_by: Any = None,
        opacity_by: Any = None,
        icon_by: Any = None,
        badge_by: Any = None,
        edge_color_by: Any = None,
        edge_size_by: Any = None,
        edge_opacity_by: Any = None,
        labels: str = "auto",
        label_by: Any = None,
        label_scale: float = 1.0,
        node_scale: float = 1.0,
        edge_scale: float = 1.0,
        edge_opacity: str = "auto",
        arrows: str = "auto",
        background: Any = None,
        margin: float = 0.05,
        legend: str = "auto",
        title: Any = None,
    ) -> Picture:
        """A picture of the graph, which notebooks show; written to ``path`` if that is given, a .png or .svg.

        Nodes are at columns ``x`` and ``y`` if the graph has them, else it is laid out first.

        What nodes and edges are drawn by is a column of theirs or its values: what a measure found, an array of shape ``[n]`` or
        ``[m]``, or of nodes a dict by id.

        - ``width``: Width in pixels, 16 to 16384.
        - ``height``: Height in pixels, 16 to 16384.
        - ``theme``: Light or dark background. One of 'dark', 'light'.
        - ``color_by``: Color nodes by a column; or by `degree`, `position` (hue by direction from the center, the
            default) or `none`, where no column has that name.
        - ``color_scale``: How numbers become colors. One of 'auto', 'linear', 'log', 'quantile'.
        - ``palette``: Colors to choose from: `viridis`, `categorical`, or a list as `white,#f80,rgb(0,0,90)`; numbers
            lie between them, names take them in turn.
        - ``bins``: Put numbers into bins of one color: how many, bounded as ``color_scale`` says, or upper bounds as
            `0,10,100`.
        - ``size_by``: Size nodes by a numeric column; or by `degree` (the default) or `none`, where no column has that
            name.
        - ``opacity_by``: Make nodes more or less opaque by a numeric column, or by `degree`: the smallest number
            becomes 0.15, the largest 1.
        - ``icon_by``: Draw a picture on nodes, which a column names: `globe`, `user`, …; other texts become letters.
        - ``badge_by``: Mark nodes above to the right with a disc that has the color of a column, or of `degree`, and in
            it the picture or the letters of its text.
        - ``edge_color_by``: Color edges by a column of theirs, as ``color_by`` does nodes.
        - ``edge_size_by``: Make edges wider or thinner by a numeric column of theirs.
        - ``edge_opacity_by``: Make edges more or less opaque by a numeric column of theirs, as ``opacity_by`` does
            nodes.
        - ``labels``: Which nodes get a label, the largest first: `auto`, `none`, `all` or a number; `auto` takes as
            many as look good or, where ids are numbers and nodes more than 120, only the dozen largest of those that
            stand out in size; labels that find no free place are left out.
        - ``label_by``: Column with the text of the labels; by default `label`, `name` or `title` if it holds strings,
            else the id.
        - ``label_scale``: Factor on the size of all labels, 0.1 to 10.
        - ``node_scale``: Factor on the radius of all nodes, 0 to 100.
        - ``edge_scale``: Factor on the width of all edges, 0 to 100.
        - ``edge_opacity``: Opacity of one edge, 0 to 1, or `auto`: chosen from how densely edges lie on one another.
        - ``arrows``: Which edges of a directed graph end in the head of an arrow. One of 'auto', 'none', 'all'.
        - ``background``: Background `#rrggbb`, `#rrggbbaa` or `transparent`; by default that of the theme.
        - ``margin``: Empty border around the layout as a share of the shorter side, 0 to 0.45.
        - ``legend``: Whether a key of the colors is drawn. One of 'auto', 'none'.
        - ``title``: Line of text in the upper left corner.
        """
        return self._plot(path, {
            "width": width,
            "height": height,
            "theme": theme,
            "color_by": color_by,
            "color_scale": color_scale,
            "palette": palette,
            "bins": bins,
            "size_by": size_by,
            "opacity_by": opacity_by,
            "icon_by": icon_by,
            "badge_by": badge_by,
            "edge_color_by": edge_color_by,
            "edge_size_by": edge_size_by,
            "edge_opacity_by": edge_opacity_by,
            "labels": labels,
            "label_by": label_by,
            "label_scale": label_scale,
            "node_scale": node_scale,
            "edge_scale": edge_scale,
            "edge_opacity": edge_opacity,
            "arrows": arrows,
            "background": background,
            "margin": margin,
            "legend": legend,
            "title": title,
        })

    def degree(
        self,
        *,
        weight_column: Any = None,
        device: str = "cpu",
    ) -> Measured:
        """how many edges each node has, and how much weight if there are weights.

        ``degree``, shape ``[n]``: edge ends at the node; a self-loop counts twice.
        ``degree_in``, shape ``[n]``: edges that end at the node.
        ``degree_out``, shape ``[n]``: edges that start at the node.
        ``weighted_degree``, shape ``[n]``: sum of weights, only if there are weights.
        ``weighted_degree_in``, shape ``[n]``: sum of weights, only if there are weights.
        ``weighted_degree_out``, shape ``[n]``: sum of weights, only if there are weights.

        - ``weight_column``: the edge column that has the weights, which may be below 0; null for those of the graph.
        """
        return self.measure("degree", weight_column=weight_column, device=device)

    degrees = degree

    get_degrees = degree

    def weak_components(
        self,
        *,
        device: str = "cpu",
    ) -> Measured:
        """nodes that paths join when directions are forgotten.

        ``component``, shape ``[n]``: number of the component, by its first node.
        """
        return self.measure("weak_components", device=device)

    connected_components = weak_components

    weakly_connected_components = weak_components

    components = weak_components

    clusters = weak_components

    def strong_components(
        self,
        *,
        device: str = "cpu",
    ) -> Measured:
        """nodes that paths join in both directions.

        ``component``, shape ``[n]``: number of the component, by its first node.
        """
        return self.measure("strong_components", device=device)

    strongly_connected_components = strong_components

    def page_rank(
        self,
        *,
        damping: float = 0.85,
        tolerance: float = 1e-06,
        max_iterations: int = 100,
        weighted: bool = True,
        precision: str = "auto",
        personalization: Any = None,
        device: str = "cpu",
    ) -> Measured:
        """where a random walk along edges is found that sometimes starts anew.

        ``page_rank``, shape ``[n]``: probability, together 1.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``damping``: chance to follow an edge rather than to start anew, at least 0 and below 1.
        - ``tolerance``: stop when the ranks of all nodes together change by less, above 0; ranks add up to 1.
        - ``max_iterations``: stop after so many iterations.
        - ``weighted``: whether a walk prefers edges by their weight, if the graph has weights.
        - ``precision``: numbers that ranks are gathered in: auto, single or double.
        - ``personalization``: where walks start: ids with weights above 0; null for all nodes alike.
        """
        return self.measure("page_rank", damping=damping, tolerance=tolerance, max_iterations=max_iterations, weighted=weighted, precision=precision, personalization=personalization, device=device)

    pagerank = page_rank

    def hits(
        self,
        *,
        tolerance: float = 1e-08,
        max_iterations: int = 1000,
        weighted: bool = True,
        device: str = "cpu",
    ) -> Measured:
        """hubs, which name good authorities, and authorities, which good hubs name.

        ``hub``, shape ``[n]``: hub score, together 1.
        ``authority``, shape ``[n]``: authority score, together 1.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``tolerance``: stop when the hub scores of all nodes together change by less, above 0; they add up to 1.
        - ``max_iterations``: stop after so many iterations.
        - ``weighted``: whether edges count by their weight, if the graph has weights.
        """
        return self.measure("hits", tolerance=tolerance, max_iterations=max_iterations, weighted=weighted, device=device)

    hub_score = hits

    def eigenvector(
        self,
        *,
        tolerance: float = 1e-06,
        max_iterations: int = 1000,
        weighted: bool = True,
        device: str = "cpu",
    ) -> Measured:
        """how much a node is pointed at by nodes that are.

        ``eigenvector``, shape ``[n]``: entry of the leading eigenvector, of length 1.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``tolerance``: stop when the entries of the vector together change by less, above 0.
        - ``max_iterations``: stop after so many iterations.
        - ``weighted``: whether edges count by their weight, if the graph has weights.
        """
        return self.measure("eigenvector", tolerance=tolerance, max_iterations=max_iterations, weighted=weighted, device=device)

    eigenvector_centrality = eigenvector

    def katz(
        self,
        *,
        alpha: float = 0.1,
        beta: float = 1.0,
        tolerance: float = 1e-09,
        max_iterations: int = 1000,
        normalized: bool = True,
        weighted: bool = True,
        device: str = "cpu",
    ) -> Measured:
        """how many walks end at a node, long ones counting less.

        ``katz``, shape ``[n]``: Katz centrality.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``alpha``: what an edge more in a walk costs, above 0.
        - ``beta``: what every node has of its own, above 0.
        - ``tolerance``: stop when all values together change by less than this share of their sum, above 0.
        - ``max_iterations``: stop after so many iterations.
        - ``normalized``: whether to scale the result to length 1.
        - ``weighted``: whether edges count by their weight, if the graph has weights.
        """
        return self.measure("katz", alpha=alpha, beta=beta, tolerance=tolerance, max_iterations=max_iterations, normalized=normalized, weighted=weighted, device=device)

    katz_centrality = katz

    def betweenness(
        self,
        *,
        samples: Any = None,
        seed: int = 0,
        weighted: bool = False,
        normalized: bool = True,
        edges: bool = False,
        device: str = "cpu",
    ) -> Measured:
        """how many shortest paths lead through a node.

        ``betweenness``, shape ``[n]``: share of shortest paths through the node.
        ``edge_betweenness``, shape ``[m]``: share of shortest paths through the edge, if asked for.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``samples``: number of random nodes that paths start from; null for all, which is exact.
        - ``seed``: what chance begins with.
        - ``weighted``: whether weights are lengths, if the graph has weights; they must be above 0 then.
        - ``normalized``: whether to divide by the number of pairs.
        - ``edges``: whether to measure edges too.
        """
        return self.measure("betweenness", samples=samples, seed=seed, weighted=weighted, normalized=normalized, edges=edges, device=device)

    betweenness_centrality = betweenness

    def edge_betweenness(
        self,
        *,
        samples: Any = None,
        seed: int = 0,
        weighted: bool = False,
        normalized: bool = True,
        device: str = "cpu",
    ) -> Measured:
        """how many shortest paths lead through an edge.

        ``edge_betweenness``, shape ``[m]``: share of shortest paths through the edge.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``samples``: number of random nodes that paths start from; null for all, which is exact.
        - ``seed``: what chance begins with.
        - ``weighted``: whether weights are lengths, if the graph has weights; they must be above 0 then.
        - ``normalized``: whether to divide by the number of pairs.
        """
        return self.measure("edge_betweenness", samples=samples, seed=seed, weighted=weighted, normalized=normalized, device=device)

    edge_betweenness_centrality = edge_betweenness

    def closeness(
        self,
        *,
        samples: Any = None,
        seed: int = 0,
        weighted: bool = False,
        direction: str = "forward",
        device: str = "cpu",
    ) -> Measured:
        """how near a node is to those that lead to it.

        ``closeness``, shape ``[n]``: closeness, after Wasserman and Faust.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``samples``: number of random nodes that paths start from; null for all, which is exact.
        - ``seed``: what chance begins with.
        - ``weighted``: whether weights are lengths, if the graph has weights.
        - ``direction``: which way paths follow edges on their way to a node: forward, backward or both.
        """
        return self.measure("closeness", samples=samples, seed=seed, weighted=weighted, direction=direction, device=device)

    closeness_centrality = closeness

    def harmonic(
        self,
        *,
        samples: Any = None,
        seed: int = 0,
        weighted: bool = False,
        direction: str = "forward",
        device: str = "cpu",
    ) -> Measured:
        """sum of one over the distances of the nodes that lead to a node.

        ``harmonic``, shape ``[n]``: harmonic closeness, not divided by n - 1.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``samples``: number of random nodes that paths start from; null for all, which is exact.
        - ``seed``: what chance begins with.
        - ``weighted``: whether weights are lengths, if the graph has weights.
        - ``direction``: which way paths follow edges on their way to a node: forward, backward or both.
        """
        return self.measure("harmonic", samples=samples, seed=seed, weighted=weighted, direction=direction, device=device)

    harmonic_centrality = harmonic

    harmonic_closeness = harmonic

    def eccentricity(
        self,
        *,
        samples: Any = None,
        seed: int = 0,
        weighted: bool = False,
        direction: str = "forward",
        device: str = "cpu",
    ) -> Measured:
        """the largest distance of all nodes that lead to a node.

        ``eccentricity``, shape ``[n]``: length of the longest of the shortest paths to it.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``samples``: number of random nodes that paths start from; null for all, which is exact.
        - ``seed``: what chance begins with.
        - ``weighted``: whether weights are lengths, if the graph has weights.
        - ``direction``: which way paths follow edges on their way to a node: forward, backward or both.
        """
        return self.measure("eccentricity", samples=samples, seed=seed, weighted=weighted, direction=direction, device=device)

    def core_number(
        self,
        *,
        device: str = "cpu",
    ) -> Measured:
        """the largest k so that the node is where all have k neighbors, in any direction.

        ``core_number``, shape ``[n]``: core number.
        """
        return self.measure("core_number", device=device)

    coreness = core_number

    core_numbers = core_number

    def triangles(
        self,
        *,
        device: str = "cpu",
    ) -> Measured:
        """triples of nodes that are all neighbors, in any direction.

        ``triangles``, shape ``[n]``: number of triangles that the node is a corner of.
        """
        return self.measure("triangles", device=device)

    triangle_count = triangles

    def clustering(
        self,
        *,
        weighted: bool = False,
        device: str = "cpu",
    ) -> Measured:
        """the share of pairs of a node's neighbors that are neighbors, in any direction.

        ``clustering``, shape ``[n]``: clustering coefficient, from 0 to 1.
        ``triangles``, shape ``[n]``: number of triangles that the node is a corner of.

        ``weighted`` of the result says whether weights were used; without them every edge counts 1.

        - ``weighted``: whether triangles count by their weights, if the graph has weights.
        """
        return self.measure("clustering", weighted=weighted, device=device)

    clustering_coefficient = clustering

    transitivity_local_undirected = clustering

    def levels(
        self,
        *,
        cycles: str = "break",
        device: str = "cpu",
    ) -> Measured:
        """how many steps after the first nodes each node comes.

        ``level``, shape ``[n]``: level, from 0 on.

        - ``cycles``: what to do about cycles: break them, or refuse them.
        """
        return self.measure("levels", cycles=cycles, device=device)

    topological_levels = levels

    get_topological_levels = levels

    def cut_points(
        self,
        *,
        device: str = "cpu",
    ) -> Measured:
        """nodes and edges without which the graph falls apart.

        ``is_articulation``, shape ``[n]``: whether taking the node away leaves more components.
        ``is_bridge``, shape ``[m]``: whether taking the edge away leaves more components.
        """
        return self.measure("cut_points", device=device)

    articulation_points = cut_points

    def bfs(
        self,
        sources: Any,
        *,
        direction: str = "forward",
        max_distance: Any = None,
        device: str = "cpu",
    ) -> Measured:
        """hops from some nodes.

        ``distance``, shape ``[n]``: length of the shortest path; null if there is none.
        ``predecessor``, shape ``[n]``: id of the node before on a shortest path; null if there is none.

        - ``sources``: ids of the nodes to start from; they must be given.
        - ``direction``: which way edges are followed: forward, backward or both.
        - ``max_distance``: go no farther than so many hops; null for as far as there are nodes.
        """
        return self.measure("bfs", sources=sources, direction=direction, max_distance=max_distance, device=device)

    breadth_first_search = bfs

    bfs_edges = bfs

    def sssp(
        self,
        sources: Any,
        *,
        direction: str = "forward",
        delta: Any = None,
        device: str = "cpu",
    ) -> Measured:
        """shortest paths by weight from some nodes.

        ``distance``, shape ``[n]``: length of the shortest path; null if there is none.
        ``predecessor``, shape ``[n]``: id of the node before on a shortest path; null if there is none.

        - ``sources``: ids of the nodes to start from; they must be given.
        - ``direction``: which way edges are followed: forward, backward or both.
        - ``delta``: width of a bucket of lengths, above 0; null for one that fits the weights.
        """
        return self.measure("sssp", sources=sources, direction=direction, delta=delta, device=device)

    shortest_path = sssp

    shortest_paths = sssp

    shortest_path_length = sssp

    dijkstra = sssp

    def spanning_forest(
        self,
        *,
        maximum: bool = False,
        weight_column: Any = None,
        device: str = "cpu",
    ) -> Measured:
        """the cheapest edges that keep together what is together.

        ``in_forest``, shape ``[m]``: whether the edge is one of them.

        - ``maximum``: whether to take the largest weights.
        - ``weight_column``: the edge column that has the weights, which may be below 0; null for those of the graph.
        """
        return self.measure("spanning_forest", maximum=maximum, weight_column=weight_column, device=device)

    minimum_spanning_tree = spanning_forest

    spanning_tree = spanning_forest

    minimum_spanning_forest = spanning_forest

    def louvain(
        self,
        *,
        resolution: float = 1.0,
        tolerance: float = 0.0001,
        max_iterations: int = 2,
        max_levels: int = 32,
        max_rounds: int = 32,
        seed: int = 0,
        merge: str = "sum",
        device: str = "cpu",
    ) -> Measured:
        """communities of high modularity, after Louvain.

        ``community``, shape ``[n]``: number of the community; 0 is the largest.

        - ``resolution``: above 1 there are more and smaller communities, below 1 fewer and larger ones.
        - ``tolerance``: a level ends after a round that has raised modularity by less, all after an iteration that has.
        - ``max_iterations``: how often it starts again at the nodes with the communities it has found, at most.
        - ``max_levels``: how often the graph is contracted in an iteration, at most.
        - ``max_rounds``: rounds over the nodes, at most.
        - ``seed``: what chance begins with.
        - ``merge``: weight of two edges in opposite directions: sum, max, min, or unit for 1.
        """
        return self.measure("louvain", resolution=resolution, tolerance=tolerance, max_iterations=max_iterations, max_levels=max_levels, max_rounds=max_rounds, seed=seed, merge=merge, device=device)

    community_multilevel = louvain

    multilevel = louvain

    def leiden(
        self,
        *,
        resolution: float = 1.0,
        randomness: float = 0.01,
        tolerance: float = 0.0001,
        max_iterations: int = 3,
        max_levels: int = 32,
        max_rounds: int = 32,
        seed: int = 0,
        merge: str = "sum",
        device: str = "cpu",
    ) -> Measured:
        """communities of high modularity that hold together, after Leiden.

        ``community``, shape ``[n]``: number of the community; 0 is the largest.

        - ``resolution``: above 1 there are more and smaller communities, below 1 fewer and larger ones.
        - ``randomness``: how readily a node joins a part that is not the best; 0 always takes the best.
        - ``tolerance``: a level ends after a round that has raised modularity by less, all after an iteration that has.
        - ``max_iterations``: how often it starts again at the nodes with the communities it has found, at most.
        - ``max_levels``: how often the graph is contracted in an iteration, at most.
        - ``max_rounds``: rounds over the nodes, at most.
        - ``seed``: what chance begins with.
        - ``merge``: weight of two edges in opposite directions: sum, max, min, or unit for 1.
        """
        return self.measure("leiden", resolution=resolution, randomness=randomness, tolerance=tolerance, max_iterations=max_iterations, max_levels=max_levels, max_rounds=max_rounds, seed=seed, merge=merge, device=device)

    community_leiden = leiden

    def label_propagation(
        self,
        *,
        tolerance: float = 1e-05,
        max_rounds: int = 100,
        seed: int = 0,
        merge: str = "sum",
        device: str = "cpu",
    ) -> Measured:
        """communities whose nodes agree with most of their neighbors.

        ``community``, shape ``[n]``: number of the community; 0 is the largest.

        - ``tolerance``: end after a round in which no more than this share of the nodes has changed.
        - ``max_rounds``: rounds over the nodes, at most.
        - ``seed``: what chance begins with.
        - ``merge``: weight of two edges in opposite directions: sum, max, min, or unit for 1.
        """
        return self.measure("label_propagation", tolerance=tolerance, max_rounds=max_rounds, seed=seed, merge=merge, device=device)

    community_label_propagation = label_propagation

    def degree_assortativity(
        self,
        *,
        device: str = "cpu",
    ) -> Measured:
        """whether edges join nodes of like degree.

        The result is a summary only.
        """
        return self.measure("degree_assortativity", device=device)

    degree_assortativity_coefficient = degree_assortativity

    assortativity_degree = degree_assortativity

    def numeric_assortativity(
        self,
        attribute: Any,
        *,
        device: str = "cpu",
    ) -> Measured:
        """whether edges join nodes of which a number is alike.

        The result is a summary only.

        - ``attribute``: the node column to compare; it must be given.
        """
        return self.measure("numeric_assortativity", attribute=attribute, device=device)

    numeric_assortativity_coefficient = numeric_assortativity

    assortativity = numeric_assortativity

    def categorical_assortativity(
        self,
        attribute: Any,
        *,
        device: str = "cpu",
    ) -> Measured:
        """whether edges join nodes of one category.

        The result is a summary only.

        - ``attribute``: the node column to compare; it must be given.
        """
        return self.measure("categorical_assortativity", attribute=attribute, device=device)

    attribute_assortativity_coefficient = categorical_assortativity

    assortativity_nominal = categorical_assortativity

    def diameter(
        self,
        *,
        max_searches: Any = None,
        device: str = "cpu",
    ) -> Measured:
        """the longest of all shortest paths, directions forgotten, or bounds of it.

        The result is a summary only.

        - ``max_searches``: end with bounds after so many searches; null for no end.
        """
        return self.measure("diameter", max_searches=max_searches, device=device)

    def density(
        self,
        *,
        device: str = "cpu",
    ) -> Measured:
        """the share of possible edges that are there.

        The result is a summary only.
        """
        return self.measure("density", device=device)

    def reciprocity(
        self,
        *,
        device: str = "cpu",
    ) -> Measured:
        """the share of edges whose reverse is there too.

        The result is a summary only.
        """
        return self.measure("reciprocity", device=device)

    overall_reciprocity = reciprocity
