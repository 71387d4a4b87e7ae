//! The calls `encode_…`: columns that say how nodes and edges are seen.
//!
//! Parameters are those that `PyGraphistry` takes for a call or for its method of the same name, and may be what it checks
//! them to be. Which colors and icons there are is known to what draws them.

use super::super::error::QueryProblem;
use super::super::query::Call;
use super::Place;
use super::json::Json;
use crate::Result;

/// A parameter, what it may be, and that in words.
struct Parameter(&'static str, Kind, &'static str);

/// What a value may be.
#[derive(Clone, Copy)]
enum Kind {
    Text,
    Flag,
    Number,
    Object,
    TextOrObject,
    OneOf(&'static [&'static str]),
    ListOf(&'static Kind),
    MapTo(&'static Kind),
    /// Pairs of the bound of a bin, null for none, and what stands for it: that, a number, or null for nothing. The client
    /// does not look into the list.
    BinsOf(&'static Kind),
}

const COLUMN: Parameter = Parameter("column", Kind::Text, "the name of a column");

const COLUMN_ALONE: &[Parameter] = &[COLUMN];

const SEEN: &[Parameter] = &[
    COLUMN,
    Parameter("for_default", Kind::Flag, "true or false"),
    Parameter("for_current", Kind::Flag, "true or false"),
    Parameter("comparator", Kind::OneOf(&["<", "<="]), "`<` or `<=`"),
];

const PALETTE: &[Parameter] = &[
    Parameter("palette", Kind::ListOf(&Kind::Text), "a list of colors"),
    Parameter("as_categorical", Kind::Flag, "true or false"),
    Parameter("as_continuous", Kind::Flag, "true or false"),
];

const TO_COLORS: &[Parameter] = &[
    Parameter(
        "categorical_mapping",
        Kind::MapTo(&Kind::Text),
        "an object of a color for each value",
    ),
    Parameter(
        "continuous_binning",
        Kind::BinsOf(&Kind::Text),
        "a list of pairs of a bound and a color",
    ),
    Parameter("default_mapping", Kind::Text, "a color"),
];

const TO_NUMBERS: &[Parameter] = &[
    Parameter(
        "categorical_mapping",
        Kind::MapTo(&Kind::Number),
        "an object of a number for each value",
    ),
    Parameter(
        "continuous_binning",
        Kind::BinsOf(&Kind::Number),
        "a list of pairs of a bound and a number",
    ),
    Parameter("default_mapping", Kind::Number, "a number"),
];

const TO_ICONS: &[Parameter] = &[
    Parameter(
        "categorical_mapping",
        Kind::MapTo(&Kind::Text),
        "an object of an icon for each value",
    ),
    Parameter(
        "continuous_binning",
        Kind::BinsOf(&Kind::Text),
        "a list of pairs of a bound and an icon",
    ),
    Parameter("default_mapping", Kind::Text, "an icon"),
    Parameter("as_text", Kind::Flag, "true or false"),
    Parameter("blend_mode", Kind::Text, "the name of a way to blend"),
    Parameter("style", Kind::Object, "an object"),
    Parameter("border", Kind::Object, "an object"),
    Parameter("shape", Kind::OneOf(&["circle", "none"]), "`circle` or `none`"),
];

const BADGE: &[Parameter] = &[
    Parameter("position", Kind::OneOf(&POSITIONS), "a corner, a side such as `Top`, or `Cover`"),
    Parameter("color", Kind::TextOrObject, "a color, or an object that gives one"),
    Parameter("bg", Kind::Object, "an object"),
    Parameter("fg", Kind::Object, "an object"),
    Parameter("dimensions", Kind::Object, "an object"),
];

const POSITIONS: [&str; 9] =
    ["TopRight", "Top", "TopLeft", "Left", "BottomLeft", "Bottom", "BottomRight", "Right", "Cover"];

const AXIS: &[Parameter] =
    &[Parameter("rows", Kind::ListOf(&Kind::Object), "a list of an object for each axis")];

/// The calls, and what each takes.
const CALLS: [(&str, &[&[Parameter]]); 16] = [
    ("encode_point_color", &[SEEN, PALETTE, TO_COLORS]),
    ("encode_edge_color", &[SEEN, PALETTE, TO_COLORS]),
    ("encode_point_size", &[SEEN, TO_NUMBERS]),
    ("encode_edge_size", &[SEEN, TO_NUMBERS]),
    ("encode_edge_weight", &[SEEN, TO_NUMBERS]),
    ("encode_point_opacity", &[SEEN, TO_NUMBERS]),
    ("encode_edge_opacity", &[SEEN, TO_NUMBERS]),
    ("encode_point_icon", &[SEEN, TO_ICONS]),
    ("encode_edge_icon", &[SEEN, TO_ICONS]),
    ("encode_point_badge", &[SEEN, TO_ICONS, BADGE]),
    ("encode_edge_badge", &[SEEN, TO_ICONS, BADGE]),
    ("encode_point_label", &[COLUMN_ALONE]),
    ("encode_edge_label", &[COLUMN_ALONE]),
    ("encode_point_title", &[COLUMN_ALONE]),
    ("encode_edge_title", &[COLUMN_ALONE]),
    ("encode_axis", &[AXIS]),
];

/// Names of the calls.
pub(super) fn names() -> impl Iterator<Item = &'static str> + Clone {
    CALLS.iter().map(|(name, _)| *name)
}

/// The call `name`; `None` if it is none of these.
pub(super) fn call(name: &str, params: &Place) -> Option<Result<Call>> {
    let (_, takes) = CALLS.iter().find(|(known, _)| *known == name)?;
    Some(
        check(name, takes, params)
            .map(|()| Call::Encode { function: name.to_owned(), params: params.value.to_value() }),
    )
}

fn check(name: &str, takes: &[&[Parameter]], params: &Place) -> Result<()> {
    let wrong = |place: &Place, reason: String| {
        Err(place.error(QueryProblem::Call { name: name.to_owned(), reason }))
    };
    let known = || takes.iter().copied().flatten();
    for (given, place) in params.fields()? {
        let Some(Parameter(_, kind, expected)) = known().find(|known| known.0 == given) else {
            let nearest = crate::error::nearest(given, known().map(|known| known.0));
            let hint = crate::error::hint(nearest.as_deref());
            return wrong(&place, format!("it has no parameter `{given}`{hint}"));
        };
        // What is null is not there.
        if *place.value == Json::Null {
            continue;
        }
        if let Some(misfit) = kind.misfit(&place) {
            let found = misfit.found();
            let how = if misfit.path == place.path { "but it is" } else { "but in it is" };
            return wrong(&misfit, format!("`{given}` should be {expected}, {how} {found}"));
        }
    }
    if known().any(|known| known.0 == COLUMN.0) && params.get(COLUMN.0)?.is_none() {
        return wrong(params, format!("`{}`, {}, is missing", COLUMN.0, COLUMN.2));
    }
    Ok(())
}

impl Kind {
    /// The part of a value that is something else, if one is.
    fn misfit<'a>(self, place: &Place<'a>) -> Option<Place<'a>> {
        match (self, place.value) {
            (Self::Text | Self::TextOrObject, Json::Text(_))
            | (Self::Flag, Json::Bool(_))
            | (Self::Number, Json::Number(_))
            | (Self::Object | Self::TextOrObject, Json::Object(_)) => None,
            (Self::OneOf(names), Json::Text(text)) if names.contains(&text.as_str()) => None,
            (Self::ListOf(kind), Json::List(_)) => {
                place.list().into_iter().flatten().find_map(|item| kind.misfit(&item))
            }
            (Self::MapTo(kind), Json::Object(_)) => {
                place.fields().into_iter().flatten().find_map(|(_, value)| kind.misfit(&value))
            }
            (Self::BinsOf(kind), Json::List(_)) => {
                place.list().into_iter().flatten().find_map(|bin| match bin.list().as_deref() {
                    Ok([bound, stands]) => match (bound.value, stands.value) {
                        (Json::List(_) | Json::Object(_), _) => Some(bound.clone()),
                        (_, Json::Null | Json::Number(_)) => None,
                        _ => kind.misfit(stands),
                    },
                    _ => Some(bin),
                })
            }
            _ => Some(place.clone()),
        }
    }
}
