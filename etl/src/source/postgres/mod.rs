//! PostgreSQL: one query in a transaction that only reads, through a portal, block by block.
//!
//! What passes is encrypted if `sslmode=require` is in the address. Passwords that the server asks for
//! by SCRAM do not travel.

mod decode;
mod tls;

use std::net::ToSocketAddrs;

use arrow::datatypes::SchemaRef;
use postgres::config::{Config, Host};
use postgres::error::ErrorPosition;
use postgres::types::{Format, IsNull, ToSql, Type, to_sql_checked};
use postgres::{Row, Statement, Transaction};
use tokio_postgres_rustls::MakeRustlsConnect;

use self::decode::{Column, Raw};
use self::tls::Encryption;
use super::address::Ask;
use super::error::Fault;
use super::options::{Parameter, SourceOptions};
use super::private;
use super::rows::{BATCH_ROWS, Meter, Rows, Spool, batch, check_names, schema};
use super::watch::{Halt, watched};
use crate::Control;
use crate::error::nearest;

/// Reads what `ask` and `options` ask of the server at `url`.
pub(super) fn read(
    url: &str,
    ask: &Ask,
    options: &SourceOptions,
    control: &Control,
) -> Result<Rows, Halt> {
    in_transaction(url, options, control, |transaction| {
        let query = query(transaction, ask)?;
        fetch(transaction, &query, ask, options, control)
    })
}

/// The columns, and about how many rows the server thinks there are.
pub(super) fn probe(
    url: &str,
    ask: &Ask,
    options: &SourceOptions,
    control: &Control,
) -> Result<(SchemaRef, Option<u64>), Halt> {
    in_transaction(url, options, control, |transaction| {
        let query = query(transaction, ask)?;
        let prepared = Prepared::new(transaction, &query, ask, options)?;
        // Placeholders have no values that the server could plan with.
        let rows = match prepared.statement.params() {
            [] => estimate(transaction, &query)?,
            _ => None,
        };
        Ok((prepared.schema, rows))
    })
}

fn in_transaction<T>(
    url: &str,
    options: &SourceOptions,
    control: &Control,
    work: impl FnOnce(&mut Transaction) -> Result<T, Halt>,
) -> Result<T, Halt> {
    let (config, tls) = config(url, options)?;
    let mut client = config.connect(tls.clone())?;
    let cancel = client.cancel_token();
    watched(
        control,
        options.timeout(),
        // If the server cannot be reached any more, reading from it will fail too.
        || drop(cancel.cancel_query(tls.clone())),
        || {
            let mut transaction = client.build_transaction().read_only(true).start()?;
            work(&mut transaction)
        },
    )
}

fn config(url: &str, options: &SourceOptions) -> Result<(Config, MakeRustlsConnect), Fault> {
    // Files of this machine are as private as its network.
    let (Encryption { mode, connector }, url) = Encryption::of(url, options.allow_private)?;
    let mut config: Config = url.parse()?;
    config.ssl_mode(mode);
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(options.timeout());
    }
    if config.get_application_name().is_none() {
        config.application_name("graphlume");
    }
    if !options.allow_private {
        pin_public_hosts(&mut config)?;
    }
    Ok((config, connector))
}

/// Looks hosts up, refuses private ones, and lets the connection go to the address that was
/// checked, whatever the name means a moment later.
fn pin_public_hosts(config: &mut Config) -> Result<(), Fault> {
    for &address in config.get_hostaddrs() {
        private::check(address)?;
    }
    if !config.get_hostaddrs().is_empty() {
        return Ok(());
    }
    let mut addresses = Vec::new();
    for host in config.get_hosts() {
        match host {
            Host::Tcp(name) => {
                let address = (name.as_str(), 0).to_socket_addrs()?.next();
                let address = address.ok_or_else(|| Fault::BadAddress {
                    part: "the host",
                    reason: format!("`{name}` has no address").into(),
                })?;
                private::check(address.ip())?;
                addresses.push(address.ip());
            }
            Host::Unix(path) => {
                return Err(Fault::Private { address: path.display().to_string().into() });
            }
        }
    }
    if addresses.is_empty() {
        return Err(Fault::Private { address: "the local socket".into() });
    }
    for address in addresses {
        config.hostaddr(address);
    }
    Ok(())
}

/// The query that was asked for, or that of the table that was.
fn query(transaction: &mut Transaction, ask: &Ask) -> Result<String, Fault> {
    if let Some(query) = &ask.query {
        return Ok(query.clone());
    }
    let tables = transaction.query(
        "SELECT c.oid::regclass::text, quote_ident(n.nspname) || '.' || quote_ident(c.relname), \
                c.relname::text, n.nspname || '.' || c.relname \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND n.nspname !~ '^pg_' \
           AND n.nspname <> 'information_schema' ORDER BY 1",
        &[],
    )?;
    let tables: Vec<[String; 4]> =
        tables.iter().map(|t| [t.get(0), t.get(1), t.get(2), t.get(3)]).collect();
    let Some(table) = &ask.table else {
        let names: Vec<_> = tables.iter().map(|[shown, ..]| shown.as_str()).collect();
        return match (&tables[..], names.len()) {
            ([[_, quoted, ..]], _) => Ok(format!("SELECT * FROM {quoted}")),
            (_, 0) => {
                let advice = "the database has none".into();
                Err(Fault::Missing { what: "a table", advice })
            }
            (_, n) => {
                let more = if n <= 20 { "" } else { ", …" };
                let names = names[..n.min(20)].join("`, `");
                let advice = format!("name one of `{names}`{more}, or a query").into();
                Err(Fault::Missing { what: "a table", advice })
            }
        };
    };
    // The name as the search path shows it wins over the same name in another schema.
    let found = tables
        .iter()
        .find(|[shown, quoted, _, full]| [shown, quoted, full].contains(&table))
        .or_else(|| tables.iter().find(|[.., name, _]| name == table));
    match found {
        Some([_, quoted, ..]) => Ok(format!("SELECT * FROM {quoted}")),
        None => Err(Fault::NoTable {
            table: table.as_str().into(),
            nearest: nearest(table, tables.iter().flat_map(|t| [t[0].as_str(), &t[2]])),
        }),
    }
}

/// The number of rows in the server's plan of a statement, which is known to be one.
fn estimate(transaction: &mut Transaction, query: &str) -> Result<Option<u64>, Fault> {
    let text = format!("EXPLAIN (FORMAT JSON) {query}");
    let statement = match transaction.prepare(&text) {
        Ok(statement) => statement,
        // Such as `SHOW`, which has no plan.
        Err(error) if error.as_db_error().is_some() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let row = transaction.query_one(&statement, &[])?;
    let raw: Raw = row.try_get(0)?;
    let plan: serde_json::Value = serde_json::from_slice(raw.0).map_err(Fault::Json)?;
    Ok(plan.pointer("/0/Plan/Plan Rows").and_then(serde_json::Value::as_u64))
}

/// A statement that gives rows, what is bound to it, and the columns it fills.
struct Prepared {
    statement: Statement,
    params: Vec<Parameter>,
    columns: Vec<Column>,
    schema: SchemaRef,
}

impl Prepared {
    fn new(
        transaction: &mut Transaction,
        query: &str,
        ask: &Ask,
        options: &SourceOptions,
    ) -> Result<Self, Fault> {
        let statement = transaction.prepare(query)?;
        if statement.columns().is_empty() {
            return Err(Fault::NotAQuery { reason: "the statement gives no columns" });
        }
        check_names(statement.columns().iter().map(|column| column.name()))?;
        let texts = ask.params.iter().cloned().map(Parameter::Text);
        let params: Vec<_> = texts.chain(options.params.iter().cloned()).collect();
        let expected = statement.params().len();
        if params.len() != expected {
            return Err(Fault::Parameters { found: params.len(), expected });
        }
        let columns = statement
            .columns()
            .iter()
            .map(|column| Column::new(column.name(), column.type_(), column.type_modifier()))
            .collect::<Result<Vec<_>, _>>()?;
        let schema = schema(columns.iter().map(|column| (&*column.name, column.data_type())));
        Ok(Self { statement, params, columns, schema })
    }
}

fn fetch(
    transaction: &mut Transaction,
    query: &str,
    ask: &Ask,
    options: &SourceOptions,
    control: &Control,
) -> Result<Rows, Halt> {
    let Prepared { statement, params, mut columns, schema } =
        Prepared::new(transaction, query, ask, options)?;
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as _).collect();
    let portal = transaction.bind(&statement, &params)?;

    let mut meter = Meter::new(control, options.max_bytes);
    let mut spool = Spool::new(options.max_memory);
    let mut batches = Vec::new();
    let mut n_rows = 0;
    // Blocks begin small, as nothing is known of how wide rows are.
    let mut block = 256;
    loop {
        let rows = transaction.query_portal(&portal, block)?;
        let before = meter.bytes;
        for row in &rows {
            let bytes = push(&mut columns, row, meter.rows + 1)?;
            n_rows += 1;
            if meter.row(bytes)? {
                let arrays = columns.iter_mut().map(Column::finish).collect::<Result<_, _>>()?;
                batches.push(batch(&schema, arrays, std::mem::take(&mut n_rows))?);
                if spool.holds(meter.close_batch()?) {
                    spool.put(&schema, &std::mem::take(&mut batches))?;
                }
            }
        }
        if rows.len() < block as usize {
            break;
        }
        let width = (meter.bytes - before) / rows.len() as u64;
        block = (BLOCK_BYTES / width.max(1)).clamp(1, BATCH_ROWS as u64 / 4) as i32;
    }
    if 0 < n_rows {
        let arrays = columns.iter_mut().map(Column::finish).collect::<Result<_, _>>()?;
        batches.push(batch(&schema, arrays, n_rows)?);
    }
    meter.close_batch()?;
    Ok(Rows { schema, spilled: spool.spilled(), batches, total: meter.rows })
}

/// Bytes of values that one block of the portal should have.
const BLOCK_BYTES: u64 = 4 << 20;

/// Adds a row, counted from 1; gives its size in bytes.
fn push(columns: &mut [Column], row: &Row, number: u64) -> Result<u64, Fault> {
    let mut bytes = 0;
    for (i, column) in columns.iter_mut().enumerate() {
        let raw: Option<Raw> = row.try_get(i)?;
        bytes += 1 + raw.as_ref().map_or(0, |raw| raw.0.len() as u64);
        column.push(raw.map(|raw| raw.0)).map_err(|reason| Fault::Value {
            row: number,
            column: column.name.clone(),
            reason,
        })?;
    }
    Ok(bytes)
}

/// All parameters travel as text, so that the server reads them as the type it expects.
impl ToSql for Parameter {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut bytes::BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        let text = match self {
            Self::Null => return Ok(IsNull::Yes),
            Self::Boolean(flag) => flag.to_string(),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        };
        out.extend_from_slice(text.as_bytes());
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    fn encode_format(&self, _: &Type) -> Format {
        Format::Text
    }

    to_sql_checked!();
}

impl From<postgres::Error> for Fault {
    fn from(error: postgres::Error) -> Self {
        if let Some(told) = error.as_db_error() {
            let place = match told.position() {
                Some(&ErrorPosition::Original(place)) => Some(place),
                _ => None,
            };
            let more = [told.detail(), told.hint()].into_iter().flatten();
            let message =
                more.fold(told.message().to_owned(), |text, more| format!("{text}; {more}"));
            return Self::Database {
                message: message.trim_end_matches('.').into(),
                code: told.code().code().into(),
                place,
            };
        }
        // The text of the error alone says where it happened, not what.
        let message = match std::error::Error::source(&error) {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        };
        Self::Connection { message: message.into() }
    }
}
