//! What a Dockerfile says of its context and of its command.

/// The instructions of a Dockerfile that matter here.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Dockerfile {
    /// Paths in the context that are copied.
    pub(super) sources: Vec<String>,
    /// Whether the image that comes out of it has a command of its own making, not one of its base.
    pub(super) has_command: bool,
}

impl Dockerfile {
    pub(super) fn parse(text: &str) -> Self {
        let mut found = Self::default();
        for line in logical_lines(text) {
            let (keyword, rest) = line.split_once(char::is_whitespace).unwrap_or((&line, ""));
            match keyword.to_uppercase().as_str() {
                // Only the last stage becomes the image.
                "FROM" => found.has_command = false,
                "CMD" | "ENTRYPOINT" => found.has_command = true,
                "COPY" | "ADD" => found.sources.extend(sources(rest.trim())),
                _ => {}
            }
        }
        found
    }
}

/// Lines without comments, each with those that continue it.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open = String::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        match line.strip_suffix('\\') {
            Some(part) => {
                open.push_str(part);
                open.push(' ');
            }
            None => lines.push(std::mem::take(&mut open) + line),
        }
    }
    if !open.is_empty() {
        lines.push(open);
    }
    lines
}

/// All words but the last, which says where to; none if another stage is copied from, or if it is not a file.
fn sources(arguments: &str) -> Vec<String> {
    let mut rest = arguments;
    while let Some(flag) = rest.strip_prefix("--") {
        if flag.starts_with("from=") {
            return Vec::new();
        }
        rest = flag.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start());
    }
    let words: Vec<String> = match serde_json::from_str(rest) {
        Ok(words) => words,
        Err(_) => rest.split_whitespace().map(str::to_owned).collect(),
    };
    let n = words.len().saturating_sub(1);
    let here = |word: &String| !word.contains("://") && !word.contains('$');
    words.into_iter().take(n).filter(here).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_and_commands_are_found() {
        let text = "# syntax\nFROM a AS b\nCOPY x/y.py \\\n  # between\n  z.txt /there/\nCMD [\"x\"]\n\
                    FROM scratch\ncopy --from=b /a /b\nADD --chown=1:1 [\"my file\", \"/\"]\n\
                    ADD https://a/b c\nCOPY $X /y\n";
        let found = Dockerfile::parse(text);
        assert_eq!(found.sources, ["x/y.py", "z.txt", "my file"]);
        assert!(!found.has_command, "it is that of another stage");
        assert!(Dockerfile::parse("FROM a\nENTRYPOINT run").has_command);
        assert_eq!(Dockerfile::parse(""), Dockerfile::default());
    }
}
