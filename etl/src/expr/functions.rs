//! The functions of the language: names, arguments, results.

use Gives::{
    AsFirst, Boolean as GivesBoolean, Common, Date as GivesDate, Float, Integer as GivesInteger,
};
use Gives::{Text as GivesText, Timestamp as GivesTimestamp};
use Takes::{Any, Boolean, Day, Integer, IntegerConstant, Number, Text, TextConstant, Time};

use super::parse::DERIVED;

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// Anything that agrees with the other arguments of this kind.
    Any,
    Boolean,
    Integer,
    Number,
    Text,
    /// A date or timestamp.
    Day,
    /// A date, time or timestamp; a length of time too.
    Time,
    /// A text that is written in the expression.
    TextConstant,
    /// A whole number that is written in the expression.
    IntegerConstant,
}

/// What a function results in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    Boolean,
    Integer,
    Float,
    Text,
    Date,
    Timestamp,
    /// The type of the first argument.
    AsFirst,
    /// The type that all arguments of kind [`Takes::Any`] have.
    Common,
}

/// What is known of a function.
#[derive(Debug)]
pub(super) struct Signature {
    pub(super) function: Function,
    /// Its name, and others that it is known by.
    pub(super) names: &'static [&'static str],
    pub(super) takes: &'static [Takes],
    /// How many of `takes` must be there.
    pub(super) needs: usize,
    /// Whether the last of `takes` may repeat.
    pub(super) repeats: bool,
    pub(super) gives: Gives,
}

macro_rules! functions {
    ($($(#[$doc:meta])* $function:ident: $names:expr, $takes:expr, $needs:literal $(+ $repeats:ident)? => $gives:expr;)*) => {
        /// A function of the values of one row.
        ///
        /// Null if an argument is null, where nothing else is said. Numbers of characters count
        /// Unicode scalar values. Integers that a function gives have 64 bits.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Function {
            $($(#[$doc])* $function,)*
        }

        pub(super) static SIGNATURES: &[Signature] = &[$(Signature {
            function: Function::$function,
            names: &$names,
            takes: &$takes,
            needs: $needs,
            repeats: false $(|| stringify!($repeats).len() > 0)?,
            gives: $gives,
        },)*];
    };
}

functions! {
    /// `lower(text)`.
    Lower: ["lower", "lcase"], [Text], 1 => GivesText;
    /// `upper(text)`.
    Upper: ["upper", "ucase"], [Text], 1 => GivesText;
    /// `length(text)`: number of characters.
    Length: ["length", "len", "char_length", "character_length"], [Text], 1 => GivesInteger;
    /// `contains(text, part)`: whether `part` is somewhere in `text`, letter by letter.
    Contains: ["contains"], [Text, Text], 2 => GivesBoolean;
    /// `starts_with(text, part)`.
    StartsWith: ["starts_with", "startswith"], [Text, Text], 2 => GivesBoolean;
    /// `ends_with(text, part)`.
    EndsWith: ["ends_with", "endswith"], [Text, Text], 2 => GivesBoolean;
    /// `substr(text, from[, length])`: characters from number `from`, 1 the first; negative from the
    /// end, -1 the last.
    Substring: ["substr", "substring"], [Text, Integer, Integer], 2 => GivesText;
    /// `left(text, n)`: the first `n` characters; all but the last `-n` if negative.
    Left: ["left"], [Text, Integer], 2 => GivesText;
    /// `right(text, n)`: the last `n` characters; all but the first `-n` if negative.
    Right: ["right"], [Text, Integer], 2 => GivesText;
    /// `replace(text, part, with)`: every `part` replaced.
    Replace: ["replace"], [Text, TextConstant, TextConstant], 3 => GivesText;
    /// `regexp_replace(text, pattern, with)`: every match replaced; `$1` in `with` is the first group.
    RegexReplace: ["regexp_replace"], [Text, TextConstant, TextConstant], 3 => GivesText;
    /// `regexp_extract(text, pattern[, group])`: the first match, or a group of it; null without one.
    RegexExtract: ["regexp_extract"], [Text, TextConstant, IntegerConstant], 2 => GivesText;
    /// `trim(text[, characters])`: without white space, or without `characters`, at both ends.
    Trim: ["trim", "btrim"], [Text, TextConstant], 1 => GivesText;
    /// `ltrim(text[, characters])`: as [`Trim`](Self::Trim), at the beginning.
    TrimStart: ["ltrim"], [Text, TextConstant], 1 => GivesText;
    /// `rtrim(text[, characters])`: as [`Trim`](Self::Trim), at the end.
    TrimEnd: ["rtrim"], [Text, TextConstant], 1 => GivesText;
    /// `concat(a, …)`: texts one after another; nulls are left out.
    Concat: ["concat"], [Text], 1 + more => GivesText;
    /// `reverse(text)`: character by character.
    Reverse: ["reverse"], [Text], 1 => GivesText;
    /// `lpad(text, n[, character])`: filled at the beginning to at least `n` characters.
    PadStart: ["lpad"], [Text, IntegerConstant, TextConstant], 2 => GivesText;
    /// `rpad(text, n[, character])`: filled at the end to at least `n` characters.
    PadEnd: ["rpad"], [Text, IntegerConstant, TextConstant], 2 => GivesText;
    /// `split_part(text, separator, n)`: part number `n` from 1 on; negative from the end; null if
    /// there are fewer.
    SplitPart: ["split_part"], [Text, TextConstant, IntegerConstant], 3 => GivesText;
    /// `repeat(text, n)`: `n` times one after another; nothing if `n` is negative, and an error beyond
    /// 1 MiB.
    Repeat: ["repeat"], [Text, Integer], 2 => GivesText;

    /// `year(time)`.
    Year: ["year"], [Day], 1 => GivesInteger;
    /// `quarter(time)`: 1 to 4.
    Quarter: ["quarter"], [Day], 1 => GivesInteger;
    /// `month(time)`: 1 to 12.
    Month: ["month"], [Day], 1 => GivesInteger;
    /// `week(time)`: ISO 8601 number of the week, 1 to 53.
    Week: ["week", "weekofyear"], [Day], 1 => GivesInteger;
    /// `day(time)`: 1 to 31.
    Day: ["day", "dayofmonth"], [Day], 1 => GivesInteger;
    /// `dayofyear(time)`: 1 to 366.
    DayOfYear: ["dayofyear", "doy"], [Day], 1 => GivesInteger;
    /// `weekday(time)`: ISO 8601 number, 1 for Monday to 7 for Sunday.
    Weekday: ["weekday", "isodow"], [Day], 1 => GivesInteger;
    /// `hour(time)`: 0 to 23.
    Hour: ["hour"], [Time], 1 => GivesInteger;
    /// `minute(time)`: 0 to 59.
    Minute: ["minute"], [Time], 1 => GivesInteger;
    /// `second(time)`: 0 to 59, whole seconds.
    Second: ["second"], [Time], 1 => GivesInteger;
    /// `epoch(time)`: seconds since 1970-01-01 00:00 UTC, or of a length of time.
    Epoch: ["epoch"], [Time], 1 => Float;
    /// `from_epoch(seconds)`: the timestamp that many seconds after 1970-01-01 00:00.
    FromEpoch: ["from_epoch", "to_timestamp"], [Number], 1 => GivesTimestamp;
    /// `date_trunc(unit, time)`: the begin of the `year`, `quarter`, `month`, `week`, `day`, `hour`,
    /// `minute` or `second`; a date stays a date.
    DateTrunc: ["date_trunc", "time_bucket"], [TextConstant, Day], 2 => AsFirst;
    /// `date(time)`: the day of a timestamp; of a text, the date that it is.
    Date: ["date", "to_date"], [Any], 1 => GivesDate;
    /// `local_time(timestamp)`: without a zone, as clocks in its zone show it.
    LocalTime: ["local_time"], [Day], 1 => GivesTimestamp;
    /// `strftime(time, format)`: the time as text, in the format codes of `chrono`.
    FormatTime: ["strftime"], [Time, TextConstant], 2 => GivesText;
    /// `strptime(text, format)`: the timestamp that the text is in that format; an error if it is none.
    ParseTime: ["strptime"], [Text, TextConstant], 2 => GivesTimestamp;

    /// `abs(x)`; an error for the least integer, which has no positive twin.
    Abs: ["abs"], [Number], 1 => AsFirst;
    /// `sign(x)`: -1, 0 or 1.
    Sign: ["sign"], [Number], 1 => AsFirst;
    /// `round(x[, digits])`: halves away from zero.
    Round: ["round"], [Number, IntegerConstant], 1 => AsFirst;
    /// `floor(x)`: the greatest whole number that is not greater.
    Floor: ["floor"], [Number], 1 => AsFirst;
    /// `ceil(x)`: the least whole number that is not less.
    Ceil: ["ceil", "ceiling"], [Number], 1 => AsFirst;
    /// `sqrt(x)`; not a number if negative.
    Sqrt: ["sqrt"], [Number], 1 => Float;
    /// `exp(x)`: e to the power x.
    Exp: ["exp"], [Number], 1 => Float;
    /// `ln(x)`: the natural logarithm; minus infinity of 0, not a number if negative.
    Ln: ["ln"], [Number], 1 => Float;
    /// `log10(x)`, `log(x)`: the logarithm to base 10.
    Log10: ["log10", "log"], [Number], 1 => Float;
    /// `log2(x)`: the logarithm to base 2.
    Log2: ["log2"], [Number], 1 => Float;
    /// `pow(x, y)`: x to the power y.
    Power: ["pow", "power"], [Number, Number], 2 => Float;
    /// `sin(x)`, x in radians.
    Sin: ["sin"], [Number], 1 => Float;
    /// `cos(x)`, x in radians.
    Cos: ["cos"], [Number], 1 => Float;
    /// `tan(x)`, x in radians.
    Tan: ["tan"], [Number], 1 => Float;
    /// `atan2(y, x)`: the angle of the point `(x, y)` in radians.
    Atan2: ["atan2"], [Number, Number], 2 => Float;
    /// `div(x, y)`: the whole part of the quotient of integers, towards zero; null if y is 0.
    IntegerDivide: ["div"], [Integer, Integer], 2 => GivesInteger;
    /// `is_nan(x)`: whether x is not a number.
    IsNan: ["is_nan", "isnan"], [Number], 1 => GivesBoolean;
    /// `is_finite(x)`: whether x is a number and not infinite.
    IsFinite: ["is_finite", "isfinite"], [Number], 1 => GivesBoolean;

    /// `coalesce(a, …)`: the first that is not null.
    Coalesce: ["coalesce", "ifnull"], [Any], 1 + more => Common;
    /// `nullif(a, b)`: null if a equals b, otherwise a.
    NullIf: ["nullif"], [Any, Any], 2 => AsFirst;
    /// `if(condition, a, b)`: a if the condition is true, otherwise b.
    If: ["if", "iif", "iff"], [Boolean, Any, Any], 3 => Common;
    /// `least(a, …)`: the least; nulls are left out.
    Least: ["least"], [Any], 1 + more => Common;
    /// `greatest(a, …)`: the greatest; nulls are left out.
    Greatest: ["greatest"], [Any], 1 + more => Common;
}

impl Function {
    /// The name that [`Display`](std::fmt::Display) of an expression writes.
    pub fn name(self) -> &'static str {
        self.signature().names[0]
    }

    pub(super) fn signature(self) -> &'static Signature {
        // The table is written by the macro that makes the enum, in the same order.
        &SIGNATURES[self as usize]
    }

    /// The function of a name, whatever its capitals.
    pub fn named(name: &str) -> Option<Self> {
        SIGNATURES
            .iter()
            .find(|signature| signature.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
            .map(|signature| signature.function)
    }
}

impl Signature {
    /// The kind of argument number `index`, from 0 on.
    pub(super) fn takes(&self, index: usize) -> Takes {
        self.takes[index.min(self.takes.len() - 1)]
    }

    /// How many arguments there may be, in words; `None` if `n` is right.
    pub(super) fn wrong_count(&self, n: usize) -> Option<Box<str>> {
        let (least, most) = (self.needs, self.takes.len());
        let right = least <= n && (self.repeats || n <= most);
        let words = match (self.repeats, least == most) {
            (true, _) => format!("{least} or more"),
            (false, true) => least.to_string(),
            (false, false) => format!("{least} to {most}"),
        };
        (!right).then(|| words.into())
    }
}

/// A function of the values of a group of rows; nulls are left out, where nothing else is said.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Aggregate {
    /// `count(x)`: number of values; `count(*)`: number of rows.
    Count,
    /// `count(DISTINCT x)`, `n_unique(x)`: number of different values.
    CountDistinct,
    /// `sum(x)`: of integers in 64 bits, an error if it does not fit; of numbers with fractions in
    /// `f64`; 0 of nothing.
    Sum,
    /// `mean(x)`, `avg(x)`, in `f64`; null of nothing.
    Mean,
    /// `min(x)`.
    Min,
    /// `max(x)`.
    Max,
    /// `std(x)`, `stddev(x)`: standard deviation of a sample (divided by n − 1), in `f64`; null of
    /// fewer than two.
    Std,
    /// `var(x)`, `variance(x)`: its square.
    Var,
    /// `median(x)`, in `f64`: the mean of the two in the middle if there are two.
    Median,
    /// `quantile(x, q)`, in `f64`: linear between the two nearest ranks; q from 0 to 1.
    Quantile(f64),
    /// `first(x)`: of the first row, null or not.
    First,
    /// `last(x)`: of the last row, null or not.
    Last,
    /// `bool_or(x)`: whether any is true.
    Any,
    /// `bool_and(x)`: whether none is false.
    All,
    /// `list(x)`, `array_agg(x)`: all values in the order of rows, with nulls.
    List,
}

const AGGREGATES: &[(&[&str], Aggregate)] = &[
    (&["count"], Aggregate::Count),
    (&["n_unique", "count_distinct", "nunique"], Aggregate::CountDistinct),
    (&["sum"], Aggregate::Sum),
    (&["mean", "avg"], Aggregate::Mean),
    (&["min"], Aggregate::Min),
    (&["max"], Aggregate::Max),
    (&["std", "stddev", "stddev_samp"], Aggregate::Std),
    (&["var", "variance", "var_samp"], Aggregate::Var),
    (&["median"], Aggregate::Median),
    (&["quantile", "quantile_cont", "percentile_cont"], Aggregate::Quantile(0.5)),
    (&["first"], Aggregate::First),
    (&["last"], Aggregate::Last),
    (&["bool_or", "any"], Aggregate::Any),
    (&["bool_and", "every", "all"], Aggregate::All),
    (&["list", "array_agg"], Aggregate::List),
];

impl Aggregate {
    /// The name that [`Display`](std::fmt::Display) of an expression writes.
    pub fn name(self) -> &'static str {
        let same = |other: &Self| std::mem::discriminant(&self) == std::mem::discriminant(other);
        AGGREGATES
            .iter()
            .find(|(_, aggregate)| same(aggregate))
            .map(|(names, _)| names[0])
            .expect("every aggregate should be in the table")
    }

    /// The aggregate of a name, whatever its capitals; a quantile is the median until it is told.
    pub fn named(name: &str) -> Option<Self> {
        AGGREGATES
            .iter()
            .find(|(names, _)| names.iter().any(|known| known.eq_ignore_ascii_case(name)))
            .map(|&(_, aggregate)| aggregate)
    }
}

/// All names of functions and aggregates, with those that are others put together.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    let functions = SIGNATURES.iter().flat_map(|signature| signature.names);
    let aggregates = AGGREGATES.iter().flat_map(|(names, _)| *names);
    functions.chain(aggregates).copied().chain(DERIVED.iter().map(|(name, _)| *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_functions_and_names_are_unique() {
        for (index, signature) in SIGNATURES.iter().enumerate() {
            assert_eq!(signature.function as usize, index);
        }
        let mut all: Vec<_> = names().collect();
        let n = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), n);
    }
}
