//! Labels: the names of the most important nodes, where there is room for them.

use crate::image::frame::{Disc, Rect};
use crate::image::text::{Text, line_height, width};

/// Nodes whose discs labels try not to cover.
const OBSTACLES: usize = 600;

/// Side of a cell of the index of boxes, in pixels.
const CELL: f32 = 48.0;

/// Places labels for the nodes in `order`, most important first, until `limit` are placed.
///
/// Of the places around a node (beside, above, below, aslant, or on it if it is large) the one is
/// taken that covers the least of other large nodes; none overlaps another label or a box in
/// `taken`, or leaves `room`. A node without a free place stays without a label.
/// `name` gives the text, `size` the font size.
pub(crate) fn place(
    discs: &[Disc],
    order: &[u32],
    room: Rect,
    taken: &[Rect],
    limit: usize,
    name: impl Fn(usize) -> Option<String>,
    size: impl Fn(usize) -> f32,
) -> Vec<Text> {
    let mut boxes = Boxes::new(room);
    for &taken in taken {
        boxes.insert(taken);
    }
    let mut nodes = Boxes::new(room);
    for &u in order.iter().take(OBSTACLES) {
        let disc = discs[u as usize];
        // The square of the same area.
        let half = 0.886 * disc.radius;
        nodes.insert(Rect { left: disc.x, top: disc.y, right: disc.x, bottom: disc.y }.grown(half));
    }
    let mut labels = Vec::new();
    for &u in order {
        if labels.len() >= limit {
            break;
        }
        let disc = discs[u as usize];
        if !room.contains(disc.x, disc.y) {
            continue;
        }
        let Some(text) = name(u as usize).filter(|text| !text.is_empty()) else { continue };
        let size = size(u as usize);
        let (wide, high) = (width(&text, size), line_height(size));
        let best = candidates(disc, wide, high)
            .filter(|at| room.shared(at) >= 0.999 * at.width() * at.height())
            .filter(|at| boxes.covered(&at.grown(0.12 * size)) == 0.0)
            // On its own node a label covers nothing worth seeing.
            .map(|at| (if at.contains(disc.x, disc.y) { 0.0 } else { nodes.covered(&at) }, at))
            // The first of equals: candidates come in order of preference.
            .min_by(|(a, _), (b, _)| a.total_cmp(b));
        if let Some((_, at)) = best {
            boxes.insert(at);
            labels.push(Text { line: text, x: 0.0, y: 0.0, size }.at(at.left, at.top));
        }
    }
    labels
}

/// Boxes of `wide * high` pixels around `disc`, the most pleasing first.
fn candidates(disc: Disc, wide: f32, high: f32) -> impl Iterator<Item = Rect> {
    let gap = disc.radius + 0.22 * high;
    let slant = 0.72 * gap;
    // Only where it looks meant: well inside of the disc.
    let on_it = wide.max(2.0 * high) < 1.7 * disc.radius;
    let centers = [
        (0.0, 0.0),
        (gap + wide / 2.0, 0.0),
        (-gap - wide / 2.0, 0.0),
        (0.0, -gap - high / 2.0),
        (0.0, gap + high / 2.0),
        (slant + wide / 2.0, -slant - high / 2.0),
        (slant + wide / 2.0, slant + high / 2.0),
        (-slant - wide / 2.0, -slant - high / 2.0),
        (-slant - wide / 2.0, slant + high / 2.0),
    ];
    centers.into_iter().skip(usize::from(!on_it)).map(move |(dx, dy)| {
        let (left, top) = (disc.x + dx - wide / 2.0, disc.y + dy - high / 2.0);
        Rect { left, top, right: left + wide, bottom: top + high }
    })
}

/// Boxes that can be asked, quickly, what lies under another.
struct Boxes {
    room: Rect,
    columns: usize,
    rows: usize,
    cells: Vec<Vec<Rect>>,
}

impl Boxes {
    fn new(room: Rect) -> Self {
        let columns = (room.width() / CELL) as usize + 1;
        let rows = (room.height() / CELL) as usize + 1;
        Self { room, columns, rows, cells: vec![vec![]; columns * rows] }
    }

    fn insert(&mut self, new: Rect) {
        for cell in self.under(&new) {
            self.cells[cell].push(new);
        }
    }

    /// Pixels under `asked`; a box counts once for every cell it shares, which only adds weight.
    fn covered(&self, asked: &Rect) -> f32 {
        self.under(asked).flat_map(|cell| &self.cells[cell]).map(|old| old.shared(asked)).sum()
    }

    /// Cells that `area` touches; what lies outside counts to the cells at the border.
    fn under(&self, area: &Rect) -> impl Iterator<Item = usize> + use<> {
        let index = |value: f32, count: usize| ((value / CELL).max(0.0) as usize).min(count - 1);
        let columns = index(area.left - self.room.left, self.columns)
            ..=index(area.right - self.room.left, self.columns);
        let rows = index(area.top - self.room.top, self.rows)
            ..=index(area.bottom - self.room.top, self.rows);
        let width = self.columns;
        rows.flat_map(move |row| columns.clone().map(move |column| row * width + column))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOM: Rect = Rect { left: 0.0, top: 0.0, right: 640.0, bottom: 480.0 };

    fn disc(x: f32, y: f32, radius: f32) -> Disc {
        Disc { x, y, radius, color: [0, 0, 0, 255] }
    }

    proptest! {
        /// Oracle: every pair of boxes.
        #[test]
        fn labels_never_overlap_and_never_leave_the_picture(
            nodes in prop::collection::vec((-50.0..700.0_f32, -50.0..500.0_f32, 0.0..30.0_f32), 0..80),
            size in 6.0..30.0_f32,
        ) {
            let discs: Vec<_> = nodes.into_iter().map(|(x, y, r)| disc(x, y, r)).collect();
            let order: Vec<u32> = (0..discs.len() as u32).collect();
            let legend = Rect { left: 400.0, top: 300.0, right: 640.0, bottom: 480.0 };
            let name = |u: usize| Some(format!("node {u}{}", "x".repeat(u % 7)));
            let labels = place(&discs, &order, ROOM, &[legend], 50, name, |_| size);
            prop_assert!(labels.len() <= 50);
            for (i, label) in labels.iter().enumerate() {
                let bounds = label.bounds();
                prop_assert!(bounds.left >= -0.5 && bounds.right <= 640.5);
                prop_assert!(bounds.top >= -0.5 && bounds.bottom <= 480.5);
                prop_assert!(!bounds.overlaps(&legend));
                for other in &labels[..i] {
                    prop_assert!(!bounds.overlaps(&other.bounds()), "{label:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn a_lone_node_has_its_label_to_the_right_or_on_it() {
        let label = |radius, name: &str| {
            let discs = [disc(300.0, 200.0, radius)];
            place(&discs, &[0], ROOM, &[], 9, |_| Some(name.to_owned()), |_| 12.0)[0].bounds()
        };
        assert!(label(5.0, "a long name").left > 305.0);
        assert!(label(50.0, "x").contains(300.0, 200.0));
    }

    #[test]
    fn a_label_makes_way_for_a_large_neighbor() {
        let discs = [disc(300.0, 200.0, 5.0), disc(330.0, 200.0, 20.0)];
        let labels = place(&discs, &[0], ROOM, &[], 9, |_| Some("name".to_owned()), |_| 12.0);
        // Only the first node is in the order, so only it is an obstacle and gets a label.
        assert!(labels[0].bounds().left > 300.0);
        let labels = place(&discs, &[0, 1], ROOM, &[], 1, |_| Some("name".to_owned()), |_| 12.0);
        assert!(labels[0].bounds().right < 300.0, "{labels:?}");
    }

    #[test]
    fn nodes_without_a_name_or_out_of_sight_are_passed_over() {
        let discs = [disc(9e9, 0.0, 1.0), disc(100.0, 100.0, 1.0), disc(200.0, 200.0, 1.0)];
        let name = |u: usize| (u != 1).then(|| u.to_string());
        let labels = place(&discs, &[0, 1, 2], ROOM, &[], 9, name, |_| 12.0);
        assert_eq!(labels.iter().map(|label| label.line.as_str()).collect::<Vec<_>>(), ["2"]);
    }
}
