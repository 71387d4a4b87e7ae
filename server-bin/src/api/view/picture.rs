//! What a graph looks like: as buffers for a page, as a picture, as a page of its own.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use graphlume::viewer::encode::{Encodings, parse_color};
use graphlume::viewer::{
    Arrows, HexColor, ImageConfig, MOST_TABLE_BYTES, Picture, Scene, Theme, offline_html, page,
};
use graphlume::{Graph, viewer};
use serde_json::{Value, json};

use super::{as_file, bytes_of, file_name, unless_known};
use crate::api::input::{Params, check_names};
use crate::auth::{Access, Who};
use crate::derived::Of;
use crate::error::{ApiError, ApiResult};
use crate::graphs::Loaded;
use crate::server::Server;
use crate::store::{Dataset, Spec};

/// Content type of a scene.
const SCENE: &str = "application/vnd.graphlume.scene";

/// What the sides of a picture can be, in pixels.
const SIDES: RangeInclusive<u32> = 16..=4096;

/// Keys of an address that are no options of a picture, of each kind of answer.
const SCENE_ALONE: &[&str] = &["buffers"];
const PICTURE: &[&str] = &[];

/// Keys of an address that choose what is seen, and the option of a picture that each is.
const CHANNELS: [(&str, &str); 9] = [
    ("node_color", "color_by"),
    ("node_size", "size_by"),
    ("node_opacity", "opacity_by"),
    ("node_label", "label_by"),
    ("node_icon", "icon_by"),
    ("node_badge", "badge_by"),
    ("edge_color", "edge_color_by"),
    ("edge_width", "edge_size_by"),
    ("edge_opacity", "edge_opacity_by"),
];

type Query = Params<BTreeMap<String, String>>;

/// One encoding that a dataset was saved with: where it is in PyGraphistry's form, and what it says.
#[derive(Debug, Clone)]
struct Saved {
    part: &'static str,
    level: Option<&'static str>,
    name: String,
    value: Value,
}

/// All encodings that a dataset was saved with.
fn saved(spec: &Spec) -> Vec<Saved> {
    let mut all = Vec::new();
    for (part, fields) in
        [("node_encodings", &spec.node_encodings), ("edge_encodings", &spec.edge_encodings)]
    {
        let complex = fields.get("complex");
        let places = [
            (None, fields.get("bindings")),
            (Some("default"), complex.and_then(|complex| complex.get("default"))),
            (Some("current"), complex.and_then(|complex| complex.get("current"))),
        ];
        for (level, values) in places {
            for (name, value) in values.and_then(Value::as_object).into_iter().flatten() {
                all.push(Saved { part, level, name: name.clone(), value: value.clone() });
            }
        }
    }
    all
}

/// Some of these encodings, read.
fn read<'a>(saved: impl IntoIterator<Item = &'a Saved>) -> viewer::Result<Encodings> {
    let mut document = json!({
        "node_encodings": {"bindings": {}, "complex": {"default": {}, "current": {}}},
        "edge_encodings": {"bindings": {}, "complex": {"default": {}, "current": {}}},
    });
    for one in saved {
        let part = &mut document[one.part];
        let place = match one.level {
            None => &mut part["bindings"],
            Some(level) => &mut part["complex"][level],
        };
        place[&one.name] = one.value.clone();
    }
    Encodings::from_json(&document.to_string())
}

/// Columns that encodings name.
fn named(encodings: &Encodings) -> Vec<(Of, String)> {
    let mut named = Vec::new();
    let mut add =
        |of, column: Option<&String>| named.extend(column.map(|column| (of, column.clone())));
    macro_rules! columns {
        ($of:expr; $($field:ident),*) => { $(add($of, encodings.$field.as_ref().map(|one| &one.column));)* };
    }
    columns!(Of::Nodes; node_color, node_size, node_opacity, node_icon);
    columns!(Of::Edges; edge_color, edge_source_color, edge_target_color, edge_size, edge_opacity, edge_weight, edge_icon);
    for title in [&encodings.node_title, &encodings.node_label] {
        add(Of::Nodes, title.as_ref());
    }
    for title in [&encodings.edge_title, &encodings.edge_label] {
        add(Of::Edges, title.as_ref());
    }
    for badge in encodings.badges.values() {
        add(Of::Nodes, badge.icon.as_ref().map(|one| &one.column));
        for color in [&badge.color, &badge.background] {
            add(Of::Nodes, color.as_ref().map(|one| &one.column));
        }
    }
    named
}

/// The options of a picture of a dataset as it was saved.
fn usual(dataset: &Dataset) -> ImageConfig {
    let mut config = ImageConfig { title: Some(dataset.name.clone()), ..ImageConfig::default() };
    let spec = &dataset.spec;
    let of_page = spec.metadata.get("bg").and_then(|bg| bg.get("color")?.as_str());
    let of_view =
        spec.url_params.get("bg").and_then(Value::as_str).map(|text| text.replace("%23", "#"));
    let background = of_view.as_deref().or(of_page).and_then(|text| parse_color(text).ok());
    if let Some(color @ [red, green, blue, alpha]) = background
        && alpha > 0
    {
        let light = 0.299 * f64::from(red) + 0.587 * f64::from(green) + 0.114 * f64::from(blue);
        config.theme = if light > 127.0 { Theme::Light } else { Theme::Dark };
        config.background = Some(HexColor(color));
    }
    if spec.url_params.get("showArrows") == Some(&Value::Bool(false)) {
        config.arrows = Arrows::None;
    }
    config
}

/// The options with what an address says in their place. Of other keys it may have those of `also`.
fn asked(
    config: &ImageConfig,
    query: &BTreeMap<String, String>,
    also: &[&str],
) -> ApiResult<ImageConfig> {
    let Value::Object(mut options) = serde_json::to_value(config).map_err(ApiError::internal)?
    else {
        return Err(ApiError::internal(anyhow::anyhow!("the options of a picture are no object")));
    };
    let channels = CHANNELS.iter().map(|(channel, _)| *channel);
    let known = options.keys().map(String::as_str).chain(channels).chain(also.iter().copied());
    check_names(query.keys(), &known.collect::<Vec<_>>())?;
    for (key, text) in query {
        let channel = CHANNELS.iter().find(|(channel, _)| channel == key);
        let option = channel.map_or(key.as_str(), |(_, option)| option);
        let Some(old) = options.get_mut(option) else { continue };
        *old = match old {
            Value::Number(_) => {
                let wrong = || ApiError::Invalid(format!("{key} is `{text}`, which is no number"));
                serde_json::from_str::<serde_json::Number>(text.trim()).map_err(|_| wrong())?.into()
            }
            _ if text.is_empty() => Value::Null,
            _ => Value::from(text.as_str()),
        };
    }
    serde_json::from_value(Value::Object(options))
        .map_err(|error| ApiError::Invalid(graphlume::graph::words::of_serde(&error.to_string())))
}

/// What a dataset looks like: the graph with all columns that are needed, and the options.
struct Seen {
    loaded: Arc<Loaded>,
    graph: Arc<Graph>,
    config: ImageConfig,
    /// What was asked for and cannot be seen.
    warnings: Vec<String>,
}

impl Seen {
    /// What was saved with the dataset is left out where it cannot be seen, and a warning says so; what the
    /// address asks for must do.
    async fn of(
        server: &Server,
        dataset: &Dataset,
        query: &BTreeMap<String, String>,
        also: &[&str],
    ) -> ApiResult<Self> {
        let mut config = asked(&usual(dataset), query, also)?;
        let loaded = server.loaded(dataset).await?;
        let mut saved = saved(&dataset.spec);
        // What is asked for replaces what was saved, which may be wrong as it likes then.
        let replaced = |one: &Saved| {
            let words = match (one.part, one.level) {
                (_, None) => vec![one.name.clone()],
                (part, Some(_)) => {
                    let what = one.name.trim_start_matches("point").trim_start_matches("edge");
                    let what = what.trim_end_matches("Encoding").to_ascii_lowercase();
                    let kind = part.trim_end_matches("_encodings");
                    // That of an address has this place.
                    let what = if what == "badgetopright" { "badge".to_owned() } else { what };
                    let width = (what == "size").then(|| format!("{kind}_width"));
                    width.into_iter().chain([format!("{kind}_{what}")]).collect()
                }
            };
            words.iter().any(|word| query.get(word.as_str()).is_some_and(|text| !text.is_empty()))
        };
        saved.retain(|one| !replaced(one));
        let mut warnings = Vec::new();
        saved.retain(|one| match read([one]) {
            Ok(_) => true,
            Err(error) => {
                warnings.push(error.to_string());
                false
            }
        });
        let mut encodings = read(&saved)?;
        let graph = server.with_measures(dataset, &loaded, &named(&encodings)).await?;
        let checked = Arc::clone(&graph);
        let (fit, more) = server
            .workers
            .run(move |_| {
                if encodings.evaluate(&checked).is_err() {
                    let mut more = Vec::new();
                    saved.retain(|one| {
                        match read([one]).and_then(|one| one.evaluate(&checked).map(drop)) {
                            Ok(()) => true,
                            Err(error) => {
                                more.push(error.to_string());
                                false
                            }
                        }
                    });
                    encodings = read(&saved)?;
                    return Ok((encodings, more));
                }
                Ok((encodings, Vec::new()))
            })
            .await?;
        encodings = fit;
        warnings.extend(more);
        for ignored in &encodings.ignored {
            warnings.push(format!("`{ignored}` has no counterpart here"));
        }
        config.encodings = Some(encodings);
        let words = ["position", "none"];
        let is_word = |of: Of, name: &str| of == Of::Nodes && words.contains(&name);
        let asked = [
            (Of::Nodes, &config.color_by),
            (Of::Nodes, &config.size_by),
            (Of::Nodes, &config.opacity_by),
            (Of::Nodes, &config.label_by),
            (Of::Nodes, &config.icon_by),
            (Of::Nodes, &config.badge_by),
            (Of::Edges, &config.edge_color_by),
            (Of::Edges, &config.edge_size_by),
            (Of::Edges, &config.edge_opacity_by),
        ];
        let asked = asked.into_iter().filter_map(|(of, name)| Some((of, name.clone()?)));
        let mut names: Vec<(Of, String)> = asked.filter(|(of, name)| !is_word(*of, name)).collect();
        names.extend(config.encodings.iter().flat_map(named));
        let graph = server.with_measures(dataset, &loaded, &names).await?;
        Ok(Self { loaded, graph, config, warnings })
    }

    /// As a page has it.
    fn scene(&self) -> ApiResult<Scene> {
        let positions = self.loaded.positions.as_ref();
        let positions = positions.map(|[x, y]| [x.as_slice(), y.as_slice()]);
        let mut scene = Scene::new(&self.graph, positions, &self.config)?;
        if !self.warnings.is_empty() {
            scene.settings.insert("warnings".to_owned(), self.warnings.clone().into());
        }
        Ok(scene)
    }
}

/// All that a page draws, in one binary file
///
/// Keys of the address choose what is seen: `node_color`, `node_size`, `node_label`, `node_icon`, `node_badge`,
/// `node_opacity`, `edge_color`, `edge_width`, `edge_opacity`, each a column or a measure such as `degree` and `pagerank`; without,
/// it is what the dataset was saved with. `buffers` names those that are wanted, separated by commas; `tables` asks for
/// the columns of nodes and edges, which are not there otherwise.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/scene", tag = "view",
    params(
        ("id" = String, Path),
        ("node_color" = Option<String>, Query), ("node_size" = Option<String>, Query),
        ("node_label" = Option<String>, Query), ("node_icon" = Option<String>, Query),
        ("node_badge" = Option<String>, Query), ("node_opacity" = Option<String>, Query),
        ("edge_color" = Option<String>, Query),
        ("edge_width" = Option<String>, Query), ("edge_opacity" = Option<String>, Query),
        ("theme" = Option<String>, Query), ("buffers" = Option<String>, Query),
    ),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/vnd.graphlume.scene"),
        (status = 400, description = "A column does not exist, or cannot be seen so"), (status = 404),
    ))]
pub(super) async fn scene(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Params(query): Query,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let make = async {
        let seen = Seen::of(&server, &dataset, &query, SCENE_ALONE).await?;
        let buffers: Option<Vec<String>> = query
            .get("buffers")
            .map(|names| names.split(',').map(|name| name.trim().to_owned()).collect());
        let file = server
            .workers
            .run(move |_| {
                let asked = |name: &str| {
                    buffers.as_ref().is_some_and(|names| names.iter().any(|n| n == name))
                };
                let graph = Arc::clone(&seen.graph);
                let mut scene = seen.scene()?;
                // A page that has a server needs no tables, unless it makes a page that has none.
                if asked("tables") {
                    scene = scene.with_tables(&graph, MOST_TABLE_BYTES)?;
                }
                let mut file = Vec::new();
                scene.write_some(|name| buffers.is_none() || asked(name), &mut file)?;
                Ok(file)
            })
            .await?;
        Ok(bytes_of(SCENE, file))
    };
    unless_known(&headers, &dataset, &uri, make).await
}

/// The answer that `make` makes of where nodes are: unless it is known, but for layouts that move.
async fn of_places(
    server: &Server,
    headers: &HeaderMap,
    dataset: &Dataset,
    uri: &Uri,
    make: impl Future<Output = ApiResult<Response>>,
) -> ApiResult<Response> {
    if server.layouts.get(dataset).is_none() && server.layouts.left(dataset).is_none() {
        return unless_known(headers, dataset, uri, make).await;
    }
    let mut response = make.await?;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// The answer that is a picture of a dataset, in the form that `draw` gives it.
#[expect(clippy::too_many_arguments, reason = "all that a request says")]
async fn answer(
    server: &Server,
    who: &Who,
    id: &str,
    uri: &Uri,
    headers: &HeaderMap,
    query: &BTreeMap<String, String>,
    kind: &'static str,
    draw: impl FnOnce(&Picture<'_>) -> viewer::Result<Vec<u8>> + Send + 'static,
) -> ApiResult<Response> {
    let dataset = server.dataset(who, id, Access::Read).await?;
    let make = async {
        let mut seen = Seen::of(server, &dataset, query, PICTURE).await?;
        if !query.contains_key("width") && !query.contains_key("height") {
            (seen.config.width, seen.config.height) = (1280, 960);
        }
        if !query.contains_key("title") {
            seen.config.title = None;
        }
        for (name, side) in [("width", seen.config.width), ("height", seen.config.height)] {
            if !SIDES.contains(&side) {
                return Err(ApiError::Invalid(format!(
                    "{name} is {side}; it can be {} to {}",
                    SIDES.start(),
                    SIDES.end()
                )));
            }
        }
        seen.config.check()?;
        let places = server.places(&dataset, &seen.loaded).await?;
        let drawn = move |_: &graphlume::etl::Control<'_>| {
            let [x, y] = &*places;
            let picture = Picture::new(&seen.graph, x, y, &seen.config)?;
            Ok(draw(&picture)?)
        };
        Ok(bytes_of(kind, server.workers.run(drawn).await?))
    };
    Box::pin(of_places(server, headers, &dataset, uri, make)).await
}

/// A picture in PNG
///
/// Keys are those of `/scene`, and the options of a picture: `width`, `height` (at most 4096), `theme`, `labels`,
/// `background`, `palette`, `color_scale`, `bins`, `node_scale`, `edge_scale`, `edge_opacity`, `arrows`, `margin`,
/// `legend`, `title`. A small graph without a layout gets one for this.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/image.png", tag = "view",
    params(("id" = String, Path), ("width" = Option<u32>, Query), ("height" = Option<u32>, Query)),
    responses(
        (status = 200, body = Vec<u8>, content_type = "image/png"), (status = 400), (status = 404),
        (status = 409, description = "It has no layout, and is too large to make one for this"),
    ))]
pub(super) async fn png(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Params(query): Query,
) -> ApiResult<Response> {
    let draw = |picture: &Picture<'_>| picture.png_bytes();
    answer(&server, &who, &id, &uri, &headers, &query, "image/png", draw).await
}

/// A picture in SVG; keys are those of the PNG
#[utoipa::path(get, path = "/api/v1/datasets/{id}/image.svg", tag = "view",
    params(("id" = String, Path), ("width" = Option<u32>, Query), ("height" = Option<u32>, Query)),
    responses(
        (status = 200, body = String, content_type = "image/svg+xml"), (status = 400), (status = 404),
        (status = 409, description = "It has no layout, and is too large to make one for this"),
    ))]
pub(super) async fn svg(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Params(query): Query,
) -> ApiResult<Response> {
    let draw = |picture: &Picture<'_>| picture.svg_text().map(String::into_bytes);
    answer(&server, &who, &id, &uri, &headers, &query, "image/svg+xml", draw).await
}

/// A page of its own, in one file: it shows the graph wherever it is opened, without a server
///
/// Keys are those of `/scene`.
#[utoipa::path(get, path = "/api/v1/datasets/{id}/html", tag = "view", params(("id" = String, Path)),
    responses((status = 200, body = String, content_type = "text/html"), (status = 400), (status = 404)))]
pub(super) async fn html(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Params(query): Query,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let make = async {
        let mut seen = Seen::of(&server, &dataset, &query, PICTURE).await?;
        let places = server.places(&dataset, &seen.loaded).await?;
        seen.loaded = Arc::new(Loaded {
            graph: Arc::clone(&seen.loaded.graph),
            positions: Some((*places).clone()),
            warnings: Vec::new(),
        });
        let title = dataset.name.clone();
        let text = server
            .workers
            .run(move |_| {
                let mut file = Vec::new();
                let graph = Arc::clone(&seen.graph);
                seen.scene()?.with_tables(&graph, MOST_TABLE_BYTES)?.write(&mut file)?;
                Ok(offline_html(&file, page::SCRIPT, page::STYLES, &title))
            })
            .await?;
        let mut response = bytes_of("text/html; charset=utf-8", text);
        // It is to be kept: a page of somebody's data has no business among those of this server.
        as_file(&mut response, &format!("{}.html", file_name(&dataset.name)));
        Ok(response)
    };
    Box::pin(of_places(&server, &headers, &dataset, &uri, make)).await
}

#[cfg(test)]
mod tests {
    use serde_json::Map;

    use super::*;

    #[test]
    fn keys_of_an_address_are_options() {
        let query = [
            ("node_color", "kind"),
            ("width", "640"),
            ("theme", "light"),
            ("node_icon", "kind"),
            ("labels", "5"),
        ];
        let query = query.map(|(key, text)| (key.to_owned(), text.to_owned())).into();
        let config = asked(&ImageConfig::default(), &query, PICTURE).unwrap();
        assert_eq!(
            (config.width, config.theme, config.color_by.as_deref()),
            (640, Theme::Light, Some("kind"))
        );
        let wrong = |key: &str, text: &str| {
            let query = BTreeMap::from([(key.to_owned(), text.to_owned())]);
            asked(&ImageConfig::default(), &query, PICTURE).unwrap_err().to_string()
        };
        assert!(wrong("width", "wide").contains("width is `wide`"));
        assert!(wrong("theme", "blue").contains("blue"));
        assert!(wrong("width", "-5").contains("-5"));
    }

    #[test]
    fn encodings_are_read_one_by_one() {
        let object = |value: Value| value.as_object().cloned().unwrap_or_default();
        let spec = Spec {
            node_encodings: object(json!({
                "bindings": {"node": "id", "node_color": "c", "node_size": 5},
                "complex": {"default": {"pointIconEncoding": {"attribute": "kind"}}},
            })),
            ..Spec::default()
        };
        let all = saved(&spec);
        assert_eq!(all.len(), 4);
        assert!(read(&all).is_err());
        let good: Vec<&Saved> = all.iter().filter(|one| read([*one]).is_ok()).collect();
        assert_eq!(good.len(), 3);
        let encodings = read(good).unwrap();
        assert_eq!(
            named(&encodings),
            [(Of::Nodes, "c".to_owned()), (Of::Nodes, "kind".to_owned())]
        );
    }

    #[test]
    fn a_light_background_has_a_light_theme() {
        let of = |bg: &str| {
            let spec = Spec {
                url_params: Map::from_iter([("bg".to_owned(), bg.into())]),
                ..Spec::default()
            };
            let dataset = Dataset {
                id: String::new(),
                owner: String::new(),
                organization: None,
                mode: crate::store::Mode::Private,
                name: String::new(),
                description: String::new(),
                spec,
                edges: vec![],
                nodes: vec![],
                positions: None,
                size: None,
                created_at: 0,
                updated_at: 0,
            };
            usual(&dataset).theme
        };
        assert_eq!(
            [of("%23ffffff"), of("#202020"), of("nothing")],
            [Theme::Light, Theme::Dark, Theme::Dark]
        );
    }
}
