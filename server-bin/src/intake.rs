//! Uploads: streamed to the disk, checked there, and only then kept.

use std::io::Write;
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::DataType;
use axum::body::{Body, Bytes};
use futures_util::{Stream, StreamExt};
use graphlume::graph::{Format, ReadOptions, read_table_with};
use graphlume::{WriteOptions, write_table};
use tempfile::NamedTempFile;

use crate::error::{ApiError, ApiResult};
use crate::objects::Objects;
use crate::server::Server;
use crate::store::Column;

/// The suffix under which a format's files are known.
pub(crate) fn suffix(format: Format) -> &'static str {
    match format {
        Format::Csv => ".csv",
        Format::JsonLines => ".jsonl",
        Format::NodeLink => ".json",
        Format::Parquet => ".parquet",
        Format::Arrow => ".arrow",
        Format::MatrixMarket => ".mtx",
        Format::Metis => ".metis",
        Format::GraphMl => ".graphml",
        Format::Gexf => ".gexf",
        Format::Gml => ".gml",
        // The enum may grow; content tells the rest.
        _ => "",
    }
}

/// The format that somebody names, such as `csv`.
pub(crate) fn format_named(name: &str) -> ApiResult<Format> {
    serde_json::from_value(name.to_ascii_lowercase().into()).map_err(|_| {
        ApiError::Invalid(format!(
            "there is no format `{name}`; there are csv, jsonl, json, parquet, arrow, mtx, metis, graphml, gexf and gml"
        ))
    })
}

/// What is said of columns.
pub(crate) fn columns(table: &RecordBatch) -> Vec<Column> {
    let column = |field: &arrow::datatypes::FieldRef| {
        let kind = match field.data_type() {
            DataType::Dictionary(_, values) => values.as_ref(),
            kind => kind,
        };
        Column {
            name: field.name().clone(),
            kind: graphlume::graph::type_name(kind),
            is_numeric: kind.is_numeric(),
            is_time: matches!(kind, DataType::Timestamp(..) | DataType::Date32 | DataType::Date64),
        }
    };
    table.schema().fields().iter().map(column).collect()
}

/// Takes in a body, which ends before `limit` or is refused. If the client goes away, nothing is left of it.
pub(crate) async fn receive(
    objects: &Objects,
    body: Body,
    suffix: &str,
    limit: u64,
) -> ApiResult<NamedTempFile> {
    receive_stream(objects, body.into_data_stream(), suffix, limit).await
}

/// As [`receive`], of a part of a body.
pub(crate) async fn receive_stream<E: std::fmt::Display>(
    objects: &Objects,
    mut parts: impl Stream<Item = Result<Bytes, E>> + Unpin,
    suffix: &str,
    limit: u64,
) -> ApiResult<NamedTempFile> {
    let draft = objects.draft(suffix)?;
    let mut file = tokio::fs::File::from_std(draft.as_file().try_clone()?);
    let mut received: u64 = 0;
    while let Some(part) = parts.next().await {
        let part = part.map_err(|error| {
            ApiError::Invalid(format!("the upload broke off after {received} bytes: {error}"))
        })?;
        received += part.len() as u64;
        if received > limit {
            return Err(ApiError::TooLarge { limit });
        }
        tokio::io::AsyncWriteExt::write_all(&mut file, &part).await?;
    }
    tokio::io::AsyncWriteExt::flush(&mut file).await?;
    Ok(draft)
}

/// Longest name of an upload, in bytes: as long as file systems let names be.
const LONGEST_NAME: usize = 255;

/// That an upload has a name which can be kept and shown.
pub(crate) fn check_name(name: &str) -> ApiResult<()> {
    match name.len() {
        0..=LONGEST_NAME => Ok(()),
        length => Err(ApiError::Invalid(format!(
            "the name of the upload has {length} bytes; it can have {LONGEST_NAME}"
        ))),
    }
}

/// How many times the largest upload a file may be after decompression.
const EXPANSION: u64 = 16;

/// How many times its own size a file may be after decompression.
const RATIO: u64 = 60;

/// A file may always be this large, in bytes.
const SMALL: u64 = 64 << 20;

impl Server {
    /// How a file of so many bytes is read: with a bound on what decompression makes of it.
    pub(crate) fn read_options(&self, received: u64) -> ReadOptions {
        let of_file = received.saturating_mul(RATIO).max(SMALL);
        let max_bytes = self.config.upload_max_size.saturating_mul(EXPANSION).min(of_file);
        ReadOptions { max_bytes, ..ReadOptions::default() }
    }

    /// Reads the table in an upload and keeps it: Arrow and Parquet as they are, all else as Parquet. Returns the
    /// table and the name of the object.
    pub(crate) async fn keep_table(
        &self,
        draft: NamedTempFile,
    ) -> ApiResult<(RecordBatch, String)> {
        let objects = self.objects.clone();
        let ReadOptions { max_bytes, .. } = self.read_options(draft.as_file().metadata()?.len());
        let (table, draft, suffix) = self
            .workers
            .run(move |_| {
                let table = read_table_with(
                    draft.path(),
                    &ReadOptions { max_bytes, ..ReadOptions::default() },
                )?;
                let suffix = match Format::from_suffix(draft.path()) {
                    Some(Format::Arrow) => ".arrow",
                    Some(Format::Parquet) => ".parquet",
                    _ => return Ok((table.clone(), written(&objects, &table)?, ".parquet")),
                };
                Ok((table, draft, suffix))
            })
            .await?;
        let name = self.objects.put(draft, suffix).await?;
        Ok((table, name))
    }

    /// Keeps a table, and returns the name of the object.
    pub(crate) async fn keep(&self, table: RecordBatch) -> ApiResult<String> {
        let objects = self.objects.clone();
        let draft = self.workers.run(move |_| written(&objects, &table)).await?;
        self.objects.put(draft, ".parquet").await
    }
}

/// A table as a Parquet file.
fn written(objects: &Objects, table: &RecordBatch) -> ApiResult<NamedTempFile> {
    let draft = objects.draft(".parquet")?;
    // The writer makes a file of its own and puts it in this one's place.
    let path = draft.path().to_owned();
    write_table(table, &path, &WriteOptions::default())?;
    reopened(draft, &path)
}

/// The draft whose file was replaced by one of the same name.
fn reopened(draft: NamedTempFile, path: &Path) -> ApiResult<NamedTempFile> {
    let (_, temporary) = draft.into_parts();
    let file = std::fs::OpenOptions::new().read(true).append(true).open(path)?;
    let mut draft = NamedTempFile::from_parts(file, temporary);
    draft.flush()?;
    Ok(draft)
}
