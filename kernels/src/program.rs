//! Expressions, checked and turned into programs for a stack machine.

use crate::{
    Arithmetic, Column, Comparison, Entries, Error, Expression, Meaning, Numbers, Result, ValueType,
};

/// What the kernel does, as it knows it.
#[derive(Debug, Clone, Copy)]
enum Op {
    Load,
    Constant,
    Not,
    And,
    Or,
    IsNull,
    Equal,
    Less,
    AddInteger,
    SubtractInteger,
    MultiplyInteger,
    NegateInteger,
    AddFloat,
    MultiplyFloat,
    DivideFloat,
    NegateFloat,
    ToFloat,
    FloatKey,
    IntegerKey,
    LookUp,
    Coalesce,
    Choose,
    AbsFloat,
    AbsInteger,
    DivideInteger,
    RemainderInteger,
    Round,
    Part,
}

/// Columns that a kernel takes, masks among them.
pub(crate) const SLOTS: usize = 16;

/// Values below the topmost.
const DEPTH: usize = 12;

/// In place of a mask's slot.
const NO_MASK: u32 = u32::MAX;

/// An array that a kernel takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Numbers(usize),
    Mask(usize),
}

/// A checked expression as a kernel takes it.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) words: Vec<u32>,
    pub(crate) tables: Vec<u32>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) result: ValueType,
    types: Vec<ValueType>,
    depth: usize,
}

impl Program {
    /// Checks types, and lists what to do. O(size of the expression and its tables).
    pub(crate) fn new(expression: &Expression, columns: &[Column<'_>]) -> Result<Self> {
        let mut program = Self {
            words: vec![],
            tables: vec![],
            slots: vec![],
            result: ValueType::Boolean,
            types: columns.iter().map(Column::value_type).collect(),
            depth: 0,
        };
        program.result = program.add(expression, columns)?;
        Ok(program)
    }

    fn type_of(&self, expression: &Expression) -> Result<ValueType> {
        let missing =
            |number| bad(format!("it names column {number}, but there are {}", self.types.len()));
        type_of(expression, &self.types).map_err(missing)
    }

    fn push(&mut self, op: Op, operands: [u32; 3]) {
        self.words.push(op as u32);
        self.words.extend(operands);
    }

    /// An operation on the topmost value.
    fn unary(&mut self, op: Op) {
        self.push(op, [0; 3]);
    }

    /// An operation that joins the two topmost values.
    fn binary(&mut self, op: Op) {
        self.push(op, [0; 3]);
        self.depth -= 1;
    }

    /// A value on top.
    fn leaf(&mut self, op: Op, operands: [u32; 3]) -> Result<()> {
        if self.depth == DEPTH {
            return Err(bad(format!("it needs more than {DEPTH} values at a time")));
        }
        self.depth += 1;
        self.push(op, operands);
        Ok(())
    }

    fn constant(&mut self, bits: u64, there: bool) -> Result<()> {
        self.leaf(Op::Constant, [bits as u32, (bits >> 32) as u32, u32::from(there)])
    }

    fn slot(&mut self, slot: Slot) -> Result<u32> {
        let at = self.slots.iter().position(|&known| known == slot).unwrap_or(self.slots.len());
        if at == SLOTS {
            return Err(bad(format!("it has more than {SLOTS} columns and masks of columns")));
        }
        if at == self.slots.len() {
            self.slots.push(slot);
        }
        Ok(at as u32)
    }

    #[expect(clippy::too_many_lines, reason = "an arm for each form of expression")]
    fn add(&mut self, expression: &Expression, columns: &[Column<'_>]) -> Result<ValueType> {
        use ValueType::{Boolean, Float, Integer};
        match expression {
            Expression::Column(number) => {
                let found = self.type_of(expression)?;
                let column = &columns[*number];
                let form = match column.numbers {
                    Numbers::Narrow(_, Meaning::Float) => 2,
                    Numbers::Narrow(_, Meaning::Signed) => 1,
                    Numbers::Flags(_) | Numbers::Narrow(..) => 0,
                    Numbers::Wide(_, Meaning::Unsigned) => 4,
                    Numbers::Wide(..) => 3,
                };
                let slot = self.slot(Slot::Numbers(*number))?;
                let mask = match column.valid {
                    Some(_) => self.slot(Slot::Mask(*number))?,
                    None => NO_MASK,
                };
                self.leaf(Op::Load, [slot, form, mask])?;
                Ok(found)
            }
            Expression::Boolean(value) => {
                self.constant(u64::from(*value == Some(true)), value.is_some())?;
                Ok(Boolean)
            }
            Expression::Integer(value) => {
                self.constant(*value as u64, true)?;
                Ok(Integer)
            }
            Expression::Float(value) => {
                self.constant(value.to_bits(), true)?;
                Ok(Float)
            }
            Expression::Absent(of) => {
                self.constant(0, false)?;
                Ok(*of)
            }
            Expression::Not(of) => {
                self.add_boolean(of, columns)?;
                self.unary(Op::Not);
                Ok(Boolean)
            }
            Expression::And(a, b) | Expression::Or(a, b) => {
                self.add_boolean(a, columns)?;
                self.add_boolean(b, columns)?;
                let is_and = matches!(expression, Expression::And(..));
                self.binary(if is_and { Op::And } else { Op::Or });
                Ok(Boolean)
            }
            Expression::IsNull(of) => {
                self.add(of, columns)?;
                self.unary(Op::IsNull);
                Ok(Boolean)
            }
            Expression::Compare(how, a, b) => self.compare(*how, a, b, columns),
            Expression::Compute(what, a, b) => self.compute(*what, a, b, columns),
            Expression::Negate(of) | Expression::Abs(of) => {
                let found = self.add(of, columns)?;
                let is_negate = matches!(expression, Expression::Negate(_));
                self.unary(match (found, is_negate) {
                    (Integer, true) => Op::NegateInteger,
                    (Integer, false) => Op::AbsInteger,
                    (Float, true) => Op::NegateFloat,
                    (Float, false) => Op::AbsFloat,
                    (Boolean, _) => return Err(bad("a sign is of numbers, not of booleans")),
                });
                Ok(found)
            }
            Expression::ToFloat(of) => {
                match self.add(of, columns)? {
                    Float => {}
                    Integer => self.unary(Op::ToFloat),
                    Boolean => return Err(bad("a boolean is no number")),
                }
                Ok(Float)
            }
            Expression::Round(how, of) => {
                if self.add(of, columns)? != Float {
                    return Err(bad("floats are rounded, and nothing else"));
                }
                self.push(Op::Round, [*how as u32, 0, 0]);
                Ok(Float)
            }
            Expression::Part(part, of) => {
                if self.add(of, columns)? != Integer {
                    return Err(bad("days are integers"));
                }
                self.push(Op::Part, [*part as u32, 0, 0]);
                Ok(Integer)
            }
            Expression::LookUp(of, table) => {
                if self.add(of, columns)? != Integer || table.is_empty() {
                    return Err(bad("a table has entries, and is looked up at integers"));
                }
                let first = self.tables.len() as u32;
                match table {
                    Entries::Booleans(entries) => {
                        let code = |entry: &Option<bool>| entry.map_or(2, u32::from);
                        self.tables.extend(entries.iter().map(code));
                    }
                    Entries::Integers(entries) => {
                        self.tables.extend(entries.iter().flat_map(|entry| {
                            let bits = entry.unwrap_or(0) as u64;
                            [bits as u32, (bits >> 32) as u32, u32::from(entry.is_some())]
                        }));
                    }
                }
                let is_of_integers = u32::from(table.value_type() == Integer);
                self.push(Op::LookUp, [first, table.len() as u32, is_of_integers]);
                Ok(table.value_type())
            }
            Expression::Coalesce(a, b) => {
                let found = self.pair(a, b, columns)?;
                self.binary(Op::Coalesce);
                Ok(found)
            }
            Expression::Choose(condition, a, b) => {
                self.add_boolean(condition, columns)?;
                let found = self.pair(a, b, columns)?;
                self.binary(Op::Choose);
                self.depth -= 1;
                Ok(found)
            }
        }
    }

    fn add_boolean(&mut self, expression: &Expression, columns: &[Column<'_>]) -> Result<()> {
        match self.add(expression, columns)? {
            ValueType::Boolean => Ok(()),
            found => Err(bad(format!("a condition is a boolean, but one is of type {found:?}"))),
        }
    }

    /// Two values of one type, which it says.
    fn pair(
        &mut self,
        a: &Expression,
        b: &Expression,
        columns: &[Column<'_>],
    ) -> Result<ValueType> {
        let types = (self.type_of(a)?, self.type_of(b)?);
        match types {
            (left, right) if left == right => {
                self.add(a, columns)?;
                self.add(b, columns)
            }
            (ValueType::Boolean, _) | (_, ValueType::Boolean) => {
                Err(bad(format!("{:?} and {:?} do not go together", types.0, types.1)))
            }
            _ => {
                for (value, found) in [(a, types.0), (b, types.1)] {
                    self.add(value, columns)?;
                    if found == ValueType::Integer {
                        self.unary(Op::ToFloat);
                    }
                }
                Ok(ValueType::Float)
            }
        }
    }

    fn compare(
        &mut self,
        how: Comparison,
        a: &Expression,
        b: &Expression,
        columns: &[Column<'_>],
    ) -> Result<ValueType> {
        // a > b is b < a; a >= b is not a < b.
        let (a, b) = match how {
            Comparison::Greater | Comparison::LessOrEqual => (b, a),
            _ => (a, b),
        };
        let (left, right) = (self.type_of(a)?, self.type_of(b)?);
        let is_float = left == ValueType::Float || right == ValueType::Float;
        if (left == ValueType::Boolean) != (right == ValueType::Boolean) {
            return Err(bad(format!("{left:?} and {right:?} cannot be compared")));
        }
        for (value, found) in [(a, left), (b, right)] {
            self.add(value, columns)?;
            match found {
                ValueType::Boolean => {}
                ValueType::Integer if is_float => {
                    self.unary(Op::ToFloat);
                    self.unary(Op::FloatKey);
                }
                ValueType::Integer => self.unary(Op::IntegerKey),
                ValueType::Float => self.unary(Op::FloatKey),
            }
        }
        match how {
            Comparison::Equal => self.binary(Op::Equal),
            Comparison::NotEqual => {
                self.binary(Op::Equal);
                self.unary(Op::Not);
            }
            Comparison::Less | Comparison::Greater => self.binary(Op::Less),
            Comparison::LessOrEqual | Comparison::GreaterOrEqual => {
                self.binary(Op::Less);
                self.unary(Op::Not);
            }
        }
        Ok(ValueType::Boolean)
    }

    fn compute(
        &mut self,
        what: Arithmetic,
        a: &Expression,
        b: &Expression,
        columns: &[Column<'_>],
    ) -> Result<ValueType> {
        let (left, right) = (self.type_of(a)?, self.type_of(b)?);
        if left == ValueType::Boolean || right == ValueType::Boolean {
            return Err(bad("there is no arithmetic of booleans"));
        }
        let is_of_integers = matches!(what, Arithmetic::Quotient | Arithmetic::Remainder);
        if is_of_integers && (left, right) != (ValueType::Integer, ValueType::Integer) {
            return Err(bad("quotients without a fraction, and remainders, are of integers"));
        }
        let is_whole =
            what != Arithmetic::Divide && left == ValueType::Integer && right == ValueType::Integer;
        for (value, found) in [(a, left), (b, right)] {
            self.add(value, columns)?;
            if found == ValueType::Integer && !is_whole {
                self.unary(Op::ToFloat);
            }
        }
        match (what, is_whole) {
            (Arithmetic::Add, true) => self.binary(Op::AddInteger),
            (Arithmetic::Subtract, true) => self.binary(Op::SubtractInteger),
            (Arithmetic::Multiply, true) => self.binary(Op::MultiplyInteger),
            (Arithmetic::Add, false) => self.binary(Op::AddFloat),
            (Arithmetic::Subtract, false) => {
                self.unary(Op::NegateFloat);
                self.binary(Op::AddFloat);
            }
            (Arithmetic::Multiply, false) => self.binary(Op::MultiplyFloat),
            (Arithmetic::Divide, _) => self.binary(Op::DivideFloat),
            (Arithmetic::Quotient, _) => self.binary(Op::DivideInteger),
            (Arithmetic::Remainder, _) => self.binary(Op::RemainderInteger),
        }
        Ok(if is_whole { ValueType::Integer } else { ValueType::Float })
    }
}

impl Entries {
    fn value_type(&self) -> ValueType {
        match self {
            Self::Booleans(_) => ValueType::Boolean,
            Self::Integers(_) => ValueType::Integer,
        }
    }

    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Booleans(entries) => entries.len(),
            Self::Integers(entries) => entries.len(),
        }
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What an expression's value is, as far as its outermost part says, or a column that is not there;
/// parts are checked when they are listed.
pub(crate) fn type_of(expression: &Expression, columns: &[ValueType]) -> Result<ValueType, usize> {
    Ok(match expression {
        Expression::Column(number) => *columns.get(*number).ok_or(*number)?,
        Expression::Integer(_) | Expression::Part(..) => ValueType::Integer,
        Expression::LookUp(_, table) => table.value_type(),
        Expression::Absent(found) => *found,
        Expression::Float(_)
        | Expression::ToFloat(_)
        | Expression::Round(..)
        | Expression::Compute(Arithmetic::Divide, ..) => ValueType::Float,
        Expression::Negate(of) | Expression::Abs(of) => type_of(of, columns)?,
        Expression::Compute(_, a, b) | Expression::Coalesce(a, b) | Expression::Choose(_, a, b) => {
            match (type_of(a, columns)?, type_of(b, columns)?) {
                (ValueType::Float, _) | (_, ValueType::Float) => ValueType::Float,
                (found, _) => found,
            }
        }
        Expression::Boolean(_)
        | Expression::Not(_)
        | Expression::And(..)
        | Expression::Or(..)
        | Expression::IsNull(_)
        | Expression::Compare(..) => ValueType::Boolean,
    })
}

fn bad(reason: impl Into<Box<str>>) -> Error {
    Error::BadExpression { reason: reason.into() }
}
