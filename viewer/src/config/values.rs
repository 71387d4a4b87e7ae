//! Values of the options of a picture, as they are read and printed.

use std::fmt;
use std::str::FromStr;

use crate::encode::{Rgba8, named_palette, parse_color};
use crate::{Error, Result};

/// Refuses an opacity that is none.
pub(super) fn check_opacity(opacity: f32) -> Result<()> {
    if (0.0..=1.0).contains(&opacity) {
        return Ok(());
    }
    let range = "from 0 to 1, or `auto`";
    Err(Error::OutOfRange { option: "edge_opacity", value: f64::from(opacity), range })
}

/// Background and the colors that must stand out from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Theme {
    /// Glowing edges on near black
    #[default]
    Dark,
    /// Ink on near white
    Light,
}

/// How a number becomes a place on the color scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum ColorScale {
    /// Linear, or by quantile if most values crowd at one end
    #[default]
    Auto,
    /// Equal differences of value are equal steps of color
    Linear,
    /// Equal ratios of value are equal steps of color, from the smallest positive value
    Log,
    /// Equal numbers of nodes share equal steps of color
    Quantile,
}

/// Which edges of a directed graph end in the head of an arrow: of those long enough to be seen beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Arrows {
    /// All that are long enough, if the graph has no more than 1500 edges
    #[default]
    Auto,
    /// None
    None,
    /// All that are long enough, however many
    All,
}

/// Whether a key of the colors is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Legend {
    /// Where colors carry data of the nodes
    #[default]
    Auto,
    /// Never
    None,
}

/// Which nodes get a label.
///
/// ```
/// use graph_viewer::Labels;
///
/// assert_eq!("12".parse::<Labels>()?, Labels::Count(12));
/// # Ok::<(), graph_viewer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub enum Labels {
    /// As many as look good. If the only text is a number and there are more than 120 nodes: of
    /// those whose area is eight times the median or more, the dozen largest.
    #[default]
    Auto,
    /// None.
    None,
    /// Every node, as far as places are free.
    All,
    /// At most this many.
    Count(usize),
}

impl FromStr for Labels {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "auto" => Ok(Self::Auto),
            "none" => Ok(Self::None),
            "all" => Ok(Self::All),
            number => number.parse().map(Self::Count).map_err(|_| Error::BadText {
                option: "choice of labels",
                value: number.to_owned(),
                expected: "`auto`, `none`, `all` or a number",
            }),
        }
    }
}

impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::None => f.write_str("none"),
            Self::All => f.write_str("all"),
            Self::Count(count) => count.fmt(f),
        }
    }
}

/// Opacity of one edge where no other crosses it.
///
/// ```
/// use graph_viewer::EdgeOpacity;
///
/// assert_eq!("0.5".parse::<EdgeOpacity>()?, EdgeOpacity::Fixed(0.5));
/// # Ok::<(), graph_viewer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub enum EdgeOpacity {
    /// Chosen from how densely edges lie on one another.
    #[default]
    Auto,
    /// This opacity, 0 to 1; `k` edges on one another have opacity `1 - (1 - opacity)^k`.
    Fixed(f32),
}

impl FromStr for EdgeOpacity {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        let bad = |_| Error::BadText {
            option: "edge opacity",
            value: text.to_owned(),
            expected: "`auto` or a number from 0 to 1",
        };
        let opacity = text.parse().map_err(bad)?;
        check_opacity(opacity)?;
        Ok(Self::Fixed(opacity))
    }
}

impl fmt::Display for EdgeOpacity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::Fixed(opacity) => opacity.fmt(f),
        }
    }
}

/// Colors to choose from.
///
/// ```
/// use graph_viewer::Palette;
///
/// assert_eq!("white, #f00".parse::<Palette>()?, Palette(vec![[255; 4], [255, 0, 0, 255]]));
/// # Ok::<(), graph_viewer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Palette(pub Vec<Rgba8>);

impl FromStr for Palette {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(colors) = named_palette(text) {
            return Ok(Self(colors));
        }
        // Commas between parentheses are those of a color.
        let mut depth = 0;
        let parts = text.split(|c| {
            depth += i32::from(c == '(') - i32::from(c == ')');
            c == ',' && depth == 0
        });
        parts.map(parse_color).collect::<Result<_>>().map(Self)
    }
}

impl fmt::Display for Palette {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, &color) in self.0.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(f, "{comma}{}", HexColor(color))?;
        }
        Ok(())
    }
}

/// Into which bins numbers go.
///
/// ```
/// use graph_viewer::BinChoice;
///
/// assert_eq!("5".parse::<BinChoice>()?, BinChoice::Count(5));
/// assert_eq!("0,10".parse::<BinChoice>()?, BinChoice::Bounds(vec![0.0, 10.0]));
/// # Ok::<(), graph_viewer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub enum BinChoice {
    /// So many, 1 to 256, with bounds found from the numbers.
    Count(usize),
    /// Below each of these, ascending, and from the last one on.
    Bounds(Vec<f64>),
}

impl FromStr for BinChoice {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let bad = || Error::BadText {
            option: "choice of bins",
            value: text.to_owned(),
            expected: "a number from 1 to 256, or two or more ascending bounds as `0,10,100`",
        };
        if let Ok(count) = text.trim().parse() {
            return Some(Self::Count(count)).filter(|_| (1..=256).contains(&count)).ok_or_else(bad);
        }
        let bounds = text.split(',').map(|part| part.trim().parse::<f64>());
        let bounds = bounds.collect::<Result<Vec<_>, _>>().map_err(|_| bad())?;
        let is_ascending = bounds.windows(2).all(|pair| pair[0] < pair[1]);
        let is_finite = bounds.iter().all(|bound| bound.is_finite());
        Some(Self::Bounds(bounds)).filter(|_| is_ascending && is_finite).ok_or_else(bad)
    }
}

impl fmt::Display for BinChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Bounds(bounds) => {
                let bounds: Vec<String> = bounds.iter().map(|bound| format!("{bound:?}")).collect();
                f.write_str(&bounds.join(","))
            }
        }
    }
}

/// A color that reads and prints as `#rrggbb`, `#rrggbbaa` or `transparent`.
///
/// ```
/// use graph_viewer::HexColor;
///
/// assert_eq!("#ff8000".parse::<HexColor>()?, HexColor([255, 128, 0, 255]));
/// # Ok::<(), graph_viewer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct HexColor(pub Rgba8);

impl FromStr for HexColor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "transparent" {
            return Ok(Self([0; 4]));
        }
        let bad = || Error::BadText {
            option: "color",
            value: text.to_owned(),
            expected: "`#rrggbb`, `#rrggbbaa` or `transparent`",
        };
        let digits = text.strip_prefix('#').ok_or_else(bad)?;
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex || ![6, 8].contains(&digits.len()) {
            return Err(bad());
        }
        let number = u32::from_str_radix(digits, 16).map_err(|_| bad())?;
        Ok(Self(if digits.len() == 6 { number << 8 | 0xff } else { number }.to_be_bytes()))
    }
}

impl fmt::Display for HexColor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue, alpha] = self.0;
        match alpha {
            0 => f.write_str("transparent"),
            255 => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
            _ => write!(f, "#{red:02x}{green:02x}{blue:02x}{alpha:02x}"),
        }
    }
}

/// Texts stand for these types in JSON, so that `"auto"` and `"0.5"` read as on the command line.
#[cfg(feature = "serde")]
macro_rules! as_text {
    ($($name:ty),*) => {$(
        impl TryFrom<String> for $name {
            type Error = Error;

            fn try_from(text: String) -> Result<Self> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.to_string()
            }
        }
    )*};
}
#[cfg(feature = "serde")]
as_text!(BinChoice, EdgeOpacity, HexColor, Labels, Palette);
