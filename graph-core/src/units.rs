//! Numbers with units, as people write them in options and files.

use std::time::Duration;

/// The number at the start of `text`, and the unit after it in lower case.
fn split(text: &str) -> Option<(f64, String)> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    Some((text[..end].parse().ok()?, text[end..].trim().to_ascii_lowercase()))
}

/// Reads bytes with a unit: `1500`, `64 kB`, `2GiB`; units of 1000 and, with an `i`, of 1024.
///
/// ```
/// use graph_core::parse_bytes;
///
/// assert_eq!(parse_bytes("2 GiB"), Some(2 << 30));
/// assert_eq!(parse_bytes("1.5kB"), Some(1500));
/// assert_eq!(parse_bytes("2 apples"), None);
/// ```
pub fn parse_bytes(text: &str) -> Option<u64> {
    let (number, unit) = split(text)?;
    let unit = match unit.as_str() {
        "" | "b" | "bytes" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    let bytes = number * unit;
    (bytes < u64::MAX as f64).then_some(bytes as u64)
}

/// Reads a time with a unit: `90`, which are seconds, `250 ms`, `1.5h`, `2 days`.
///
/// ```
/// use std::time::Duration;
/// use graph_core::parse_duration;
///
/// assert_eq!(parse_duration("90"), Some(Duration::from_secs(90)));
/// assert_eq!(parse_duration("1.5 h"), Some(Duration::from_secs(5400)));
/// assert_eq!(parse_duration("2 apples"), None);
/// ```
pub fn parse_duration(text: &str) -> Option<Duration> {
    let (number, unit) = split(text)?;
    let unit = match unit.as_str() {
        "ms" => 1e-3,
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3600.0,
        "d" | "day" | "days" => 86400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * unit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_units() {
        assert_eq!(parse_bytes("10"), Some(10));
        assert_eq!(parse_bytes(" 1.5 MiB "), Some(1_572_864));
        assert_eq!(parse_bytes("3g"), Some(3_000_000_000));
        assert_eq!(parse_bytes("-3"), None);
        assert_eq!(parse_bytes("1e9"), None);
        assert_eq!(parse_bytes(""), None);
        assert_eq!(parse_bytes("99999999999 TiB"), None);
    }

    #[test]
    fn times_have_units() {
        assert_eq!(parse_duration(" 250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse_duration("2 Min"), Some(Duration::from_mins(2)));
        assert_eq!(parse_duration("2d"), Some(Duration::from_hours(48)));
        assert_eq!(parse_duration("-1"), None);
        assert_eq!(parse_duration("1h30"), None);
        assert_eq!(parse_duration("99999999999999999999d"), None);
    }
}
