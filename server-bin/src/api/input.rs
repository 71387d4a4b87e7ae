//! What requests say, read so that a mistake in it is answered as all errors are.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::request::Parts;
use axum::http::{Method, Uri};
use serde::de::value::Error as Nothing;
use serde::de::{DeserializeOwned, Deserializer, Error, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

use crate::derived::Across;
use crate::error::{ApiError, ApiResult};
use crate::server::Server;

/// The part of an address behind `?`. Options that it does not have are refused by name.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequestParts<Server> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &Server) -> ApiResult<Self> {
        read(&parts.uri).map(Self)
    }
}

fn read<T: DeserializeOwned>(uri: &Uri) -> ApiResult<T> {
    read_pairs(uri, |_| true)
}

/// What the options of an address say that `is_own` takes by their names.
fn read_pairs<T: DeserializeOwned>(uri: &Uri, is_own: impl Fn(&str) -> bool) -> ApiResult<T> {
    let wrong = |error: axum::extract::rejection::QueryRejection| {
        let text = error.body_text();
        let text = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
        ApiError::Invalid(format!(
            "behind the `?` of the address: {}",
            graphlume::graph::words::of_serde(text)
        ))
    };
    // Every address may have the secret of a link.
    let own = uri.query().unwrap_or_default().split('&').filter(|pair| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        name != "share" && is_own(name)
    });
    let own = format!("/?{}", own.collect::<Vec<_>>().join("&"));
    let own: Uri = own.parse().map_err(ApiError::invalid)?;
    if let Some(known) = fields_of::<T>() {
        let Query(given) = Query::<BTreeMap<String, String>>::try_from_uri(&own).map_err(wrong)?;
        check_names(given.keys(), known)?;
    }
    Query::try_from_uri(&own).map(|Query(query)| query).map_err(wrong)
}

/// That all options of an address are among those that it has.
pub(crate) fn check_names<'n>(
    given: impl IntoIterator<Item = &'n String>,
    known: &[&str],
) -> ApiResult<()> {
    let mut given = given.into_iter();
    let Some(name) = given.find(|name| !known.contains(&name.as_str())) else { return Ok(()) };
    let name: String = name.chars().take(100).collect();
    Err(ApiError::Invalid(match known {
        [] => format!("there is no option `{name}` here"),
        known => format!("there is no option `{name}` here; there are {}", known.join(", ")),
    }))
}

/// The names of a struct's fields; none for a map, which takes any.
fn fields_of<T: DeserializeOwned>() -> Option<&'static [&'static str]> {
    struct Spy<'s>(&'s mut Option<&'static [&'static str]>);

    impl<'de> Deserializer<'de> for Spy<'_> {
        type Error = Nothing;

        fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Nothing> {
            Err(Nothing::custom("it is no struct"))
        }

        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            fields: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Nothing> {
            *self.0 = Some(fields);
            Err(Nothing::custom("only its fields were asked for"))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
            unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    let mut fields = None;
    // It has no value to give: what it is asked for is the answer.
    let _ = T::deserialize(Spy(&mut fields));
    fields
}

/// A body in JSON.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Server> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, server: &Server) -> ApiResult<Self> {
        match Json::from_request(request, server).await {
            Ok(Json(body)) => Ok(Self(body)),
            Err(JsonRejection::BytesRejection(error)) if error.status() == 413 => {
                Err(ApiError::TooLarge { limit: super::LARGEST_JSON as u64 })
            }
            Err(JsonRejection::MissingJsonContentType(_)) => Err(ApiError::Invalid(
                "a body should be JSON, and say so: content-type: application/json".to_owned(),
            )),
            Err(error) => {
                let text = error.body_text();
                // The kinds of mistakes: what is no JSON, and JSON that says something else.
                let reason = text.split_once(": ").map_or(text.as_str(), |(_, reason)| reason);
                let what = match error {
                    JsonRejection::JsonSyntaxError(_) => "the body is no JSON",
                    _ => "the body does not say what it should",
                };
                Err(ApiError::Invalid(format!(
                    "{what}: {}",
                    graphlume::graph::words::of_serde(reason)
                )))
            }
        }
    }
}

/// What is asked of a table, and what the other table has to say: behind the `?` of an address or, where that would be
/// too long for it, with the same names in JSON, in the body of a POST.
#[derive(Debug)]
pub(crate) struct Asked<T> {
    pub(crate) own: T,
    pub(crate) across: Across,
    /// Whether it came in a body, so that the address does not tell it from others.
    pub(crate) in_body: bool,
}

impl<T: DeserializeOwned> FromRequest<Server> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, server: &Server) -> ApiResult<Self> {
        let is_across = |name: &str| Across::NAMES.contains(&name);
        if request.method() != Method::POST {
            let own = read_pairs(request.uri(), |name| !is_across(name))?;
            let across = read_pairs(request.uri(), is_across)?;
            return Ok(Self { own, across, in_body: false });
        }
        let Body(given) = Body::<Map<String, Value>>::from_request(request, server).await?;
        let (across, own): (Map<_, _>, Map<_, _>) =
            given.into_iter().partition(|(name, _)| is_across(name));
        if let Some(known) = fields_of::<T>() {
            check_names(own.keys(), known)?;
        }
        let wrong = |error: serde_json::Error| {
            let reason = graphlume::graph::words::of_serde(&error.to_string());
            ApiError::Invalid(format!("the body does not say what it should: {reason}"))
        };
        let own = serde_json::from_value(Value::Object(own)).map_err(wrong)?;
        let across = serde_json::from_value(Value::Object(across)).map_err(wrong)?;
        Ok(Self { own, across, in_body: true })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Asked {
        limit: u32,
        name: Option<String>,
    }

    #[test]
    fn options_that_are_not_there_are_refused_by_name() {
        let read = |query: &str| read::<Asked>(&format!("/x?{query}").parse().unwrap());
        assert_eq!(read("limit=3&name=a%26b&share=secret").unwrap().limit, 3);
        assert_eq!(read("").unwrap(), Asked::default());
        let error = read("limit=3&bogus=1").unwrap_err().to_string();
        assert_eq!(error, "there is no option `bogus` here; there are limit, name");
        let error = read("limit=many").unwrap_err().to_string();
        assert_eq!(error, "behind the `?` of the address: `limit`: it should be a whole number");
        let any = super::read::<BTreeMap<String, String>>(&"/x?bogus=1".parse().unwrap());
        assert_eq!(any.unwrap().len(), 1);
    }
}
