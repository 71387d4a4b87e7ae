//! Regular expressions of Python as those of this library.

use regex::{Regex, RegexBuilder};

/// What part of a text an expression has to match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Anywhere,
    Start,
    Whole,
}

/// Flags of Python's `re` that change what is matched.
const IGNORE_CASE: u64 = 2;
const MULTI_LINE: u64 = 8;
const DOT_ALL: u64 = 16;
const VERBOSE: u64 = 64;
/// Flags that change nothing here: `LOCALE` is not for texts, `UNICODE` is the default.
const WITHOUT_EFFECT: u64 = 32;

/// Most bytes that a compiled expression may take.
const MOST_BYTES: usize = 1 << 22;

/// Compiles `pattern`; `Err` says in words what stands in the way.
///
/// Matching takes time that is linear in the text, whatever the expression: look-around and
/// back-references, which would need more, are errors.
pub(super) fn compile(
    pattern: &str,
    case: bool,
    flags: u64,
    anchor: Anchor,
) -> Result<Regex, String> {
    let known = IGNORE_CASE | MULTI_LINE | DOT_ALL | VERBOSE | WITHOUT_EFFECT;
    if flags & !known != 0 {
        return Err(format!("the flags {:#x} are not supported", flags & !known));
    }
    let verbose = flags & VERBOSE != 0;
    let body = translate(pattern);
    // A comment at the end of a verbose expression would swallow the parenthesis.
    let end = if verbose { "\n" } else { "" };
    let anchored = match anchor {
        Anchor::Anywhere => body,
        Anchor::Start => format!(r"\A(?:{body}{end})"),
        Anchor::Whole => format!(r"\A(?:{body}{end})\z"),
    };
    RegexBuilder::new(&anchored)
        .case_insensitive(!case || flags & IGNORE_CASE != 0)
        .multi_line(flags & MULTI_LINE != 0)
        .dot_matches_new_line(flags & DOT_ALL != 0)
        .ignore_whitespace(verbose)
        .size_limit(MOST_BYTES)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or("it is invalid");
            reason.trim_start_matches("error: ").to_owned()
        })
}

/// Python's `\Z` is `\z` here; all else that both know is the same.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(char) = chars.next() {
        out.push(char);
        if char == '\\'
            && let Some(escaped) = chars.next()
        {
            out.push(if escaped == 'Z' { 'z' } else { escaped });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_and_flags_are_those_of_python() {
        let hits = |pattern: &str, flags, anchor, text: &str| {
            compile(pattern, true, flags, anchor).unwrap().is_match(text)
        };
        assert!(hits("b|c", 0, Anchor::Anywhere, "abd"));
        assert!(!hits("b|c", 0, Anchor::Start, "abd"));
        assert!(hits("a|c", 0, Anchor::Start, "abd"));
        assert!(!hits("ab|cd", 0, Anchor::Whole, "abx"));
        assert!(hits(r"ab\Z", 0, Anchor::Anywhere, "xab"));
        assert!(hits("AB", IGNORE_CASE, Anchor::Whole, "ab"));
        assert!(hits("a b # c", VERBOSE, Anchor::Whole, "ab"));
        assert!(hits("a.b", DOT_ALL, Anchor::Whole, "a\nb"));
        assert!(hits("^b", MULTI_LINE, Anchor::Anywhere, "a\nb"));
    }

    #[test]
    fn what_is_not_linear_is_refused() {
        for pattern in ["(?=a)", r"(a)\1", "(", "a{5000}{5000}"] {
            assert!(compile(pattern, true, 0, Anchor::Anywhere).is_err(), "{pattern}");
        }
        assert!(compile("a", true, 256, Anchor::Anywhere).is_err());
    }
}
