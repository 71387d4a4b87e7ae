//! Tables as the client loads them: Parquet, CSV, JSON, and both tables of a graph in a ZIP archive.

use std::fs::File;
use std::io::{Seek, Write};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use graphlume::{WriteOptions, write_table};
use serde_json::Value;
use tempfile::NamedTempFile;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::datasets::body_of;
use crate::error::{ApiError, ApiResult};
use crate::objects::Objects;

/// How a table is to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Parquet,
    Csv(char),
    Json,
}

impl Form {
    pub(super) fn parse(name: &str, separator: Option<char>) -> ApiResult<Self> {
        match name {
            "parquet" => Ok(Self::Parquet),
            "csv" => Ok(Self::Csv(separator.unwrap_or(','))),
            "json" => Ok(Self::Json),
            _ => Err(ApiError::Invalid(format!(
                "there is no format `{}`; there are parquet, csv and json",
                name.chars().take(32).collect::<String>()
            ))),
        }
    }

    fn suffix(self) -> &'static str {
        match self {
            Self::Parquet => ".parquet",
            Self::Csv(_) => ".csv",
            Self::Json => ".json",
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Csv(_) => "text/csv; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

/// A file that has no name any more, and its kind.
#[derive(Debug)]
pub(super) struct Written {
    file: File,
    kind: &'static str,
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        let length = self.file.metadata().map(|metadata| metadata.len());
        let mut response =
            ([(header::CONTENT_TYPE, self.kind)], body_of(self.file)).into_response();
        if let Ok(length) = length {
            response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        response
    }
}

/// Writes a table.
pub(super) fn table(objects: &Objects, table: &RecordBatch, form: Form) -> ApiResult<Written> {
    let draft = objects.draft(form.suffix())?;
    let delimiter = match form {
        Form::Csv(separator) => Some(separator),
        Form::Parquet | Form::Json => None,
    };
    let options = WriteOptions { delimiter, ..WriteOptions::default() };
    match form {
        Form::Json => write_table(&plain(table)?, draft.path(), &options)?,
        Form::Parquet | Form::Csv(_) => write_table(table, draft.path(), &options)?,
    };
    // The writer put a file of its own in this one's place; it goes with its name.
    Ok(Written { file: File::open(draft.path())?, kind: form.kind() })
}

/// Writes both tables of a graph, and what is to be said of them, into one archive. Nothing in it is compressed again.
pub(super) fn archive(
    objects: &Objects,
    [nodes, edges]: [&RecordBatch; 2],
    form: Form,
    metadata: &Value,
) -> ApiResult<Written> {
    let mut zip = ZipWriter::new(objects.draft(".zip")?);
    let stored =
        SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    for (name, rows) in [("nodes", nodes), ("edges", edges)] {
        let mut written = table(objects, rows, form)?;
        zip.start_file(format!("{name}{}", form.suffix()), stored).map_err(zipped)?;
        std::io::copy(&mut written.file, &mut zip)?;
    }
    zip.start_file("metadata.json", stored).map_err(zipped)?;
    zip.write_all(metadata.to_string().as_bytes())?;
    let mut draft: NamedTempFile = zip.finish().map_err(zipped)?;
    draft.rewind()?;
    Ok(Written { file: draft.reopen()?, kind: "application/zip" })
}

/// Writes both tables of a graph, and what is to be said of them, into one object.
pub(super) fn object(
    objects: &Objects,
    [nodes, edges]: [&RecordBatch; 2],
    more: &serde_json::Map<String, Value>,
) -> ApiResult<Written> {
    let mut draft = objects.draft(".json")?;
    for (before, rows) in [("{\"nodes\":", nodes), (",\"edges\":", edges)] {
        let mut written = table(objects, rows, Form::Json)?;
        draft.write_all(before.as_bytes())?;
        std::io::copy(&mut written.file, &mut draft)?;
    }
    for (name, value) in more {
        write!(draft, ",{}:{value}", Value::from(name.as_str()))?;
    }
    draft.write_all(b"}")?;
    Ok(Written { file: draft.reopen()?, kind: "application/json" })
}

fn zipped(error: zip::result::ZipError) -> ApiError {
    match error {
        zip::result::ZipError::Io(error) => error.into(),
        error => ApiError::internal(error),
    }
}

/// A table whose dates, times and spans are milliseconds, and whose decimals are numbers, as pandas writes them.
fn plain(table: &RecordBatch) -> ApiResult<RecordBatch> {
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in table.schema().fields().iter().zip(table.columns()) {
        let column = plain_column(column).map_err(ApiError::internal)?;
        fields.push(Field::new(field.name(), column.data_type().clone(), true));
        columns.push(column);
    }
    let rows = arrow::array::RecordBatchOptions::new().with_row_count(Some(table.num_rows()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)
        .map_err(ApiError::internal)
}

fn plain_column(column: &ArrayRef) -> Result<ArrayRef, arrow::error::ArrowError> {
    let steps: &[DataType] = match column.data_type() {
        DataType::Timestamp(_, _) => {
            &[DataType::Timestamp(TimeUnit::Millisecond, None), DataType::Int64]
        }
        DataType::Date32 | DataType::Date64 => &[DataType::Date64, DataType::Int64],
        DataType::Duration(_) => &[DataType::Duration(TimeUnit::Millisecond), DataType::Int64],
        kind if kind.is_decimal() => &[DataType::Float64],
        DataType::Dictionary(_, values) => {
            let values = cast(column, values)?;
            return plain_column(&values);
        }
        _ => &[],
    };
    let mut column = Arc::clone(column);
    for step in steps {
        column = cast(&column, step)?;
    }
    Ok(column)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use arrow::array::{
        Date32Array, Decimal128Array, DurationMicrosecondArray, Int64Array, StringArray,
        TimestampMicrosecondArray,
    };

    use super::*;

    fn text(mut written: Written) -> String {
        let mut text = String::new();
        written.file.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn json_has_milliseconds_and_numbers() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::open(None, folder.path()).unwrap();
        let decimal =
            Decimal128Array::from(vec![Some(150), None]).with_precision_and_scale(5, 2).unwrap();
        let time = TimestampMicrosecondArray::from(vec![Some(1_704_067_200_000_000), None])
            .with_timezone("UTC");
        let rows = RecordBatch::try_from_iter([
            ("id", Arc::new(StringArray::from(vec!["a", "b\""])) as ArrayRef),
            ("t", Arc::new(time)),
            ("day", Arc::new(Date32Array::from(vec![1, 2]))),
            ("span", Arc::new(DurationMicrosecondArray::from(vec![1_500_000, 0]))),
            ("price", Arc::new(decimal)),
        ])
        .unwrap();
        let found: Value =
            serde_json::from_str(&text(table(&objects, &rows, Form::Json).unwrap())).unwrap();
        assert_eq!(found[0]["t"], 1_704_067_200_000_i64);
        assert_eq!(found[0]["day"], 86_400_000);
        assert_eq!(found[0]["span"], 1500);
        assert_eq!(found[0]["price"], 1.5);
        assert_eq!(found[1]["id"], "b\"");
        assert!(found[1].get("t").is_none_or(Value::is_null));
        let more = serde_json::Map::from_iter([("dataset_id".to_owned(), Value::from("x"))]);
        let both: Value = serde_json::from_str(&text(
            object(&objects, [&rows, &rows.slice(0, 0)], &more).unwrap(),
        ))
        .unwrap();
        assert_eq!(both["nodes"].as_array().map(Vec::len), Some(2));
        assert_eq!(both["edges"].as_array().map(Vec::len), Some(0));
        assert_eq!(both["dataset_id"], "x");
        assert_eq!(
            std::fs::read_dir(folder.path().join("spool")).unwrap().count(),
            0,
            "drafts are gone"
        );
    }

    #[test]
    fn an_archive_has_both_tables_and_what_is_said_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let objects = Objects::open(None, folder.path()).unwrap();
        let rows = RecordBatch::try_from_iter([(
            "id",
            Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef,
        )])
        .unwrap();
        let said = serde_json::json!({"dataset_id": "x"});
        let written = archive(&objects, [&rows, &rows], Form::Csv(';'), &said).unwrap();
        let mut zip = zip::ZipArchive::new(written.file).unwrap();
        let mut names: Vec<_> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
        names.sort();
        assert_eq!(names, ["edges.csv", "metadata.json", "nodes.csv"]);
        let mut text = String::new();
        zip.by_name("nodes.csv").unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "id\n1\n2\n");
    }
}
