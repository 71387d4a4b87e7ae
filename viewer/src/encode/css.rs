//! Colors as CSS writes them.

use graph_core::words::nearest;

use crate::encode::Rgba8;
use crate::{Error, Result};

/// Reads a color: `#rgb`, `#rgba`, `#rrggbb`, `#rrggbbaa`, `rgb()`, `rgba()`, `hsl()`, `hsla()`
/// with commas or spaces, `transparent`, or a name of CSS.
///
/// Source: CSS Color Module Level 4, W3C.
///
/// ```
/// use graph_viewer::encode::parse_color;
///
/// assert_eq!(parse_color("#f80")?, [255, 136, 0, 255]);
/// assert_eq!(parse_color("rgb(255 0 0 / 50%)")?, [255, 0, 0, 128]);
/// assert_eq!(parse_color("hsl(120, 100%, 25%)")?, [0, 128, 0, 255]);
/// assert_eq!(parse_color("RebeccaPurple")?, [0x66, 0x33, 0x99, 255]);
/// # Ok::<(), graph_viewer::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::BadColor`] with the nearest name, if there is one.
pub fn parse_color(text: &str) -> Result<Rgba8> {
    let lower = text.trim().to_ascii_lowercase();
    let color = match lower.strip_prefix('#') {
        Some(digits) => hex(digits),
        None if lower.ends_with(')') => function(&lower),
        None if lower == "transparent" => Some([0; 4]),
        None => named(&lower),
    };
    color.ok_or_else(|| Error::BadColor {
        text: text.to_owned(),
        nearest: nearest(&lower, NAMES.iter().map(|(name, _)| *name)),
    })
}

fn hex(digits: &str) -> Option<Rgba8> {
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    let spread = |shift: u32| ((number >> shift & 0xf) * 0x11) as u8;
    match digits.len() {
        3 => Some([spread(8), spread(4), spread(0), 255]),
        4 => Some([spread(12), spread(8), spread(4), spread(0)]),
        6 => Some((number << 8 | 0xff).to_be_bytes()),
        8 => Some(number.to_be_bytes()),
        _ => None,
    }
}

fn function(text: &str) -> Option<Rgba8> {
    let (name, arguments) = text.strip_suffix(')')?.split_once('(')?;
    let arguments: Vec<&str> = arguments
        .split(|c: char| c == ',' || c == '/' || c.is_whitespace())
        .filter(|part| !part.is_empty())
        .collect();
    let [first, second, third, rest @ ..] = arguments.as_slice() else { return None };
    let alpha = match rest {
        [] => 1.0,
        [alpha] => share(alpha, 1.0)?,
        _ => return None,
    };
    let [red, green, blue] = match name {
        "rgb" | "rgba" => [share(first, 255.0)?, share(second, 255.0)?, share(third, 255.0)?],
        "hsl" | "hsla" => {
            let hue: f64 = first.strip_suffix("deg").unwrap_or(first).parse().ok()?;
            let [saturation, lightness] = [second, third].map(|part| part.strip_suffix('%'));
            let percent = |part: Option<&str>| part?.parse().ok().map(|value: f64| value / 100.0);
            hsl(hue, percent(saturation)?.clamp(0.0, 1.0), percent(lightness)?.clamp(0.0, 1.0))?
        }
        _ => return None,
    };
    Some([red, green, blue, alpha].map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8))
}

/// A percentage, or a number of which `whole` is all; finite.
fn share(text: &str, whole: f64) -> Option<f64> {
    let value: f64 = match text.strip_suffix('%') {
        Some(percent) => percent.parse::<f64>().ok()? / 100.0,
        None => text.parse::<f64>().ok()? / whole,
    };
    value.is_finite().then_some(value)
}

fn hsl(hue: f64, saturation: f64, lightness: f64) -> Option<[f64; 3]> {
    let reach = saturation * lightness.min(1.0 - lightness);
    let channel = |offset: f64| {
        let k = (offset + hue.rem_euclid(360.0) / 30.0) % 12.0;
        lightness - reach * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0)
    };
    hue.is_finite().then(|| [0.0, 8.0, 4.0].map(channel))
}

fn named(name: &str) -> Option<Rgba8> {
    let at = NAMES.binary_search_by_key(&name, |&(name, _)| name).ok()?;
    Some((NAMES[at].1 << 8 | 0xff).to_be_bytes())
}

/// The named colors of CSS, in order of their names.
#[rustfmt::skip]
#[expect(clippy::unreadable_literal, reason = "colors are written as on the web")]
const NAMES: [(&str, u32); 148] = [
    ("aliceblue", 0xf0f8ff), ("antiquewhite", 0xfaebd7), ("aqua", 0x00ffff),
    ("aquamarine", 0x7fffd4), ("azure", 0xf0ffff), ("beige", 0xf5f5dc), ("bisque", 0xffe4c4),
    ("black", 0x000000), ("blanchedalmond", 0xffebcd), ("blue", 0x0000ff),
    ("blueviolet", 0x8a2be2), ("brown", 0xa52a2a), ("burlywood", 0xdeb887),
    ("cadetblue", 0x5f9ea0), ("chartreuse", 0x7fff00), ("chocolate", 0xd2691e),
    ("coral", 0xff7f50), ("cornflowerblue", 0x6495ed), ("cornsilk", 0xfff8dc),
    ("crimson", 0xdc143c), ("cyan", 0x00ffff), ("darkblue", 0x00008b), ("darkcyan", 0x008b8b),
    ("darkgoldenrod", 0xb8860b), ("darkgray", 0xa9a9a9), ("darkgreen", 0x006400),
    ("darkgrey", 0xa9a9a9), ("darkkhaki", 0xbdb76b), ("darkmagenta", 0x8b008b),
    ("darkolivegreen", 0x556b2f), ("darkorange", 0xff8c00), ("darkorchid", 0x9932cc),
    ("darkred", 0x8b0000), ("darksalmon", 0xe9967a), ("darkseagreen", 0x8fbc8f),
    ("darkslateblue", 0x483d8b), ("darkslategray", 0x2f4f4f), ("darkslategrey", 0x2f4f4f),
    ("darkturquoise", 0x00ced1), ("darkviolet", 0x9400d3), ("deeppink", 0xff1493),
    ("deepskyblue", 0x00bfff), ("dimgray", 0x696969), ("dimgrey", 0x696969),
    ("dodgerblue", 0x1e90ff), ("firebrick", 0xb22222), ("floralwhite", 0xfffaf0),
    ("forestgreen", 0x228b22), ("fuchsia", 0xff00ff), ("gainsboro", 0xdcdcdc),
    ("ghostwhite", 0xf8f8ff), ("gold", 0xffd700), ("goldenrod", 0xdaa520), ("gray", 0x808080),
    ("green", 0x008000), ("greenyellow", 0xadff2f), ("grey", 0x808080), ("honeydew", 0xf0fff0),
    ("hotpink", 0xff69b4), ("indianred", 0xcd5c5c), ("indigo", 0x4b0082), ("ivory", 0xfffff0),
    ("khaki", 0xf0e68c), ("lavender", 0xe6e6fa), ("lavenderblush", 0xfff0f5),
    ("lawngreen", 0x7cfc00), ("lemonchiffon", 0xfffacd), ("lightblue", 0xadd8e6),
    ("lightcoral", 0xf08080), ("lightcyan", 0xe0ffff), ("lightgoldenrodyellow", 0xfafad2),
    ("lightgray", 0xd3d3d3), ("lightgreen", 0x90ee90), ("lightgrey", 0xd3d3d3),
    ("lightpink", 0xffb6c1), ("lightsalmon", 0xffa07a), ("lightseagreen", 0x20b2aa),
    ("lightskyblue", 0x87cefa), ("lightslategray", 0x778899), ("lightslategrey", 0x778899),
    ("lightsteelblue", 0xb0c4de), ("lightyellow", 0xffffe0), ("lime", 0x00ff00),
    ("limegreen", 0x32cd32), ("linen", 0xfaf0e6), ("magenta", 0xff00ff), ("maroon", 0x800000),
    ("mediumaquamarine", 0x66cdaa), ("mediumblue", 0x0000cd), ("mediumorchid", 0xba55d3),
    ("mediumpurple", 0x9370db), ("mediumseagreen", 0x3cb371), ("mediumslateblue", 0x7b68ee),
    ("mediumspringgreen", 0x00fa9a), ("mediumturquoise", 0x48d1cc),
    ("mediumvioletred", 0xc71585), ("midnightblue", 0x191970), ("mintcream", 0xf5fffa),
    ("mistyrose", 0xffe4e1), ("moccasin", 0xffe4b5), ("navajowhite", 0xffdead),
    ("navy", 0x000080), ("oldlace", 0xfdf5e6), ("olive", 0x808000), ("olivedrab", 0x6b8e23),
    ("orange", 0xffa500), ("orangered", 0xff4500), ("orchid", 0xda70d6),
    ("palegoldenrod", 0xeee8aa), ("palegreen", 0x98fb98), ("paleturquoise", 0xafeeee),
    ("palevioletred", 0xdb7093), ("papayawhip", 0xffefd5), ("peachpuff", 0xffdab9),
    ("peru", 0xcd853f), ("pink", 0xffc0cb), ("plum", 0xdda0dd), ("powderblue", 0xb0e0e6),
    ("purple", 0x800080), ("rebeccapurple", 0x663399), ("red", 0xff0000),
    ("rosybrown", 0xbc8f8f), ("royalblue", 0x4169e1), ("saddlebrown", 0x8b4513),
    ("salmon", 0xfa8072), ("sandybrown", 0xf4a460), ("seagreen", 0x2e8b57),
    ("seashell", 0xfff5ee), ("sienna", 0xa0522d), ("silver", 0xc0c0c0), ("skyblue", 0x87ceeb),
    ("slateblue", 0x6a5acd), ("slategray", 0x708090), ("slategrey", 0x708090),
    ("snow", 0xfffafa), ("springgreen", 0x00ff7f), ("steelblue", 0x4682b4), ("tan", 0xd2b48c),
    ("teal", 0x008080), ("thistle", 0xd8bfd8), ("tomato", 0xff6347), ("turquoise", 0x40e0d0),
    ("violet", 0xee82ee), ("wheat", 0xf5deb3), ("white", 0xffffff), ("whitesmoke", 0xf5f5f5),
    ("yellow", 0xffff00), ("yellowgreen", 0x9acd32),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn notations_of_css_are_read() {
        for (text, expected) in [
            ("#0f08", [0, 255, 0, 136]),
            ("#01020304", [1, 2, 3, 4]),
            ("rgb(1, 2,3)", [1, 2, 3, 255]),
            ("rgba(100%, 0%, 50%, .5)", [255, 0, 128, 128]),
            ("rgb(300, -5, 0)", [255, 0, 0, 255]),
            ("hsl(-120deg 100% 50%)", [0, 0, 255, 255]),
            ("hsla(0, 0%, 50%, 0)", [128, 128, 128, 0]),
            (" Navy ", [0, 0, 128, 255]),
            ("transparent", [0; 4]),
        ] {
            assert_eq!(parse_color(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_color_is_refused_with_the_nearest_name() {
        let error = parse_color("bleu").unwrap_err().to_string();
        assert_eq!(error, "`bleu` is not a color; did you mean `blue`?");
        for text in [
            "",
            "#",
            "#12345",
            "#ggg",
            "#+12",
            "rgb(1,2)",
            "rgb(1,2,3,4,5)",
            "hsl(nan,0%,0%)",
            "hsl(1,2,3)",
            "rgb(inf,0,0)",
        ] {
            assert!(matches!(parse_color(text), Err(Error::BadColor { .. })), "{text}");
        }
    }
}
