//! Glyphs: a small set of pictures for the commonest names of icons, drawn for this project on a
//! square of 24 units.

use self::Part::{Block, Oval, Shape};

/// A part of a glyph.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// Left, top, right, bottom.
    Block(f32, f32, f32, f32),
    /// Center and half axes.
    Oval(f32, f32, f32, f32),
    /// Corners.
    Shape(&'static [(f32, f32)]),
}

/// Parts of which one that lies in another is a hole.
pub(super) type Layer = &'static [Part];

/// Layers that lie over one another.
pub(super) type Glyph = &'static [Layer];

/// The glyph of an icon by its name in Font Awesome, in small letters and without prefixes.
pub(super) fn glyph(name: &str) -> Option<Glyph> {
    let found = GLYPHS.iter().find(|(names, _)| names.contains(&name));
    found.map(|&(_, glyph)| glyph)
}

/// All glyphs, by their names.
pub(super) const GLYPHS: &[(&[&str], Glyph)] = &[
    (&["bank", "university", "landmark", "building-columns"], BANK),
    (&["bug", "virus"], BUG),
    (&["building", "city", "industry", "office", "hospital", "hotel"], BUILDING),
    (&["car", "automobile", "taxi", "truck"], CAR),
    (&["credit-card", "id-card", "address-card", "cc-visa", "cc-mastercard"], CARD),
    (&["cart", "shopping-cart", "cart-shopping", "shop", "store"], CART),
    (&["check", "check-circle", "circle-check", "thumbs-up"], CHECK),
    (&["circle", "dot-circle"], CIRCLE),
    (&["cloud"], CLOUD),
    (&["computer", "desktop", "laptop", "tv", "display"], COMPUTER),
    (&["database", "table", "hdd", "hard-drive"], DATABASE),
    (&["envelope", "mail", "email", "inbox", "at"], ENVELOPE),
    (&["file", "document", "book", "newspaper", "folder"], FILE),
    (&["flag"], FLAG),
    (&["gear", "cog", "cogs", "gears", "wrench", "tools"], GEAR),
    (&["globe", "world", "earth", "internet", "wifi", "link"], GLOBE),
    (&["heart"], HEART),
    (&["house", "home"], HOUSE),
    (&["image", "photo", "picture", "camera"], IMAGE),
    (&["key"], KEY),
    (&["search", "magnifying-glass", "eye"], LENS),
    (&["lock", "user-lock", "unlock"], LOCK),
    (&["minus"], MINUS),
    (&["phone", "mobile", "mobile-phone", "mobile-screen", "tablet"], PHONE),
    (&["map-marker", "location-dot", "map-pin", "location", "map"], PIN),
    (&["plus"], PLUS),
    (&["server", "network-wired", "sitemap"], SERVER),
    (&["shield", "user-shield"], SHIELD),
    (&["square", "cube", "box"], SQUARE),
    (&["star"], STAR),
    (&["times", "xmark", "close", "ban"], TIMES),
    (&["user", "person", "male", "female", "user-circle", "circle-user", "child"], USER),
    (&["users", "people", "user-friends", "user-group", "group"], USERS),
    (
        &[
            "warning",
            "exclamation-triangle",
            "triangle-exclamation",
            "exclamation",
            "bolt",
            "fire",
            "bomb",
            "skull",
        ],
        WARNING,
    ),
];

/// What stands for a picture that is somewhere else.
pub(super) const PICTURE: Glyph = IMAGE;

const BANK: Glyph = &[&[
    Shape(&[(12.0, 3.0), (22.0, 8.5), (2.0, 8.5)]),
    Block(4.0, 10.0, 7.0, 17.0),
    Block(10.5, 10.0, 13.5, 17.0),
    Block(17.0, 10.0, 20.0, 17.0),
    Block(2.0, 18.5, 22.0, 21.0),
]];
const BUG: Glyph = &[
    &[Oval(12.0, 13.5, 5.0, 7.0)],
    &[Oval(12.0, 5.0, 2.8, 2.8)],
    &[Block(2.0, 12.8, 22.0, 14.2)],
    &[Block(3.5, 8.3, 20.5, 9.7)],
    &[Block(3.5, 17.3, 20.5, 18.7)],
];
const BUILDING: Glyph = &[&[
    Block(5.0, 3.0, 19.0, 21.0),
    Block(8.0, 6.0, 10.5, 8.5),
    Block(13.5, 6.0, 16.0, 8.5),
    Block(8.0, 11.0, 10.5, 13.5),
    Block(13.5, 11.0, 16.0, 13.5),
    Block(10.5, 16.5, 13.5, 21.0),
]];
const CAR: Glyph = &[
    &[
        Shape(&[
            (2.0, 17.0),
            (2.0, 12.5),
            (4.5, 11.0),
            (6.5, 6.0),
            (17.5, 6.0),
            (19.5, 11.0),
            (22.0, 12.5),
            (22.0, 17.0),
        ]),
        Shape(&[(7.0, 11.0), (8.2, 7.8), (15.8, 7.8), (17.0, 11.0)]),
    ],
    &[Oval(6.5, 18.0, 2.3, 2.3)],
    &[Oval(17.5, 18.0, 2.3, 2.3)],
];
const CARD: Glyph =
    &[&[Block(2.0, 5.0, 22.0, 19.0), Block(2.0, 8.5, 22.0, 11.0), Block(4.5, 14.5, 10.0, 16.0)]];
const CART: Glyph = &[
    &[Shape(&[
        (1.5, 3.0),
        (5.5, 3.0),
        (6.5, 6.5),
        (22.0, 6.5),
        (19.5, 14.5),
        (8.0, 14.5),
        (5.0, 5.0),
        (1.5, 5.0),
    ])],
    &[Oval(9.5, 18.5, 2.0, 2.0), Oval(17.5, 18.5, 2.0, 2.0)],
];
const CHECK: Glyph =
    &[&[Shape(&[(3.0, 12.5), (5.5, 10.0), (10.0, 14.5), (18.5, 5.0), (21.0, 7.3), (10.0, 19.5)])]];
const CIRCLE: Glyph = &[&[Oval(12.0, 12.0, 9.5, 9.5)]];
const CLOUD: Glyph = &[
    &[Oval(7.5, 14.5, 5.0, 5.0)],
    &[Oval(13.0, 11.0, 6.0, 6.0)],
    &[Oval(18.5, 15.5, 4.0, 4.0)],
    &[Block(7.5, 13.5, 18.5, 19.5)],
];
const COMPUTER: Glyph = &[&[
    Block(2.0, 4.0, 22.0, 17.0),
    Block(4.0, 6.0, 20.0, 15.0),
    Block(10.0, 17.0, 14.0, 19.5),
    Block(7.0, 19.5, 17.0, 21.0),
]];
const DATABASE: Glyph = &[
    &[Oval(12.0, 5.2, 9.0, 3.2)],
    &[Shape(&[
        (3.0, 7.5),
        (6.0, 9.4),
        (12.0, 10.3),
        (18.0, 9.4),
        (21.0, 7.5),
        (21.0, 12.0),
        (18.0, 13.9),
        (12.0, 14.8),
        (6.0, 13.9),
        (3.0, 12.0),
    ])],
    &[Shape(&[
        (3.0, 14.0),
        (6.0, 15.9),
        (12.0, 16.8),
        (18.0, 15.9),
        (21.0, 14.0),
        (21.0, 18.5),
        (18.0, 20.4),
        (12.0, 21.3),
        (6.0, 20.4),
        (3.0, 18.5),
    ])],
];
const ENVELOPE: Glyph = &[&[
    Block(2.0, 5.0, 22.0, 19.0),
    Shape(&[(2.0, 6.8), (12.0, 13.6), (22.0, 6.8), (22.0, 8.8), (12.0, 15.6), (2.0, 8.8)]),
]];
const FILE: Glyph = &[&[
    Shape(&[(5.0, 2.0), (14.0, 2.0), (19.0, 7.0), (19.0, 22.0), (5.0, 22.0)]),
    Block(8.0, 11.0, 16.0, 12.6),
    Block(8.0, 14.5, 16.0, 16.1),
]];
const FLAG: Glyph = &[&[
    Block(4.0, 2.0, 6.0, 22.0),
    Shape(&[(7.0, 3.0), (20.0, 3.0), (17.0, 7.5), (20.0, 12.0), (7.0, 12.0)]),
]];
const GEAR: Glyph = &[&[
    Shape(&[
        (19.4, 10.3),
        (22.4, 10.5),
        (22.4, 13.5),
        (19.4, 13.7),
        (18.4, 16.0),
        (20.4, 18.3),
        (18.3, 20.4),
        (16.0, 18.4),
        (13.7, 19.4),
        (13.5, 22.4),
        (10.5, 22.4),
        (10.3, 19.4),
        (8.0, 18.4),
        (5.7, 20.4),
        (3.6, 18.3),
        (5.6, 16.0),
        (4.6, 13.7),
        (1.6, 13.5),
        (1.6, 10.5),
        (4.6, 10.3),
        (5.6, 8.0),
        (3.6, 5.7),
        (5.7, 3.6),
        (8.0, 5.6),
        (10.3, 4.6),
        (10.5, 1.6),
        (13.5, 1.6),
        (13.7, 4.6),
        (16.0, 5.6),
        (18.3, 3.6),
        (20.4, 5.7),
        (18.4, 8.0),
    ]),
    Oval(12.0, 12.0, 3.4, 3.4),
]];
const GLOBE: Glyph = &[
    &[Oval(12.0, 12.0, 10.0, 10.0), Oval(12.0, 12.0, 8.4, 8.4)],
    &[Oval(12.0, 12.0, 4.8, 9.0), Oval(12.0, 12.0, 3.3, 9.0)],
    &[Block(3.0, 11.2, 21.0, 12.8)],
];
const HEART: Glyph = &[
    &[Oval(7.6, 8.4, 4.9, 4.9)],
    &[Oval(16.4, 8.4, 4.9, 4.9)],
    &[Shape(&[(3.5, 11.0), (12.0, 7.5), (20.5, 11.0), (12.0, 21.0)])],
];
const HOUSE: Glyph = &[&[
    Shape(&[
        (12.0, 3.0),
        (22.0, 12.0),
        (19.0, 12.0),
        (19.0, 21.0),
        (5.0, 21.0),
        (5.0, 12.0),
        (2.0, 12.0),
    ]),
    Block(10.0, 15.0, 14.0, 21.0),
]];
const IMAGE: Glyph = &[&[
    Block(2.0, 4.0, 22.0, 20.0),
    Block(4.0, 6.0, 20.0, 18.0),
    Shape(&[(5.0, 17.0), (10.0, 10.0), (13.5, 14.0), (15.5, 12.0), (19.0, 17.0)]),
    Oval(16.5, 8.8, 1.6, 1.6),
]];
const KEY: Glyph = &[
    &[Oval(7.0, 12.0, 5.0, 5.0), Oval(7.0, 12.0, 2.2, 2.2)],
    &[Block(11.5, 10.8, 22.0, 13.2)],
    &[Block(17.0, 13.0, 19.0, 16.5)],
    &[Block(20.0, 13.0, 22.0, 15.5)],
];
const LENS: Glyph = &[
    &[Oval(10.0, 10.0, 7.5, 7.5), Oval(10.0, 10.0, 5.0, 5.0)],
    &[Shape(&[(14.2, 16.0), (16.0, 14.2), (22.0, 20.2), (20.2, 22.0)])],
];
const LOCK: Glyph = &[&[
    Block(5.0, 11.0, 19.0, 21.0),
    Shape(&[
        (7.5, 11.0),
        (7.5, 7.5),
        (9.0, 4.6),
        (12.0, 3.2),
        (15.0, 4.6),
        (16.5, 7.5),
        (16.5, 11.0),
        (14.3, 11.0),
        (14.3, 7.8),
        (13.4, 6.2),
        (12.0, 5.5),
        (10.6, 6.2),
        (9.7, 7.8),
        (9.7, 11.0),
    ]),
]];
const MINUS: Glyph = &[&[Block(3.0, 10.3, 21.0, 13.7)]];
const PHONE: Glyph =
    &[&[Block(7.0, 2.0, 17.0, 22.0), Block(8.8, 4.5, 15.2, 17.5), Oval(12.0, 19.8, 1.1, 1.1)]];
const PIN: Glyph = &[&[
    Shape(&[
        (12.0, 22.0),
        (6.0, 13.5),
        (4.8, 9.5),
        (6.8, 4.8),
        (12.0, 2.3),
        (17.2, 4.8),
        (19.2, 9.5),
        (18.0, 13.5),
    ]),
    Oval(12.0, 9.3, 2.9, 2.9),
]];
const PLUS: Glyph = &[&[Shape(&[
    (10.3, 3.0),
    (13.7, 3.0),
    (13.7, 10.3),
    (21.0, 10.3),
    (21.0, 13.7),
    (13.7, 13.7),
    (13.7, 21.0),
    (10.3, 21.0),
    (10.3, 13.7),
    (3.0, 13.7),
    (3.0, 10.3),
    (10.3, 10.3),
])]];
const SERVER: Glyph = &[&[
    Block(3.0, 3.0, 21.0, 8.0),
    Block(3.0, 9.5, 21.0, 14.5),
    Block(3.0, 16.0, 21.0, 21.0),
    Oval(17.5, 5.5, 1.2, 1.2),
    Oval(17.5, 12.0, 1.2, 1.2),
    Oval(17.5, 18.5, 1.2, 1.2),
]];
const SHIELD: Glyph = &[&[Shape(&[
    (12.0, 2.0),
    (20.0, 5.0),
    (20.0, 11.0),
    (18.0, 16.5),
    (12.0, 22.0),
    (6.0, 16.5),
    (4.0, 11.0),
    (4.0, 5.0),
])]];
const SQUARE: Glyph = &[&[Block(4.0, 4.0, 20.0, 20.0)]];
const STAR: Glyph = &[&[Shape(&[
    (12.0, 1.8),
    (14.6, 9.2),
    (22.5, 9.4),
    (16.2, 14.2),
    (18.5, 21.7),
    (12.0, 17.2),
    (5.5, 21.7),
    (7.8, 14.2),
    (1.5, 9.4),
    (9.4, 9.2),
])]];
const TIMES: Glyph = &[&[Shape(&[
    (5.0, 3.0),
    (12.0, 10.0),
    (19.0, 3.0),
    (21.0, 5.0),
    (14.0, 12.0),
    (21.0, 19.0),
    (19.0, 21.0),
    (12.0, 14.0),
    (5.0, 21.0),
    (3.0, 19.0),
    (10.0, 12.0),
    (3.0, 5.0),
])]];
const USER: Glyph = &[&[
    Oval(12.0, 8.0, 4.5, 4.5),
    Shape(&[
        (3.0, 21.0),
        (3.6, 17.5),
        (6.0, 15.0),
        (9.0, 14.0),
        (15.0, 14.0),
        (18.0, 15.0),
        (20.4, 17.5),
        (21.0, 21.0),
    ]),
]];
const USERS: Glyph = &[&[
    Oval(8.0, 8.8, 3.7, 3.7),
    Oval(17.0, 9.3, 3.0, 3.0),
    Shape(&[(1.5, 19.5), (2.0, 16.5), (4.0, 14.2), (12.0, 14.2), (14.0, 16.5), (14.5, 19.5)]),
    Shape(&[(16.0, 19.5), (15.5, 15.8), (14.6, 14.0), (20.0, 14.0), (22.0, 16.0), (22.5, 19.5)]),
]];
const WARNING: Glyph = &[&[
    Shape(&[(12.0, 2.5), (22.5, 21.0), (1.5, 21.0)]),
    Block(11.0, 9.0, 13.0, 15.0),
    Oval(12.0, 17.8, 1.2, 1.2),
]];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_glyph_fills_its_square_and_has_names_of_its_own() {
        let mut known = HashSet::new();
        for (names, layers) in GLYPHS {
            assert!(names.iter().all(|name| known.insert(*name)), "{names:?}");
            assert_eq!(glyph(names[0]), Some(*layers));
            let points =
                layers.iter().flat_map(|layer| layer.iter()).flat_map(|part| match *part {
                    Block(left, top, right, bottom) => vec![(left, top), (right, bottom)],
                    Oval(x, y, rx, ry) => vec![(x - rx, y - ry), (x + rx, y + ry)],
                    Shape(corners) => corners.to_vec(),
                });
            let points: Vec<(f32, f32)> = points.collect();
            let inside = |value: f32| (0.9..=23.8).contains(&value);
            assert!(points.iter().all(|&(x, y)| inside(x) && inside(y)), "{names:?} {points:?}");
            let extent = |of: fn(&(f32, f32)) -> f32| {
                let values = points.iter().map(of);
                values.clone().fold(0.0, f32::max) - values.fold(24.0, f32::min)
            };
            assert!(extent(|p| p.0).max(extent(|p| p.1)) > 15.0, "{names:?}");
        }
    }
}
