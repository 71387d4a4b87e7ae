//! The options of a picture, for the library, for `--help` and for JSON at once.

mod values;

use arrow::array::{Array, RecordBatch};
use graph_core::Graph;

use values::check_opacity;
pub use values::{
    Arrows, BinChoice, ColorScale, EdgeOpacity, HexColor, Labels, Legend, Palette, Theme,
};

use crate::encode::{
    Badge, BadgePosition, Bins, Encoding, Encodings, Law, Rgba8, Rule, is_text, spread,
};
use crate::{Error, Result};

/// How a picture looks; [`Default`] is meant to look good on any graph.
///
/// With feature `clap` these are command-line options, with feature `serde` a JSON object; names
/// and defaults are the same everywhere.
///
/// ```
/// use graph_viewer::{ImageConfig, Theme};
///
/// let config = ImageConfig { theme: Theme::Light, ..ImageConfig::default() }.in_4k();
/// config.check()?;
/// assert_eq!((config.width, config.height), (3840, 2160));
/// # Ok::<(), graph_viewer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "clap", derive(clap::Args))]
#[cfg_attr(feature = "clap", command(next_help_heading = "Picture"))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(default, deny_unknown_fields))]
pub struct ImageConfig {
    /// Width in pixels, 16 to 16384
    #[cfg_attr(feature = "clap", arg(long, value_name = "PIXELS", default_value_t = 1920))]
    pub width: u32,
    /// Height in pixels, 16 to 16384
    #[cfg_attr(feature = "clap", arg(long, value_name = "PIXELS", default_value_t = 1440))]
    pub height: u32,
    /// Light or dark background
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Theme::Dark))]
    pub theme: Theme,
    /// Color nodes by a column; or by `degree`, `position` (hue by direction from the center, the
    /// default) or `none`, where no column has that name
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub color_by: Option<String>,
    /// How numbers become colors
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = ColorScale::Auto))]
    pub color_scale: ColorScale,
    /// Colors to choose from: `viridis`, `categorical`, or a list as `white,#f80,rgb(0,0,90)`;
    /// numbers lie between them, names take them in turn
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLORS"))]
    pub palette: Option<Palette>,
    /// Put numbers into bins of one color: how many, bounded as --color-scale says, or upper
    /// bounds as `0,10,100`
    #[cfg_attr(feature = "clap", arg(long, value_name = "BINS", allow_hyphen_values = true))]
    pub bins: Option<BinChoice>,
    /// Size nodes by a numeric column; or by `degree` (the default) or `none`, where no column has
    /// that name
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub size_by: Option<String>,
    /// Make nodes more or less opaque by a numeric column, or by `degree`: the smallest number
    /// becomes 0.15, the largest 1
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub opacity_by: Option<String>,
    /// Draw a picture on nodes, which a column names: `globe`, `user`, …; other texts become letters
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub icon_by: Option<String>,
    /// Mark nodes above to the right with a disc that has the color of a column, or of `degree`, and
    /// in it the picture or the letters of its text
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub badge_by: Option<String>,
    /// Color edges by a column of theirs, as --color-by does nodes
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub edge_color_by: Option<String>,
    /// Make edges wider or thinner by a numeric column of theirs
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub edge_size_by: Option<String>,
    /// Make edges more or less opaque by a numeric column of theirs, as --opacity-by does nodes
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub edge_opacity_by: Option<String>,
    /// File with encodings in JSON, our own or those of PyGraphistry; other options replace its
    /// parts; `{"node_opacity": {"column": "p", "scale": "raw"}}` takes numbers from 0 to 1 as they are
    #[cfg_attr(feature = "clap", arg(long, value_name = "FILE.json", value_parser = read_encodings))]
    #[cfg_attr(feature = "serde", serde(skip))]
    pub encodings: Option<Encodings>,
    /// Which nodes get a label, the largest first: `auto`, `none`, `all` or a number; `auto` takes
    /// as many as look good or, where ids are numbers and nodes more than 120, only the dozen
    /// largest of those that stand out in size; labels that find no free place are left out
    #[cfg_attr(feature = "clap", arg(long, value_name = "WHICH", default_value_t = Labels::Auto))]
    pub labels: Labels,
    /// Column with the text of the labels; by default `label`, `name` or `title` if it holds
    /// strings, else the id
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLUMN"))]
    pub label_by: Option<String>,
    /// Factor on the size of all labels, 0.1 to 10
    #[cfg_attr(feature = "clap", arg(long, value_name = "FACTOR", default_value_t = 1.0))]
    pub label_scale: f32,
    /// Factor on the radius of all nodes, 0 to 100
    #[cfg_attr(feature = "clap", arg(long, value_name = "FACTOR", default_value_t = 1.0))]
    pub node_scale: f32,
    /// Factor on the width of all edges, 0 to 100
    #[cfg_attr(feature = "clap", arg(long, value_name = "FACTOR", default_value_t = 1.0))]
    pub edge_scale: f32,
    /// Opacity of one edge, 0 to 1, or `auto`: chosen from how densely edges lie on one another
    #[cfg_attr(
        feature = "clap",
        arg(long, value_name = "OPACITY", default_value_t = EdgeOpacity::Auto)
    )]
    pub edge_opacity: EdgeOpacity,
    /// Which edges of a directed graph end in the head of an arrow
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Arrows::Auto))]
    pub arrows: Arrows,
    /// Background `#rrggbb`, `#rrggbbaa` or `transparent`; by default that of the theme
    #[cfg_attr(feature = "clap", arg(long, value_name = "COLOR"))]
    pub background: Option<HexColor>,
    /// Empty border around the layout as a share of the shorter side, 0 to 0.45
    #[cfg_attr(feature = "clap", arg(long, value_name = "SHARE", default_value_t = 0.05))]
    pub margin: f32,
    /// Whether a key of the colors is drawn
    #[cfg_attr(feature = "clap", arg(long, value_enum, default_value_t = Legend::Auto))]
    pub legend: Legend,
    /// Line of text in the upper left corner
    #[cfg_attr(feature = "clap", arg(long, value_name = "TEXT"))]
    pub title: Option<String>,
}

impl Default for ImageConfig {
    fn default() -> Self {
        Self {
            width: 1920,
            height: 1440,
            theme: Theme::Dark,
            color_by: None,
            color_scale: ColorScale::Auto,
            palette: None,
            bins: None,
            size_by: None,
            opacity_by: None,
            icon_by: None,
            badge_by: None,
            edge_color_by: None,
            edge_size_by: None,
            edge_opacity_by: None,
            encodings: None,
            labels: Labels::Auto,
            label_by: None,
            label_scale: 1.0,
            node_scale: 1.0,
            edge_scale: 1.0,
            edge_opacity: EdgeOpacity::Auto,
            arrows: Arrows::Auto,
            background: None,
            margin: 0.05,
            legend: Legend::Auto,
            title: None,
        }
    }
}

impl ImageConfig {
    /// The same options for a picture of 3840 x 2160 pixels.
    pub fn in_4k(self) -> Self {
        Self { width: 3840, height: 2160, ..self }
    }

    /// What is to be seen of the columns of `graph`: the encodings given, with those that the
    /// options name in their place.
    ///
    /// `position` and `none` leave color or size to the picture, where no column has that name.
    pub fn encodings_of(&self, graph: &Graph) -> Encodings {
        let mut made = self.encodings.clone().unwrap_or_default();
        let is_data = |name: &&String, words: &[&str]| {
            graph.nodes().column_by_name(name).is_some() || !words.contains(&name.as_str())
        };
        if let Some(name) = &self.color_by {
            let data = Some(name).filter(|name| is_data(name, &["position", "none"]));
            made.node_color = data.map(|name| self.color(name, graph.nodes()));
        }
        if let Some(name) = &self.size_by {
            made.node_size = Some(name).filter(|name| is_data(name, &["none"])).map(Encoding::auto);
        }
        let replace = |place: &mut Option<Encoding<f32>>, name: &Option<String>| {
            if let Some(name) = name {
                *place = Some(Encoding::auto(name));
            }
        };
        replace(&mut made.node_opacity, &self.opacity_by);
        replace(&mut made.edge_size, &self.edge_size_by);
        replace(&mut made.edge_opacity, &self.edge_opacity_by);
        if let Some(name) = &self.icon_by {
            made.node_icon = Some(Encoding::auto(name));
            made.node_icon_as_text = false;
        }
        if let Some(name) = &self.badge_by {
            let badge = Badge {
                icon: has_text(name, graph.nodes()).then(|| Encoding::auto(name)),
                background: Some(Encoding::auto(name)),
                ..Badge::default()
            };
            made.badges.insert(BadgePosition::TopRight, badge);
        }
        if let Some(name) = &self.edge_color_by {
            made.edge_color = Some(self.color(name, graph.edges()));
        }
        if let Some(name) = &self.label_by {
            made.node_title = Some(name.clone());
        }
        made
    }

    /// Colors by `column` of `table`, from the palette and, if it holds numbers, in the bins that
    /// are asked for.
    fn color(&self, column: &str, table: &RecordBatch) -> Encoding<Rgba8> {
        let outputs = self.palette.as_ref().map_or(vec![], |palette| palette.0.clone());
        let law = match self.color_scale {
            ColorScale::Auto => Law::Auto,
            ColorScale::Linear => Law::Linear,
            ColorScale::Log => Law::Log,
            ColorScale::Quantile => Law::Quantile,
        };
        let rule = match self.bins.as_ref().filter(|_| !has_text(column, table)) {
            None => Rule::Auto { outputs, law },
            Some(BinChoice::Count(count)) => {
                Rule::Classes { outputs: spread(&outputs, *count), law }
            }
            Some(BinChoice::Bounds(bounds)) => {
                let bounds = bounds.iter().copied().map(Some).chain([None]);
                let outputs = spread(&outputs, bounds.clone().count());
                Rule::Bins(Bins {
                    bins: bounds.zip(outputs).collect(),
                    inclusive: false,
                    other: None,
                })
            }
        };
        Encoding { column: column.to_owned(), rule }
    }

    /// Checks every range.
    ///
    /// # Errors
    ///
    /// - [`Error::OutOfRange`], which names the option and the range;
    /// - [`Error::NoRoom`] if the margin leaves less than 8 pixels in a direction.
    pub fn check(&self) -> Result<()> {
        let sides = "from 16 to 16384";
        let factor = "from 0 to 100";
        let ranges = [
            ("width", f64::from(self.width), 16.0..=16384.0, sides),
            ("height", f64::from(self.height), 16.0..=16384.0, sides),
            ("label_scale", f64::from(self.label_scale), 0.1..=10.0, "from 0.1 to 10"),
            ("node_scale", f64::from(self.node_scale), 0.0..=100.0, factor),
            ("edge_scale", f64::from(self.edge_scale), 0.0..=100.0, factor),
            ("margin", f64::from(self.margin), 0.0..=0.45, "from 0 to 0.45"),
        ];
        for (option, value, allowed, range) in ranges {
            if !allowed.contains(&value) {
                return Err(Error::OutOfRange { option, value, range });
            }
        }
        if let EdgeOpacity::Fixed(opacity) = self.edge_opacity {
            check_opacity(opacity)?;
        }
        let (width, height) = (self.width, self.height);
        let margin = self.margin * width.min(height) as f32;
        if (width.min(height) as f32) - 2.0 * margin < MIN_ROOM {
            return Err(Error::NoRoom { margin, width, height });
        }
        Ok(())
    }
}

/// Pixels that must be left between the margins.
const MIN_ROOM: f32 = 8.0;

/// Whether `table` has texts in its column `name`.
fn has_text(name: &str, table: &RecordBatch) -> bool {
    table.column_by_name(name).is_some_and(|column| is_text(column.data_type()))
}

#[cfg(feature = "clap")]
fn read_encodings(path: &str) -> Result<Encodings> {
    Encodings::from_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_passes_the_check() {
        ImageConfig::default().check().unwrap();
        ImageConfig::default().in_4k().check().unwrap();
    }

    #[test]
    fn bad_values_are_refused_with_the_range() {
        let config = ImageConfig::default;
        let cases = [
            (
                ImageConfig { width: 15, ..config() },
                "option width is 15, but must be from 16 to 16384",
            ),
            (
                ImageConfig { height: 20_000, ..config() },
                "option height is 20000, but must be from 16 to 16384",
            ),
            (
                ImageConfig { node_scale: f32::NAN, ..config() },
                "option node_scale is NaN, but must be from 0 to 100",
            ),
            (
                ImageConfig { edge_scale: -1.0, ..config() },
                "option edge_scale is -1, but must be from 0 to 100",
            ),
            (
                ImageConfig { label_scale: 0.0, ..config() },
                "option label_scale is 0, but must be from 0.1 to 10",
            ),
            (
                ImageConfig { margin: 0.5, ..config() },
                "option margin is 0.5, but must be from 0 to 0.45",
            ),
            (
                ImageConfig { edge_opacity: EdgeOpacity::Fixed(2.0), ..config() },
                "option edge_opacity is 2, but must be from 0 to 1, or `auto`",
            ),
            (
                ImageConfig { width: 16, height: 16, margin: 0.4375, ..config() },
                "margins of 7 pixels leave nothing of a picture of 16 x 16 pixels",
            ),
        ];
        for (config, message) in cases {
            assert_eq!(config.check().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn texts_read_back_as_they_print() {
        for text in ["auto", "none", "all", "12"] {
            assert_eq!(text.parse::<Labels>().unwrap().to_string(), text);
        }
        for text in ["auto", "0.25"] {
            assert_eq!(text.parse::<EdgeOpacity>().unwrap().to_string(), text);
        }
        for text in ["transparent", "#0a1b2c", "#0a1b2c7f"] {
            assert_eq!(text.parse::<HexColor>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn bad_texts_say_what_is_allowed() {
        for text in ["", "#12345", "red", "#+12345", "#1234567g"] {
            let error = text.parse::<HexColor>().unwrap_err().to_string();
            assert!(error.ends_with("expected `#rrggbb`, `#rrggbbaa` or `transparent`"), "{error}");
        }
        assert!("-1".parse::<Labels>().is_err());
        assert!("1.5".parse::<EdgeOpacity>().is_err());
        assert!("nan".parse::<EdgeOpacity>().is_err());
    }

    #[cfg(feature = "clap")]
    #[test]
    fn the_command_line_has_the_same_defaults() {
        use clap::Parser;

        #[derive(Parser)]
        struct Cli {
            #[command(flatten)]
            image: ImageConfig,
        }
        assert_eq!(Cli::parse_from(["draw"]).image, ImageConfig::default());
        let given = Cli::parse_from(["draw", "--labels", "5", "--theme", "light"]).image;
        assert_eq!((given.labels, given.theme), (Labels::Count(5), Theme::Light));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn json_has_the_same_defaults_and_refuses_unknown_names() {
        let empty: ImageConfig = serde_json::from_str("{}").unwrap();
        assert_eq!(empty, ImageConfig::default());
        let text = r##"{"labels": "7", "edge_opacity": "0.5", "background": "#102030"}"##;
        let given: ImageConfig = serde_json::from_str(text).unwrap();
        assert_eq!(given.labels, Labels::Count(7));
        assert_eq!(given.edge_opacity, EdgeOpacity::Fixed(0.5));
        let back: ImageConfig =
            serde_json::from_str(&serde_json::to_string(&given).unwrap()).unwrap();
        assert_eq!(back, given);
        assert!(serde_json::from_str::<ImageConfig>(r#"{"colour_by": "x"}"#).is_err());
    }
}
