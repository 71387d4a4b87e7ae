//! Tables as files.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, LargeStringArray, RecordBatch};
use arrow::compute::{cast, filter_record_batch};
use arrow::datatypes::DataType;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use graphlume::graph::Format;
use graphlume::{WriteOptions, write_table};
use serde::Deserialize;
use tempfile::NamedTempFile;
use tokio_util::io::ReaderStream;
use utoipa::{IntoParams, ToSchema};

use super::rows::split;
use super::{as_file, bytes_of, file_name, to_asked};
use crate::api::input::Asked;
use crate::auth::{Access, Who};
use crate::derived::{Across, Of, Which, own_columns};
use crate::error::{ApiError, ApiResult};
use crate::objects::Objects;
use crate::server::Server;

/// Formats of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TableFormat {
    /// Comma-separated values.
    #[default]
    Csv,
    /// Parquet.
    Parquet,
    /// An Arrow IPC file, not compressed.
    Arrow,
    /// An array of objects.
    Json,
    /// An object a line.
    Jsonl,
}

impl TableFormat {
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::Csv => ".csv",
            Self::Parquet => ".parquet",
            Self::Arrow => ".arrow",
            Self::Json => ".json",
            Self::Jsonl => ".jsonl",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Arrow => "application/vnd.apache.arrow.file",
            Self::Json => "application/json",
            Self::Jsonl => "application/jsonl",
        }
    }

    fn format(self) -> Format {
        match self {
            Self::Csv => Format::Csv,
            Self::Parquet => Format::Parquet,
            Self::Arrow => Format::Arrow,
            Self::Json => Format::NodeLink,
            Self::Jsonl => Format::JsonLines,
        }
    }

    /// A table as a file of this format, which goes when nobody reads it any more.
    pub(crate) fn write(self, objects: &Objects, table: &RecordBatch) -> ApiResult<NamedTempFile> {
        let draft = objects.draft(self.suffix())?;
        let options = WriteOptions { format: Some(self.format()), ..WriteOptions::default() };
        write_table(table, draft.path(), &options)?;
        Ok(draft)
    }

    /// The answer that is such a file.
    pub(crate) async fn answer(self, draft: NamedTempFile, name: &str) -> ApiResult<Response> {
        // The writer put another file in the draft's place.
        let file = tokio::fs::File::open(draft.path()).await?;
        let length = file.metadata().await?.len();
        // An open file can be read to its end after its name is gone.
        drop(draft);
        let mut response =
            bytes_of(self.kind(), Body::from_stream(ReaderStream::with_capacity(file, 1 << 16)));
        response.headers_mut().insert(axum::http::header::CONTENT_LENGTH, length.into());
        as_file(&mut response, &format!("{}{}", file_name(name), self.suffix()));
        Ok(response)
    }
}

/// What to download.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// The table: nodes or edges
    #[serde(default = "edges")]
    table: Of,
    /// The format: csv, parquet, arrow, json, jsonl
    #[serde(default)]
    format: TableFormat,
    /// Columns, or measures, separated by commas; all columns if absent
    columns: Option<String>,
    /// Only rows that this expression is true of
    filter: Option<String>,
    /// Only rows in which this text is found
    search: Option<String>,
    /// Of csv: `keep` gives text as it is, so that it reads back the same; `escape` puts a `'` before text that a
    /// spreadsheet would run as a formula
    #[serde(default)]
    formulas: Formulas,
}

/// What becomes of text in CSV that begins as formulas do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Formulas {
    /// It stays.
    #[default]
    Keep,
    /// It gets a `'` in front.
    Escape,
}

/// A table whose text and names of columns no spreadsheet takes for formulas.
fn without_formulas(table: &RecordBatch) -> ApiResult<RecordBatch> {
    let escaped = |text: &str| match text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    let schema = table.schema();
    let columns = schema.fields().iter().zip(table.columns()).map(|(field, values)| {
        let kind = match values.data_type() {
            DataType::Dictionary(_, kind) => kind.as_ref(),
            kind => kind,
        };
        let values = match kind {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
                let text = cast(values, &DataType::LargeUtf8).map_err(ApiError::internal)?;
                let text = text.as_string::<i64>().iter().map(|text| text.map(escaped));
                Arc::new(text.collect::<LargeStringArray>()) as ArrayRef
            }
            _ => Arc::clone(values),
        };
        Ok((escaped(field.name()), values, true))
    });
    let columns = columns.collect::<ApiResult<Vec<_>>>()?;
    RecordBatch::try_from_iter_with_nullable(columns).map_err(ApiError::internal)
}

fn edges() -> Of {
    Of::Edges
}

/// A table, or the rows of it that a condition is true of, as a file
#[utoipa::path(get, path = "/api/v1/datasets/{id}/download", tag = "view", params(("id" = String, Path), Ask, Across),
    responses(
        (status = 200, body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 400), (status = 404),
    ))]
pub(super) async fn download(
    State(server): State<Server>,
    who: Who,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
    Asked { own: ask, across, in_body }: Asked<Ask>,
) -> ApiResult<Response> {
    let dataset = server.dataset(&who, &id, Access::Read).await?;
    let make = async {
        let loaded = server.loaded(&dataset).await?;
        let of = ask.table;
        let mut columns: Vec<(String, ArrayRef)> = own_columns(&loaded.graph, of)?;
        if let Some(names) = &ask.columns {
            columns.clear();
            for name in split(names) {
                columns.push((name.clone(), server.column(&dataset, &loaded, of, &name).await?));
            }
        }
        let rows = server
            .left(&dataset, &loaded, of, &Which::new(ask.filter, ask.search), &across)
            .await?;
        let (objects, format) = (server.objects.clone(), ask.format);
        let escapes = ask.formulas == Formulas::Escape;
        if escapes && format != TableFormat::Csv {
            return Err(ApiError::Invalid("formulas are escaped in csv alone".to_owned()));
        }
        let draft = server
            .workers
            .run(move |_| {
                let table = RecordBatch::try_from_iter_with_nullable(
                    columns.into_iter().map(|(name, values)| (name, values, true)),
                );
                let mut table = table.map_err(ApiError::invalid)?;
                if let Some(rows) = rows {
                    table = filter_record_batch(&table, &BooleanArray::new(rows, None))
                        .map_err(ApiError::internal)?;
                }
                if escapes {
                    table = without_formulas(&table)?;
                }
                format.write(&objects, &table)
            })
            .await?;
        format.answer(draft, &format!("{}-{}", dataset.name, of.name())).await
    };
    to_asked(in_body, &headers, &dataset, &uri, make).await
}

/// As the GET of this address; options are in a body in JSON, of up to 4 MiB, with numbers as numbers
#[utoipa::path(post, path = "/api/v1/datasets/{id}/download", tag = "view", params(("id" = String, Path)), request_body = Object,
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream"), (status = 400), (status = 404)))]
pub(super) async fn download_of_body(
    server: State<Server>,
    who: Who,
    id: Path<String>,
    uri: Uri,
    headers: HeaderMap,
    asked: Asked<Ask>,
) -> ApiResult<Response> {
    download(server, who, id, uri, headers, asked).await
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn no_text_is_a_formula_and_no_number_is_text() {
        let text = StringArray::from(vec![Some("=1+1"), Some("a=b"), None, Some("-x"), Some("")]);
        let numbers = Int64Array::from(vec![-1, 2, 3, 4, 5]);
        let table = RecordBatch::try_from_iter([
            ("@name", Arc::new(text) as ArrayRef),
            ("n", Arc::new(numbers.clone()) as ArrayRef),
        ]);
        let table = without_formulas(&table.unwrap()).unwrap();
        assert_eq!(table.schema().field(0).name(), "'@name");
        let text: Vec<Option<&str>> = table.column(0).as_string::<i64>().iter().collect();
        assert_eq!(text, [Some("'=1+1"), Some("a=b"), None, Some("'-x"), Some("")]);
        assert_eq!(table.column(1).as_ref(), &numbers as &dyn arrow::array::Array);
    }
}
