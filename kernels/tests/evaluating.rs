//! Expressions on every device found, against numbers of the language.

#![expect(clippy::unwrap_used, reason = "a panic fails the test, as it should")]

mod common;

use common::{Random, config, devices, download, is_small, upload};
use graph_kernels::{
    Arithmetic, Column, Comparison, DatePart, Device, Entries, Expression, Meaning, Numbers,
    Rounding, ValueType, evaluate, evaluate_flags,
};
use proptest::prelude::*;

/// What a rounding does to a number.
type Rule = fn(f64) -> f64;

#[expect(clippy::unnecessary_box_returns, reason = "what expressions are made of is boxed")]
fn column(number: usize) -> Box<Expression> {
    Expression::Column(number).into()
}

/// Floats of all sizes, with those near the ends of the range, and integers.
fn floats(random: &mut Random, n: usize) -> Vec<f64> {
    let special = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        5e-324,
        f64::MIN_POSITIVE,
        2.0_f64.powi(-1023),
        f64::MAX,
        f64::MIN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        f64::EPSILON,
        1.0 + f64::EPSILON,
    ];
    let mut one = |i: usize| match random.below(6) {
        0 => special[random.below(special.len() as u32) as usize],
        // Any bits: exponents are far apart.
        1 => f64::from_bits(random.next()),
        // Near one another, so that sums lose leading digits, and near the least.
        2 | 3 => f64::from_bits(0x3ff0_0000_0000_0000 | random.next() >> 8),
        4 => f64::from_bits(random.next() & 0x803f_ffff_ffff_ffff),
        _ => i as f64 - 50.0,
    };
    (0..n).map(&mut one).collect()
}

fn bits(floats: &[f64]) -> Vec<u64> {
    floats.iter().map(|x| x.to_bits()).collect()
}

/// What arithmetic does on the processor.
type Of = fn(f64, f64) -> f64;

/// Equal as numbers with their signs; what is not a number has none.
fn assert_same(found: &[u64], expected: &[f64], what: &str) {
    for (row, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let found = f64::from_bits(found);
        let same = found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan();
        assert!(same, "row {row}: {found:e} for {expected:e}, {what}");
    }
}

fn check_arithmetic(device: Device, a: &[f64], b: &[f64]) {
    let (left, right) = (upload(device, &bits(a)), upload(device, &bits(b)));
    let wide = |buffer| Column { numbers: Numbers::Wide(buffer, Meaning::Float), valid: None };
    let columns = [wide(&left), wide(&right)];
    let cases: [(Arithmetic, Of); 4] = [
        (Arithmetic::Add, |a, b| a + b),
        (Arithmetic::Subtract, |a, b| a - b),
        (Arithmetic::Multiply, |a, b| a * b),
        (Arithmetic::Divide, |a, b| a / b),
    ];
    for (what, of) in cases {
        let expression = Expression::Compute(what, column(0), column(1));
        let found = evaluate(device, &expression, &columns, a.len()).unwrap();
        assert_eq!(found.value_type, ValueType::Float);
        let is_there = |b: f64| what != Arithmetic::Divide || b != 0.0;
        let valid: Vec<u32> = b.iter().map(|&b| u32::from(is_there(b))).collect();
        assert_eq!(download(&found.valid), valid, "{what:?} on {device}");
        let value = |(&a, &b): (&f64, &f64)| if is_there(b) { of(a, b) } else { 0.0 };
        let expected: Vec<f64> = a.iter().zip(b).map(value).collect();
        assert_same(&download(&found.bits), &expected, &format!("{what:?} on {device}"));
    }
}

#[test]
fn floats_are_computed_to_the_last_bit() {
    let mut random = Random::new(1);
    let n = if is_small() { 400 } else { 60_000 };
    for device in devices() {
        let (a, b) = (floats(&mut random, n), floats(&mut random, n));
        check_arithmetic(device, &a, &b);
        // Products and quotients around the least normal number.
        let a: Vec<f64> = (0..n).map(|i| 1.0 + i as f64 / n as f64).collect();
        let b: Vec<f64> = a.iter().map(|x| x * 2.0_f64.powi(-1022) / 3.0).collect();
        check_arithmetic(device, &a, &b);
        check_arithmetic(device, &b, &a);
    }
}

#[test]
fn integers_and_narrow_floats_become_floats_as_they_should() {
    let mut random = Random::new(2);
    let mut integers: Vec<i64> = (0..300).map(|i| (random.next() >> (i % 64)) as i64).collect();
    integers.extend([0, 1, -1, i64::MIN, i64::MAX, 1 << 53, (1 << 53) + 1, (1 << 54) + 3]);
    let narrow: Vec<f32> = (0..integers.len())
        .map(|i| match i {
            0 => f32::NAN,
            1 => f32::NEG_INFINITY,
            2 => -0.0,
            3 => f32::from_bits(1),
            4 => f32::from_bits(0x007f_ffff),
            _ => f32::from_bits(random.next() as u32),
        })
        .collect();
    let n = integers.len();
    for device in devices() {
        let wide: Vec<u64> = integers.iter().map(|&x| x as u64).collect();
        let wide = upload(device, &wide);
        let words: Vec<u32> = narrow.iter().map(|x| x.to_bits()).collect();
        let words = upload(device, &words);
        let columns = [
            Column { numbers: Numbers::Wide(&wide, Meaning::Signed), valid: None },
            Column { numbers: Numbers::Narrow(&words, Meaning::Float), valid: None },
            Column { numbers: Numbers::Narrow(&words, Meaning::Signed), valid: None },
            Column { numbers: Numbers::Narrow(&words, Meaning::Unsigned), valid: None },
        ];
        let values = |expression: Expression| {
            download(&evaluate(device, &expression, &columns, n).unwrap().bits)
        };
        let expected: Vec<f64> = integers.iter().map(|&x| x as f64).collect();
        assert_same(&values(Expression::ToFloat(column(0))), &expected, "of integers");
        let expected: Vec<f64> = narrow.iter().map(|&x| x.into()).collect();
        assert_same(&values(Expression::Column(1)), &expected, "of f32");
        let expected: Vec<u64> =
            narrow.iter().map(|x| i64::from(x.to_bits() as i32) as u64).collect();
        assert_eq!(values(Expression::Column(2)), expected, "of i32 on {device}");
        let expected: Vec<u64> = narrow.iter().map(|x| x.to_bits().into()).collect();
        assert_eq!(values(Expression::Column(3)), expected, "of u32 on {device}");
        let sum = Expression::Compute(Arithmetic::Add, column(0), column(1));
        let expected: Vec<f64> =
            integers.iter().zip(&narrow).map(|(&a, &b)| a as f64 + f64::from(b)).collect();
        assert_same(&values(sum), &expected, "of both");
        let both = Expression::Choose(
            Expression::Compare(Comparison::Less, column(0), Expression::Integer(0).into()).into(),
            column(0),
            column(1),
        );
        let expected: Vec<f64> = integers
            .iter()
            .zip(&narrow)
            .map(|(&a, &b)| if a < 0 { a as f64 } else { b.into() })
            .collect();
        assert_same(&values(both), &expected, "of one or the other");
    }
}

/// Around whole numbers and halves, around the ends of single precision, and anywhere.
#[test]
fn floats_are_rounded_as_the_processor_rounds_them() {
    let mut random = Random::new(4);
    let n = if is_small() { 300 } else { 30_000 };
    let mut values = floats(&mut random, n);
    for power in [-150, -149, -148, -127, -126, -125, -2, -1, 0, 1, 23, 24, 51, 52, 53, 127, 128] {
        let whole = 2.0_f64.powi(power);
        for x in [whole, whole * 1.5, whole.next_down(), whole.next_up(), whole + 0.5, whole - 0.5]
        {
            values.extend([x, -x]);
        }
    }
    // Single precision with half a digit more, and its neighbors.
    values.extend((0..n).flat_map(|_| {
        let bits = random.next();
        let single = f64::from(f32::from_bits(bits as u32));
        let half = f64::from_bits(single.to_bits() ^ 1 << 28);
        [half, half.next_up(), half.next_down(), (bits as i64 >> 40) as f64 / 2.0]
    }));
    let cases: [(Rounding, Rule); 5] = [
        (Rounding::Down, f64::floor),
        (Rounding::Up, f64::ceil),
        (Rounding::TowardsZero, f64::trunc),
        (Rounding::HalfAway, f64::round),
        (Rounding::Single, |x| f64::from(x as f32)),
    ];
    for device in devices() {
        let numbers = upload(device, &bits(&values));
        let columns = [Column { numbers: Numbers::Wide(&numbers, Meaning::Float), valid: None }];
        for (how, of) in cases {
            let expression = Expression::Round(how, column(0));
            let found = evaluate(device, &expression, &columns, values.len()).unwrap();
            let expected: Vec<f64> = values.iter().map(|&x| of(x)).collect();
            assert_same(&download(&found.bits), &expected, &format!("{how:?} on {device}"));
        }
    }
}

#[test]
fn quotients_and_remainders_are_those_towards_zero() {
    let mut random = Random::new(5);
    let special = [0, 1, -1, 2, -2, 7, -7, i64::MAX, i64::MIN + 1];
    let mut pairs: Vec<(i64, i64)> =
        special.iter().flat_map(|&a| special.map(|b| (a, b))).collect();
    pairs.extend((0..500).map(|i| (random.next() as i64, random.next() as i64 >> (i % 64))));
    let (a, b): (Vec<u64>, Vec<u64>) = pairs.iter().map(|&(a, b)| (a as u64, b as u64)).unzip();
    for device in devices() {
        let (a, b) = (upload(device, &a), upload(device, &b));
        let wide = |buffer| Column { numbers: Numbers::Wide(buffer, Meaning::Signed), valid: None };
        let columns = [wide(&a), wide(&b)];
        for (what, of) in [
            (Arithmetic::Quotient, i64::wrapping_div as fn(i64, i64) -> i64),
            (Arithmetic::Remainder, i64::wrapping_rem),
        ] {
            let expression = Expression::Compute(what, column(0), column(1));
            let found = evaluate(device, &expression, &columns, pairs.len()).unwrap();
            let expected: Vec<Option<i64>> =
                pairs.iter().map(|&(a, b)| (b != 0).then(|| of(a, b))).collect();
            let bits = download(&found.bits).into_iter().zip(download(&found.valid));
            let found: Vec<Option<i64>> =
                bits.map(|(bits, valid)| (valid == 1).then_some(bits as i64)).collect();
            assert_eq!(found, expected, "{what:?} on {device}");
        }
        let least = upload(device, &[5, i64::MIN as u64]);
        let columns = [Column { numbers: Numbers::Wide(&least, Meaning::Signed), valid: None }];
        let by = |what, by| Expression::Compute(what, column(0), Expression::Integer(by).into());
        let error = evaluate(device, &by(Arithmetic::Quotient, -1), &columns, 2).unwrap_err();
        assert_eq!(error.to_string(), "row 1 of an expression does not fit in 64 bits", "{device}");
        let rest = evaluate(device, &by(Arithmetic::Remainder, -1), &columns, 2).unwrap();
        assert_eq!(download(&rest.bits), [0, 0], "{device}");
        let mixed =
            Expression::Compute(Arithmetic::Remainder, column(0), Expression::Float(2.0).into());
        let error = evaluate(device, &mixed, &columns, 2).unwrap_err().to_string();
        assert!(error.contains("are of integers"), "{error}");
    }
}

#[test]
fn integers_without_a_sign_must_fit_into_63_bits() {
    for device in devices() {
        let numbers = upload(device, &[i64::MAX as u64, u64::MAX, 1 << 63]);
        let valid = upload(device, &[1, 0, 0]);
        let wide = Numbers::Wide(&numbers, Meaning::Unsigned);
        let columns = [Column { numbers: wide, valid: Some(&valid) }];
        let found = evaluate(device, &Expression::Column(0), &columns, 3).unwrap();
        assert_eq!(download(&found.bits), [i64::MAX as u64, 0, 0], "{device}");
        let columns = [Column { numbers: wide, valid: None }];
        let error = evaluate(device, &Expression::Column(0), &columns, 3).unwrap_err();
        assert_eq!(error.to_string(), "row 1 of an expression does not fit in 64 bits", "{device}");
    }
}

/// Two values of three.
type Pair = (Option<bool>, Option<bool>);

/// All pairs of true, false and neither.
#[test]
fn logic_has_three_values() {
    let three = [Some(true), Some(false), None];
    let pairs: Vec<_> = three.iter().flat_map(|&a| three.iter().map(move |&b| (a, b))).collect();
    let flags = |side: fn(&Pair) -> Option<bool>| {
        let numbers: Vec<u32> = pairs.iter().map(|p| u32::from(side(p) == Some(true))).collect();
        let valid: Vec<u32> = pairs.iter().map(|p| u32::from(side(p).is_some())).collect();
        (numbers, valid)
    };
    let ((a, a_valid), (b, b_valid)) = (flags(|p| p.0), flags(|p| p.1));
    for device in devices() {
        let (a, a_valid) = (upload(device, &a), upload(device, &a_valid));
        let (b, b_valid) = (upload(device, &b), upload(device, &b_valid));
        let columns = [
            Column { numbers: Numbers::Flags(&a), valid: Some(&a_valid) },
            Column { numbers: Numbers::Flags(&b), valid: Some(&b_valid) },
        ];
        let check = |expression: Expression, of: fn(Option<bool>, Option<bool>) -> Option<bool>| {
            let found = evaluate(device, &expression, &columns, pairs.len()).unwrap();
            let (bits, valid) = (download(&found.bits), download(&found.valid));
            for (row, &(a, b)) in pairs.iter().enumerate() {
                let value = (valid[row] == 1).then_some(bits[row] == 1);
                assert_eq!(value, of(a, b), "{expression:?} of {a:?} and {b:?} on {device}");
            }
            let flags = evaluate_flags(device, &expression, &columns, pairs.len()).unwrap();
            let expected: Vec<u32> =
                pairs.iter().map(|&(a, b)| u32::from(of(a, b) == Some(true))).collect();
            assert_eq!(download(&flags), expected, "{expression:?} on {device}");
        };
        check(Expression::And(column(0), column(1)), |a, b| match (a, b) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        });
        check(Expression::Or(column(0), column(1)), |a, b| match (a, b) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        });
        check(Expression::Not(column(0)), |a, _| a.map(|a| !a));
        check(Expression::IsNull(column(1)), |_, b| Some(b.is_none()));
        check(Expression::Coalesce(column(0), column(1)), Option::or);
        check(Expression::Compare(Comparison::Equal, column(0), column(1)), |a, b| {
            a.zip(b).map(|(a, b)| a == b)
        });
        let unknown = || Box::new(Expression::Boolean(None));
        check(Expression::Or(unknown(), column(1)), |_, b| b.filter(|&b| b));
        check(Expression::Choose(column(0), column(1), unknown()), |a, b| {
            if a == Some(true) { b } else { None }
        });
        let absent = Expression::Absent(ValueType::Boolean);
        check(Expression::Coalesce(absent.into(), column(1)), |_, b| b);
        let absent = Expression::Absent(ValueType::Integer);
        let integer = Expression::Coalesce(absent.into(), Expression::Integer(3).into());
        let equal = Comparison::Equal;
        check(Expression::Compare(equal, integer.into(), Expression::Float(3.0).into()), |_, _| {
            Some(true)
        });
    }
}

#[test]
fn comparisons_are_those_of_a_total_order() {
    let mut random = Random::new(3);
    let (a, b) = (floats(&mut random, 300), floats(&mut random, 300));
    let order = |a: f64, b: f64| a.partial_cmp(&b).unwrap_or_else(|| a.is_nan().cmp(&b.is_nan()));
    for device in devices() {
        let (left, right) = (upload(device, &bits(&a)), upload(device, &bits(&b)));
        for meaning in [Meaning::Float, Meaning::Signed] {
            let columns = [&left, &right]
                .map(|buffer| Column { numbers: Numbers::Wide(buffer, meaning), valid: None });
            let orders = a.iter().zip(&b).map(|(&a, &b)| match meaning {
                Meaning::Float => order(a, b),
                _ => (a.to_bits() as i64).cmp(&(b.to_bits() as i64)),
            });
            for (how, is) in [
                (Comparison::Equal, std::cmp::Ordering::is_eq as fn(_) -> bool),
                (Comparison::NotEqual, std::cmp::Ordering::is_ne),
                (Comparison::Less, std::cmp::Ordering::is_lt),
                (Comparison::LessOrEqual, std::cmp::Ordering::is_le),
                (Comparison::Greater, std::cmp::Ordering::is_gt),
                (Comparison::GreaterOrEqual, std::cmp::Ordering::is_ge),
            ] {
                let expression = Expression::Compare(how, column(0), column(1));
                let flags = evaluate_flags(device, &expression, &columns, a.len()).unwrap();
                let expected: Vec<u32> = orders.clone().map(|order| u32::from(is(order))).collect();
                assert_eq!(download(&flags), expected, "{how:?} of {meaning:?} on {device}");
            }
        }
    }
}

#[test]
fn integers_that_do_not_fit_are_found_in_the_first_row() {
    for device in devices() {
        let evaluate = |what: Expression, values: [i64; 4]| {
            let values = upload(device, &values.map(|x| x as u64));
            let valid = upload(device, &[1, 1, 1, 0]);
            let numbers = Numbers::Wide(&values, Meaning::Signed);
            let columns = [Column { numbers, valid: Some(&valid) }];
            evaluate(device, &what, &columns, 4).map(|found| download(&found.bits))
        };
        let twice = |what| Expression::Compute(what, column(0), column(0));
        let most = i64::MAX / 2;
        // The last row is absent, and absence does not overflow.
        let fits = evaluate(twice(Arithmetic::Add), [most, -most, 3, i64::MAX]).unwrap();
        assert_eq!(fits, [2 * most, -2 * most, 6, 0].map(|x| x as u64), "{device}");
        let row = |result: graph_kernels::Result<Vec<u64>>| result.unwrap_err().to_string();
        let error = row(evaluate(twice(Arithmetic::Add), [0, most + 1, i64::MIN, 0]));
        assert_eq!(error, "row 1 of an expression does not fit in 64 bits", "{device}");
        let fits = evaluate(twice(Arithmetic::Multiply), [-3_037_000_499, 7, -1, 0]).unwrap();
        assert_eq!(fits, [9_223_372_030_926_249_001, 49, 1, 0], "{device}");
        let error = row(evaluate(twice(Arithmetic::Multiply), [1, 2, -3_037_000_500, 0]));
        assert!(error.contains("row 2"), "{error} on {device}");
        for what in [Expression::Negate(column(0)), Expression::Abs(column(0))] {
            let error = row(evaluate(what, [5, i64::MIN, 0, 0]));
            assert!(error.contains("row 1"), "{error} on {device}");
        }
        let difference = Expression::Compute(
            Arithmetic::Subtract,
            Expression::Integer(i64::MIN).into(),
            column(0),
        );
        assert_eq!(evaluate(difference.clone(), [-1, 0, -9, 0]).unwrap()[1], i64::MIN as u64);
        assert!(row(evaluate(difference, [-1, 0, 1, 0])).contains("row 2"));
        let negated = evaluate(Expression::Negate(column(0)), [5, -5, i64::MAX, 0]).unwrap();
        assert_eq!(negated, [-5, 5, -i64::MAX, 0].map(|x| x as u64), "{device}");
    }
}

#[test]
fn tables_are_looked_up_by_code() {
    for device in devices() {
        let codes = upload(device, &[2_u32, 0, 1, 9, 1]);
        let valid = upload(device, &[1, 1, 1, 1, 0]);
        let numbers = Numbers::Narrow(&codes, Meaning::Unsigned);
        let columns = [Column { numbers, valid: Some(&valid) }];
        let table =
            Expression::LookUp(column(0), Entries::Booleans(vec![Some(true), Some(false), None]));
        let found = evaluate(device, &table, &columns, 5).unwrap();
        assert_eq!(download(&found.bits), [0, 1, 0, 0, 0], "{device}");
        assert_eq!(download(&found.valid), [0, 1, 1, 0, 0], "{device}");
        let entries = Entries::Integers(vec![Some(i64::MIN), None, Some(-7)]);
        let table = Expression::LookUp(column(0), entries);
        let found = evaluate(device, &table, &columns, 5).unwrap();
        let seven = -7_i64 as u64;
        assert_eq!(found.value_type, ValueType::Integer);
        assert_eq!(download(&found.bits), [seven, 1 << 63, 0, seven, 0], "{device}");
        assert_eq!(download(&found.valid), [1, 1, 0, 1, 0], "{device}");
    }
}

/// Oracle: the CPU, whose calendar is counted year by year; and days that are known.
#[test]
fn dates_have_their_parts() {
    let parts = [
        (DatePart::Year, [1970, 2000, 2024, 1969, 2021, -1]),
        (DatePart::Quarter, [1, 1, 4, 4, 1, 1]),
        (DatePart::Month, [1, 2, 12, 12, 1, 3]),
        (DatePart::Week, [1, 9, 1, 1, 53, 9]),
        (DatePart::Day, [1, 29, 31, 31, 3, 1]),
        (DatePart::DayOfYear, [1, 60, 366, 365, 3, 60]),
        (DatePart::DayOfQuarter, [1, 60, 92, 92, 3, 60]),
        (DatePart::Weekday, [4, 2, 2, 3, 7, 1]),
    ];
    // 1970-01-01, 2000-02-29, 2024-12-31, 1969-12-31, 2021-01-03, and the first of March of the
    // second year before the year 1.
    let known = [0, 11_016, 20_088, -1, 18_630, -719_468 - 366];
    let mut days: Vec<i64> = known.to_vec();
    let step = if is_small() { 997 } else { 13 };
    days.extend((-160_000..160_000).step_by(step));
    days.extend([i64::from(i32::MIN), i64::from(i32::MAX), -106_751_992, 106_751_991]);
    let words: Vec<u64> = days.iter().map(|&day| day as u64).collect();
    let of = |device, part| {
        let words = upload(device, &words);
        let columns = [Column { numbers: Numbers::Wide(&words, Meaning::Signed), valid: None }];
        let part = Expression::Part(part, column(0));
        download(&evaluate(device, &part, &columns, words.len()).unwrap().bits)
    };
    for (part, expected) in parts {
        let on_cpu = of(Device::Cpu, part);
        let found: Vec<i64> = on_cpu[..6].iter().map(|&x| x as i64).collect();
        assert_eq!(found, expected, "{part:?}");
        for device in devices() {
            let found = of(device, part);
            let differs = found.iter().zip(&on_cpu).position(|(a, b)| a != b);
            assert_eq!(differs.map(|at| days[at]), None, "{part:?} on {device}");
        }
    }
}

#[test]
fn what_has_no_meaning_is_refused_on_every_device() {
    for device in devices() {
        let numbers = upload(device, &[1_u32]);
        let columns = [
            Column { numbers: Numbers::Narrow(&numbers, Meaning::Unsigned), valid: None },
            Column { numbers: Numbers::Flags(&numbers), valid: None },
        ];
        let error = |expression: Expression| {
            evaluate(device, &expression, &columns, 1).unwrap_err().to_string()
        };
        assert!(error(Expression::Column(2)).contains("names column 2, but there are 2"));
        assert!(error(Expression::Not(column(0))).contains("a condition is a boolean"));
        let mixed = Expression::Compare(Comparison::Equal, column(0), column(1));
        assert!(error(mixed).contains("Integer and Boolean cannot be compared"));
        assert!(error(Expression::Abs(column(1))).contains("not of booleans"));
        let sum = Expression::Compute(Arithmetic::Add, column(0), column(1));
        assert!(error(sum).contains("no arithmetic of booleans"));
        let mut deep = Expression::Column(0);
        for _ in 0..12 {
            deep = Expression::Compute(Arithmetic::Add, column(0), deep.into());
        }
        assert!(error(deep).contains("more than 12 values"));
        let error = evaluate_flags(device, &Expression::Column(0), &columns, 1).unwrap_err();
        assert!(error.to_string().contains("a condition is a boolean"), "{error}");
        let error = evaluate(device, &Expression::Column(0), &columns, 2).unwrap_err();
        assert_eq!(error.to_string(), "a column has 1 entries, but 2 were expected");
        let many: Vec<_> = (0..17).map(|_| columns[0]).collect();
        let sum = (0..17).fold(Expression::Integer(0), |sum, i| {
            Expression::Compute(Arithmetic::Add, sum.into(), column(i))
        });
        let error = evaluate(device, &sum, &many, 1).unwrap_err().to_string();
        assert!(error.contains("more than 16 columns"), "{error}");
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_floats_are_computed_to_the_last_bit(
        pairs in prop::collection::vec((any::<u64>(), any::<u64>()), 0..400),
    ) {
        let (a, b): (Vec<f64>, Vec<f64>) =
            pairs.iter().map(|&(a, b)| (f64::from_bits(a), f64::from_bits(b))).unzip();
        for device in Device::all().unwrap() {
            check_arithmetic(device, &a, &b);
        }
    }
}
