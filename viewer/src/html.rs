//! One page that needs nothing else: program, style and scene in a single file.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A page that shows `scene`, the bytes of a [`Scene`](crate::Scene), with the program and style of the viewer.
///
/// The scene is in a script element of type `application/vnd.graphlume.scene;base64`. The page loads nothing
/// from anywhere, and says so to the browser. Whatever the texts hold, they end nothing but themselves.
///
/// ```
/// let page = graph_viewer::offline_html(b"GLSC", "show('</script>')", "", "a < b");
/// assert!(page.contains("<title>a &lt; b</title>"));
/// assert_eq!(page.matches("</script>").count(), 2);
/// assert!(page.contains(">R0xTQw==</script>"));
/// ```
pub fn offline_html(scene: &[u8], bundle_js: &str, bundle_css: &str, title: &str) -> String {
    let policy = "default-src 'none'; script-src 'unsafe-inline' blob:; worker-src blob:; \
                  style-src 'unsafe-inline'; img-src data: blob:; font-src data:; connect-src data: blob:";
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"content-security-policy\" content=\"{policy}\">\n\
         <title>{title}</title>\n<style>{css}</style>\n</head>\n<body>\n\
         <script type=\"application/vnd.graphlume.scene;base64\">{scene}</script>\n\
         <script type=\"module\">{js}</script>\n</body>\n</html>\n",
        title = escape(title),
        css = inside(bundle_css, "style"),
        js = inside(bundle_js, "script"),
        scene = STANDARD.encode(scene),
    )
}

/// Text as a page or an SVG shows it.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Program or style as it may stand in the element `name`: what would end the element, or begin a comment in
/// which its end is not seen, is written with an escape that means the same in a string.
fn inside(text: &str, name: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, from) = rest.split_at(at);
        safe.push_str(before);
        let behind = &from[1..];
        let ends = behind
            .strip_prefix('/')
            .and_then(|word| word.get(..name.len()))
            .is_some_and(|word| word.eq_ignore_ascii_case(name));
        if ends {
            safe.push_str("<\\");
        } else if behind.starts_with("!--") && name == "script" {
            safe.push_str("\\x3c");
        } else {
            safe.push('<');
        }
        rest = behind;
    }
    safe.push_str(rest);
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_before_its_end() {
        let js = "a('</ScRiPt><script>'); b('<!-- x'); c = 1 < 2; d('</scr')";
        let page = offline_html(&[0, 255], js, "p{content:'</STYLE>'}", "</title><script>");
        assert_eq!(page.to_lowercase().matches("</script").count(), 2);
        assert_eq!(page.to_lowercase().matches("</style").count(), 1);
        assert_eq!(page.matches("<!--").count(), 0);
        assert!(page.contains(r"a('<\/ScRiPt><script>'); b('\x3c!-- x'); c = 1 < 2; d('</scr')"));
        assert!(page.contains("&lt;/title&gt;&lt;script&gt;"));
    }

    #[test]
    fn the_scene_comes_back() {
        let scene: Vec<u8> = (0..=255).collect();
        let page = offline_html(&scene, "", "", "");
        let (_, from) = page.split_once("scene;base64\">").unwrap();
        let (text, _) = from.split_once("</script>").unwrap();
        assert_eq!(STANDARD.decode(text).unwrap(), scene);
    }
}
