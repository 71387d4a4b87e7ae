//! What a user of the crate sees: whole pictures, through the public interface alone.
#![expect(clippy::unwrap_used, reason = "a failed setup is a failed test")]

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, StringArray};
use graph_core::{Coo, Graph};
use graph_viewer::{Arrows, EdgeOpacity, Error, ImageConfig, Labels, Picture, Pixels, Theme};

/// Numbers in `0..1` that look random but never change.
fn noise(count: usize, mut state: u64) -> Vec<f32> {
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..count).map(|_| next()).collect()
}

/// `n` nodes at random places with `m` random edges.
fn random_graph(n: usize, m: usize) -> (Graph, Vec<f32>, Vec<f32>) {
    let ends = |seed| noise(m, seed).into_iter().map(|r| (r * n as f32) as u32).collect();
    let coo = Coo::new(n, ends(7), ends(8), None).unwrap();
    (Graph::from_coo(coo, false), noise(n, 9), noise(n, 10))
}

fn small() -> ImageConfig {
    ImageConfig { width: 200, height: 120, ..ImageConfig::default() }
}

fn with_column(graph: Graph, name: &str, column: impl arrow::array::Array + 'static) -> Graph {
    graph.with_node_columns([(name.to_owned(), Arc::new(column) as ArrayRef)]).unwrap()
}

fn draw(graph: &Graph, x: &[f32], y: &[f32], config: &ImageConfig) -> Pixels {
    Picture::new(graph, x, y, config).unwrap().pixels()
}

fn pixel(pixels: &Pixels, column: u32, row: u32) -> [u8; 4] {
    let at = 4 * (row * pixels.width + column) as usize;
    pixels.rgba[at..at + 4].try_into().unwrap()
}

#[test]
fn the_same_bytes_on_any_number_of_threads() {
    let (graph, x, y) = random_graph(3000, 40_000);
    let config = ImageConfig { width: 500, height: 400, ..ImageConfig::default() };
    let draw_on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let picture = Picture::new(&graph, &x, &y, &config).unwrap();
            (picture.png_bytes().unwrap(), picture.svg_text().unwrap())
        })
    };
    let one = draw_on(1);
    for threads in [2, 3, 7] {
        assert!(one == draw_on(threads), "{threads} threads");
    }
}

#[test]
fn a_png_decodes_to_the_pixels() {
    let (graph, x, y) = random_graph(30, 60);
    for background in [None, Some("transparent".parse().unwrap())] {
        let config = ImageConfig { background, ..small() };
        let picture = Picture::new(&graph, &x, &y, &config).unwrap();
        let bytes = picture.png_bytes().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(&bytes)).read_info().unwrap();
        let mut data = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut data).unwrap();
        assert_eq!((info.width, info.height), (200, 120));
        let rgba = picture.pixels().rgba;
        if background.is_some() {
            assert_eq!(data, rgba);
            assert_eq!(rgba[3], 0);
        } else {
            let rgb: Vec<u8> = rgba.chunks(4).flat_map(|pixel| &pixel[..3]).copied().collect();
            assert_eq!(data, rgb);
        }
    }
}

#[test]
fn twenty_edges_and_two_hundred_thousand_can_both_be_seen() {
    for theme in [Theme::Dark, Theme::Light] {
        for (n, m) in [(20, 20), (2000, 200_000)] {
            let (graph, x, y) = random_graph(n, m);
            let config = ImageConfig {
                width: 640,
                height: 480,
                theme,
                node_scale: 0.0,
                labels: Labels::None,
                ..ImageConfig::default()
            };
            let pixels = draw(&graph, &x, &y, &config);
            let ground = pixel(&pixels, 0, 0);
            let contrast = |p: &[u8]| (0..3).map(|i| p[i].abs_diff(ground[i])).max().unwrap();
            let mut contrasts: Vec<u8> = pixels.rgba.chunks(4).map(contrast).collect();
            contrasts.sort_unstable();
            let seen = contrasts.partition_point(|&c| c < 30);
            let share = 1.0 - seen as f64 / contrasts.len() as f64;
            assert!(share > 0.01, "{m} edges are drawn, but {share} of the pixels show them");
            // Not one flat patch: the middle of the covered pixels differs from the densest.
            let covered = &contrasts[contrasts.partition_point(|&c| c < 5)..];
            let (middle, top) = (covered[covered.len() / 4], covered[covered.len() - 1]);
            assert!(top - middle > 20, "{m} edges, {middle} to {top}");
        }
    }
}

#[test]
fn nodes_without_edges_can_be_seen_however_many() {
    for n in [1000, 20_000, 60_000] {
        let graph = Graph::from_coo(Coo::new(n, vec![], vec![], None).unwrap(), false);
        let config = ImageConfig { width: 640, height: 480, ..ImageConfig::default() };
        let pixels = draw(&graph, &noise(n, 9), &noise(n, 10), &config);
        let ground = pixel(&pixels, 0, 0);
        let bright = |p: &&[u8]| (0..3).any(|i| p[i].abs_diff(ground[i]) >= 60);
        let share = pixels.rgba.chunks(4).filter(bright).count() as f64 / (640.0 * 480.0);
        assert!(share > 0.015, "{n} nodes are bright on {share} of the pixels");
    }
}

#[test]
fn hubs_are_labeled_where_ids_are_numbers_and_equals_are_not() {
    let count = |graph: &Graph| {
        let n = graph.n_nodes();
        let picture = Picture::new(graph, &noise(n, 9), &noise(n, 10), &ImageConfig::default());
        picture.unwrap().svg_text().unwrap().matches("<text ").count()
    };
    // Five hubs with a hundred edges each, then a ring.
    let n = 600;
    let hubs = (0..500).map(|e| e / 100).collect();
    let leaves = (0..500).map(|e| e + 100).collect();
    let star = Graph::from_coo(Coo::new(n, hubs, leaves, None).unwrap(), false);
    assert_eq!(count(&star), 5);
    let next = (0..600).map(|u| (u + 1) % 600).collect();
    let ring = Graph::from_coo(Coo::new(n, (0..600).collect(), next, None).unwrap(), false);
    assert_eq!(count(&ring), 0);
}

#[test]
fn directions_and_loops_can_be_seen() {
    let coo = || Coo::new(3, vec![0, 1, 2, 2], vec![1, 2, 0, 2], None).unwrap();
    let [directed, plain] = [true, false].map(|directed| Graph::from_coo(coo(), directed));
    let (x, y) = ([0.0, 1.0, 0.5], [0.0, 0.0, 0.9]);
    let with = |arrows| ImageConfig { arrows, labels: Labels::None, ..ImageConfig::default() };
    let signs = |graph: &Graph, arrows| {
        let svg = Picture::new(graph, &x, &y, &with(arrows)).unwrap().svg_text().unwrap();
        let signs =
            svg.split("id=\"signs\"").nth(1).unwrap_or_default().split("</g>").next().unwrap();
        (signs.matches("fill-opacity").count(), signs.matches("stroke-width").count())
    };
    assert_eq!(signs(&directed, Arrows::Auto), (3, 1));
    assert_eq!(signs(&directed, Arrows::None), (0, 1));
    assert_eq!(signs(&plain, Arrows::All), (0, 1));
    // In pixels heads are wider than lines, and under nodes.
    let [bare, headed] =
        [Arrows::None, Arrows::Auto].map(|arrows| draw(&directed, &x, &y, &with(arrows)));
    let changed = bare.rgba.chunks(4).zip(headed.rgba.chunks(4)).filter(|(a, b)| a != b).count();
    assert!((50..2000).contains(&changed), "{changed} pixels");
}

#[test]
fn letters_that_no_font_has_are_told() {
    let graph = Graph::from_coo(Coo::new(3, vec![0], vec![1], None).unwrap(), false);
    // What is for private use has no font, whatever the machine.
    let names = StringArray::from(vec!["\u{f8fe}b\u{f8fd}", "\u{f8fe}", "plain"]);
    let graph = with_column(graph, "name", names);
    let picture = Picture::new(&graph, &[0.0, 1.0, 2.0], &[0.0, 1.0, 0.0], &small()).unwrap();
    assert_eq!(picture.letters_without_font(), "\u{f8fd}\u{f8fe}");
    picture.png_bytes().unwrap();
    assert!(picture.svg_text().unwrap().contains(">\u{f8fe}b\u{f8fd}</text>"));
}

#[test]
fn odd_graphs_make_plain_pictures() {
    let nothing = Graph::from_coo(Coo::default(), false);
    let blank = draw(&nothing, &[], &[], &small());
    assert!(blank.rgba.chunks(4).all(|p| p == &blank.rgba[..4]));

    let one = Graph::from_coo(Coo::new(1, vec![0], vec![0], None).unwrap(), false);
    let config = ImageConfig { labels: Labels::None, ..small() };
    let lone = draw(&one, &[1e30], &[-1e30], &config);
    assert_ne!(pixel(&lone, 100, 60), pixel(&lone, 0, 0));

    let (graph, x, _) = random_graph(50, 100);
    let heap = draw(&graph, &[3.0; 50], &[4.0; 50], &config);
    assert_ne!(pixel(&heap, 100, 60), pixel(&heap, 0, 0));
    let line = draw(&graph, &x, &[0.5; 50], &config);
    assert_eq!(pixel(&line, 100, 10), pixel(&line, 0, 0));
}

#[test]
fn nodes_without_a_finite_position_are_left_out_and_counted() {
    let graph = Graph::from_coo(Coo::new(3, vec![0, 1], vec![1, 2], None).unwrap(), false);
    let bad = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY];
    for bad in bad {
        let picture = Picture::new(&graph, &[0.0, 1.0, bad], &[0.0, 1.0, 0.0], &small()).unwrap();
        assert_eq!(picture.n_hidden(), 1);
        let svg = picture.svg_text().unwrap();
        assert_eq!(svg.matches("<circle").count(), 2);
        assert_eq!(svg.matches("<line ").count(), 1);
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
    let none = Picture::new(&graph, &[f32::NAN; 3], &[0.0; 3], &small()).unwrap();
    assert_eq!(none.n_hidden(), 3);
    none.png_bytes().unwrap();
}

#[test]
fn colors_and_sizes_come_from_columns() {
    let graph = Graph::from_coo(Coo::new(2, vec![], vec![], None).unwrap(), false);
    let graph = with_column(graph, "kind", StringArray::from(vec!["a", "b"]));
    let graph = with_column(graph, "weight", Float64Array::from(vec![1.0, 100.0]));
    let config = ImageConfig {
        color_by: Some("kind".to_owned()),
        size_by: Some("weight".to_owned()),
        labels: Labels::None,
        ..small()
    };
    let svg = Picture::new(&graph, &[0.0, 1.0], &[0.0, 0.0], &config).unwrap().svg_text().unwrap();
    let radius = |color: &str| -> f32 {
        let circle = svg.lines().find(|line| line.contains("<title>") && line.contains(color));
        let circle = circle.unwrap();
        let start = circle.find(" r=\"").unwrap() + 4;
        circle[start..].split('"').next().unwrap().parse().unwrap()
    };
    let (small, large) = (radius("#56b4e9"), radius("#e69f00"));
    assert!((large / small - 10.0).abs() < 0.2, "{small} {large}");
    assert!(svg.contains(">kind</text>"), "the legend has the column's name");
}

#[test]
fn wrong_input_is_named() {
    let (graph, x, y) = random_graph(5, 5);
    let message = |x: &[f32], config: ImageConfig| {
        Picture::new(&graph, x, &y, &config).unwrap_err().to_string()
    };
    assert_eq!(
        message(&x[..4], small()),
        "position column x has 4 entries, but the graph has 5 nodes"
    );
    for config in [
        ImageConfig { color_by: Some("rank".to_owned()), ..small() },
        ImageConfig { size_by: Some("rank".to_owned()), ..small() },
        ImageConfig { label_by: Some("rank".to_owned()), ..small() },
    ] {
        assert_eq!(
            message(&x, config),
            "there is no column `rank`; the columns of nodes are `id`, `degree`"
        );
    }
    let graph = with_column(graph.clone(), "kind", StringArray::from(vec!["a"; 5]));
    let config = ImageConfig { size_by: Some("kind".to_owned()), ..small() };
    let error = Picture::new(&graph, &x, &y, &config).unwrap_err();
    assert!(matches!(error, Error::ColumnType { .. }), "{error}");
}

#[test]
fn svg_is_well_formed_whatever_the_names_are() {
    let graph = Graph::from_coo(Coo::new(4, vec![0, 1, 2], vec![1, 2, 3], None).unwrap(), false);
    let names = vec![Some("a<b>&\"c'"), Some("]]>"), Some("\u{1}\u{fffe}x"), None];
    let graph = with_column(graph, "name", StringArray::from(names));
    let config = ImageConfig {
        color_by: Some("name".to_owned()),
        title: Some("<&>".to_owned()),
        ..ImageConfig::default()
    };
    let (x, y) = ([0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 1.0, 1.0]);
    let svg = Picture::new(&graph, &x, &y, &config).unwrap().svg_text().unwrap();
    let mut reader = quick_xml::Reader::from_str(&svg);
    let mut depth = 0;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(tag) => {
                depth += 1;
                assert!(tag.attributes().all(|attribute| attribute.is_ok()));
            }
            quick_xml::events::Event::End(_) => depth -= 1,
            quick_xml::events::Event::Empty(tag) => {
                assert!(tag.attributes().all(|attribute| attribute.is_ok()));
            }
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    assert!(!svg.contains('\u{fffe}') && !svg.contains('\u{1}'));
    assert!(svg.contains(">a&lt;b&gt;&amp;&quot;c'</text>"));
    for id in ["edges", "nodes", "labels", "legend"] {
        assert_eq!(svg.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
    }
}

#[test]
fn a_large_svg_holds_images_instead_of_millions_of_lines() {
    let (graph, x, y) = random_graph(21_000, 10_001);
    let svg = Picture::new(&graph, &x, &y, &small()).unwrap().svg_text().unwrap();
    assert_eq!(svg.matches("<line").count() + svg.matches("<circle").count(), 0);
    assert_eq!(svg.matches("<image").count(), 2);
    assert!(svg.len() < 400_000, "{}", svg.len());
    quick_xml::Reader::from_str(&svg).read_event().unwrap();
}

#[test]
fn a_higher_opacity_draws_stronger_edges() {
    let graph = Graph::from_coo(Coo::new(2, vec![0], vec![1], None).unwrap(), false);
    let contrast = |opacity: f32| {
        let config = ImageConfig {
            edge_opacity: EdgeOpacity::Fixed(opacity),
            edge_scale: 10.0,
            node_scale: 0.0,
            labels: Labels::None,
            ..small()
        };
        let pixels = draw(&graph, &[0.0, 1.0], &[0.0, 0.0], &config);
        let (edge, ground) = (pixel(&pixels, 100, 60), pixel(&pixels, 0, 0));
        (0..3).map(|i| edge[i].abs_diff(ground[i])).max().unwrap()
    };
    let steps = [0.0, 0.2, 0.6, 1.0].map(contrast);
    assert_eq!(steps[0], 0);
    assert!(steps.windows(2).all(|pair| pair[0] < pair[1]), "{steps:?}");
}

/// Three large nodes far apart: one with a known icon, one with a name without a glyph, one without.
fn with_icons() -> (Graph, [f32; 3], [f32; 3], ImageConfig) {
    let graph = Graph::from_coo(Coo::new(3, vec![0, 1, 2], vec![1, 2, 0], None).unwrap(), true);
    let icons = StringArray::from(vec![Some("square"), Some("odd-thing"), None]);
    let graph = with_column(graph, "icon", icons);
    let text = r##"{
        "node_icon": "icon",
        "node_color": {"column": "id", "map": {}, "other": "#ffff00"},
        "badges": {"TopRight": {
            "icon": {"column": "icon", "map": {"square": "square"}, "other": ""},
            "background": {"column": "icon", "map": {}, "other": "#ff0000"},
            "color": {"column": "icon", "map": {}, "other": "#0000ff"}
        }}
    }"##;
    let config = ImageConfig {
        width: 600,
        height: 200,
        encodings: Some(graph_viewer::encode::Encodings::from_json(text).unwrap()),
        labels: Labels::None,
        legend: graph_viewer::Legend::None,
        node_scale: 6.0,
        ..ImageConfig::default()
    };
    (graph, [0.0, 1.0, 2.0], [0.0; 3], config)
}

#[test]
fn icons_and_badges_are_on_their_nodes() {
    let (graph, x, y, config) = with_icons();
    let pixels = draw(&graph, &x, &y, &config);
    let near = |a: [u8; 4], b: [u8; 3]| (0..3).all(|i| a[i].abs_diff(b[i]) < 40);
    let count = |of: [u8; 3], columns: std::ops::Range<u32>| {
        let all = columns.flat_map(|column| (0..pixels.height).map(move |row| (column, row)));
        all.filter(|&(column, row)| near(pixel(&pixels, column, row), of)).count()
    };
    let third = |i: u32| 200 * i..200 * (i + 1);
    // Red and blue are the badge, which only the first node has.
    assert!(count([255, 0, 0], third(0)) > 10 && count([0, 0, 255], third(0)) > 10);
    for other in [1, 2] {
        assert_eq!(count([255, 0, 0], third(other)) + count([0, 0, 255], third(other)), 0);
    }
    // An icon takes some of the yellow of its node, a square more than letters.
    let yellow: Vec<usize> = (0..3).map(|i| count([255, 255, 0], third(i))).collect();
    assert!(yellow[0] < yellow[1] && yellow[1] < yellow[2], "{yellow:?}");
    let svg = Picture::new(&graph, &x, &y, &config).unwrap().svg_text().unwrap();
    let icons = svg.split("<g id=\"icons\"").nth(1).unwrap().split("</g>").next().unwrap();
    assert_eq!((icons.matches("<circle").count(), icons.matches("<path").count()), (1, 3));
}

#[test]
fn what_no_node_is_of_is_not_in_the_legend_of_a_picture() {
    let (graph, x, y, config) = with_icons();
    let text =
        r#"{"node_color": {"column": "id", "bins": [[1, "red"], [50, "blue"], [99, "green"]]}}"#;
    let encodings = Some(graph_viewer::encode::Encodings::from_json(text).unwrap());
    let config =
        ImageConfig { encodings, legend: graph_viewer::Legend::Auto, height: 400, ..config };
    let svg = Picture::new(&graph, &x, &y, &config).unwrap().svg_text().unwrap();
    let legend = svg.split("<g id=\"legend\"").nth(1).unwrap();
    assert!(legend.contains("&lt; 1") && legend.contains("1 – 50"), "{legend}");
    assert!(!legend.contains("50 – 99"), "{legend}");
}
