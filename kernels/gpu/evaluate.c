// evaluate: an expression over columns, row by row.
//
// The host has turned the expression into a program for a stack machine, and checked it: types fit,
// and the stack neither runs empty nor over. All threads run the same instruction at the same time,
// each with a row of its own. A value is 64 bits and whether it is there at all; logic is that of
// SQL, where what is absent is neither true nor false.

#define GROUP 256
// Values below the topmost, which is in a register.
#define DEPTH 12

// An instruction is four words: what to do, and three operands.
#define LOAD 0u
#define CONSTANT 1u
#define NOT 2u
#define AND 3u
#define OR 4u
#define IS_NULL 5u
#define EQUAL 6u
#define LESS 7u
#define ADD_INTEGER 8u
#define SUBTRACT_INTEGER 9u
#define MULTIPLY_INTEGER 10u
#define NEGATE_INTEGER 11u
#define ADD_FLOAT 12u
#define MULTIPLY_FLOAT 13u
#define DIVIDE_FLOAT 14u
#define NEGATE_FLOAT 15u
#define TO_FLOAT 16u
#define FLOAT_KEY 17u
#define INTEGER_KEY 18u
#define LOOK_UP 19u
#define COALESCE 20u
#define CHOOSE 21u
#define FLOAT_ABS 22u
#define INTEGER_ABS 23u
#define DIVIDE_INTEGER 24u
#define REMAINDER_INTEGER 25u
#define ROUND 26u
#define PART 27u

// How a column is read.
#define AS_U32 0u
#define AS_I32 1u
#define AS_F32 2u
#define AS_64 3u
#define AS_U64 4u
#define NO_MASK 0xffffffffu

// Exact product of signed numbers, or *overflows.
FN u64 multiply_integers(u64 a, u64 b, u32 *overflows) {
    u64 product = a * b;
    u64 high = MUL_HIGH_U64(a, b);
    // From the unsigned to the signed upper half.
    high -= (a >> 63 ? b : 0) + (b >> 63 ? a : 0);
    *overflows = high != (product >> 63 ? ~(u64)0 : 0);
    return product;
}

// What a float is rounded to.
#define DOWN 0u
#define UP 1u
#define TOWARDS_ZERO 2u
#define HALF_AWAY 3u
#define SINGLE 4u

// The nearest number of single precision, ties to even.
FN u64 round_to_single(u64 x) {
    u64 sign = x & F64_SIGN;
    u64 size = x & ~F64_SIGN;
    u32 field = (u32)(size >> 52);
    if (field == 2047) {
        return x;
    }
    // Digits behind those of single precision; below its normal numbers there are more, and the
    // leading digit, which is not written in either, is among those that are shifted.
    u32 drop = field >= 897 ? 29u : 926u - field;
    u64 digits = field >= 897 ? size : f64_significand(x);
    if (drop > 54) {
        return sign;
    }
    u64 kept = digits >> drop;
    u64 rest = digits - (kept << drop);
    u64 tie = 1ul << (drop - 1);
    kept += rest > tie || (rest == tie && (kept & 1));
    if (field < 897) {
        return f64_pack(sign, -149, kept);
    }
    kept <<= 29;
    // From 2^128 on there is none.
    return sign | (kept >= 1151ul << 52 ? F64_INFINITY : kept);
}

FN u64 round_float(u64 x, u32 how) {
    u64 sign = x & F64_SIGN;
    u64 size = x & ~F64_SIGN;
    u32 field = (u32)(size >> 52);
    if (how == SINGLE) {
        return round_to_single(x);
    }
    // Whole from 2^52 on, and what is not finite stays too.
    if (field >= 1075) {
        return x;
    }
    u32 is_fraction = field < 1023;
    u32 drop = is_fraction ? 52u : 1075u - field;
    u64 whole = is_fraction ? 0 : size >> drop << drop;
    u32 is_half = is_fraction ? size >= 1022ul << 52 : (size >> (drop - 1) & 1) != 0;
    u32 away = how == HALF_AWAY ? is_half : how != TOWARDS_ZERO && (how == DOWN) == (sign != 0);
    if (away && size != whole) {
        whole = is_fraction ? 1023ul << 52 : whole + (1ul << drop);
    }
    return sign | whole;
}

// Parts of a date.
#define YEAR 0u
#define QUARTER 1u
#define MONTH 2u
#define WEEK 3u
#define DAY 4u
#define DAY_OF_YEAR 5u
#define DAY_OF_QUARTER 6u
#define WEEKDAY 7u

// Of the date so many days after 1970-01-01. Years begin with March, so that a leap day is their
// last: Hinnant, "chrono-compatible low-level date algorithms".
FN u64 date_part(u64 days, u32 part) {
    // Weeks and leap years repeat every 400 years: negative days are moved by whole cycles.
    u64 minus = days >> 63;
    u64 back = minus ? magnitude_u64(days) / 146097 + 1 : 0;
    u64 from_march = days + back * 146097 + 719468;
    u64 cycles = from_march / 146097;
    u32 day = (u32)(from_march - cycles * 146097);
    u32 in_cycle = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    u32 since_march = day - (365 * in_cycle + in_cycle / 4 - in_cycle / 100);
    u32 march_month = (5 * since_march + 2) / 153;
    u32 month = march_month < 10 ? march_month + 3 : march_month - 9;
    u64 year = in_cycle + 400 * (cycles - back) + (month <= 2);
    u32 weekday = (day + 2) % 7 + 1;
    // Leap years repeat with the cycle, so the year in it decides.
    u32 of_cycle = (in_cycle + (month <= 2)) % 400;
    u32 is_leap = of_cycle % 4 == 0 && (of_cycle % 100 != 0 || of_cycle == 0);
    u32 day_of_year = month <= 2 ? since_march - 305 : since_march + 60 + is_leap;
    switch (part) {
    case YEAR:
        return year;
    case QUARTER:
        return (month - 1) / 3 + 1;
    case MONTH:
        return month;
    case DAY:
        return since_march - (153 * march_month + 2) / 5 + 1;
    case DAY_OF_YEAR:
        return day_of_year;
    case DAY_OF_QUARTER: {
        // April, July and October begin after so many days of a year from March.
        u32 before = month < 4 ? 0 : month < 7 ? 31 : month < 10 ? 122 : 214;
        return month < 4 ? day_of_year : since_march - before + 1;
    }
    case WEEKDAY:
        return weekday;
    default: {
        // WEEK: that of its Thursday, which may be in the year before or after.
        u32 before = (of_cycle + 399) % 400;
        u32 leap_before = before % 4 == 0 && (before % 100 != 0 || before == 0);
        u32 thursday = day_of_year + 4;
        if (thursday <= weekday) {
            thursday += 365 + leap_before;
        } else if (thursday - weekday > 365 + is_leap) {
            thursday -= 365 + is_leap;
        }
        return (thursday - weekday - 1) / 7 + 1;
    }
    }
}

#define CASE(I) case I: pointer = c##I; break;
// The column of a number that all threads have alike.
#define PICK(NUMBER)                                                                         \
    switch (NUMBER) {                                                                        \
        CASE(0) CASE(1) CASE(2) CASE(3) CASE(4) CASE(5) CASE(6) CASE(7) CASE(8) CASE(9)      \
        CASE(10) CASE(11) CASE(12) CASE(13) CASE(14) CASE(15)                                \
    }
#define COLUMNS                                                                              \
    IN(u32) c0, IN(u32) c1, IN(u32) c2, IN(u32) c3, IN(u32) c4, IN(u32) c5, IN(u32) c6,      \
        IN(u32) c7, IN(u32) c8, IN(u32) c9, IN(u32) c10, IN(u32) c11, IN(u32) c12,           \
        IN(u32) c13, IN(u32) c14, IN(u32) c15

// The result of row i: in `wide` its bits and in `flags` whether it is there; or, without `wide`,
// in `flags` whether it is there and not 0. failed[0]: the first row with an overflow.
KERNEL(evaluate, GROUP)
(IN(u32) program, IN(u32) tables, COLUMNS, OUT(u64) wide, OUT(u32) flags, INOUT(u32) failed, u32 n,
 u32 length, u32 is_wide) {
    LOCAL u64 stack[DEPTH * GROUP];
    LOCAL_PTR(u64) mine = stack + LANE;
    for (u32 i = THREAD; i < n; i += THREADS) {
        u64 top = 0;
        // Bit d: the value at depth d is there; bit 0 is that of the topmost.
        u32 there = 0;
        u32 depth = 0;
        u32 overflows = 0;
        for (u32 pc = 0; pc < length; pc += 4) {
            u32 what = program[pc];
            u32 x = program[pc + 1];
            u32 y = program[pc + 2];
            if (what == LOAD || what == CONSTANT) {
                // Below what is put on top; nothing is below the first.
                mine[depth * GROUP] = top;
                depth++;
                there <<= 1;
                if (what == CONSTANT) {
                    top = (u64)y << 32 | x;
                    there |= program[pc + 3];
                } else {
                    const GLOBAL u32 *pointer = c0;
                    PICK(x)
                    if (y >= AS_64) {
                        top = ((const GLOBAL u64 *)pointer)[i];
                    } else {
                        u32 bits = pointer[i];
                        top = y == AS_F32 ? f64_from_f32(bits) : bits;
                        top |= y == AS_I32 && bits >> 31 ? ~(u64)0 << 32 : 0;
                    }
                    u32 mask = program[pc + 3];
                    if (mask != NO_MASK) {
                        PICK(mask)
                        there |= pointer[i] != 0;
                    } else {
                        there |= 1u;
                    }
                    overflows |= y == AS_U64 && (there & 1u) && top >> 63;
                }
                continue;
            }
            if (what == LOOK_UP) {
                // Of y entries; what is behind the last is the last.
                u32 at = top < y ? (u32)top : y - 1;
                u32 known;
                if (program[pc + 3]) {
                    // Integers: their halves, and whether they are there.
                    top = (u64)tables[x + 3 * at + 1] << 32 | tables[x + 3 * at];
                    known = tables[x + 3 * at + 2];
                } else {
                    // 0 for false, 1 for true, 2 for neither.
                    top = tables[x + at] == 1;
                    known = tables[x + at] < 2;
                }
                there = (there & ~1u) | (there & known);
                continue;
            }
            if (what == NOT || what == IS_NULL || (what >= NEGATE_FLOAT && what <= INTEGER_KEY) ||
                what == NEGATE_INTEGER || what == FLOAT_ABS || what == INTEGER_ABS || what == ROUND ||
                what == PART) {
                switch (what) {
                case NOT:
                    top = top == 0;
                    break;
                case IS_NULL:
                    top = !(there & 1u);
                    there |= 1;
                    break;
                case NEGATE_INTEGER:
                    overflows |= (there & 1u) && top == F64_SIGN;
                    top = ~top + 1;
                    break;
                case INTEGER_ABS:
                    overflows |= (there & 1u) && top == F64_SIGN;
                    top = magnitude_u64(top);
                    break;
                case NEGATE_FLOAT:
                    top ^= F64_SIGN;
                    break;
                case FLOAT_ABS:
                    top &= ~F64_SIGN;
                    break;
                case TO_FLOAT:
                    top = f64_from_integer(top);
                    break;
                case PART:
                    top = date_part(top, x);
                    break;
                case ROUND:
                    top = round_float(top, x);
                    break;
                case FLOAT_KEY:
                    top = f64_key(top);
                    break;
                default:
                    top ^= F64_SIGN;
                }
                continue;
            }
            // Two values or three: `below` and the topmost.
            depth--;
            u64 below = mine[depth * GROUP];
            u32 both = there & there >> 1 & 1u;
            u32 right_there = there & 1u;
            there >>= 1;
            u32 left_there = there & 1u;
            u64 right = top;
            u32 is_there = both;
            u32 over = 0;
            switch (what) {
            case AND:
                // False with anything is false.
                is_there = both | (left_there & (below == 0)) | (right_there & (right == 0));
                top = (!left_there | (below != 0)) & (!right_there | (right != 0));
                break;
            case OR:
                is_there = both | (left_there & (below != 0)) | (right_there & (right != 0));
                top = (left_there & (below != 0)) | (right_there & (right != 0));
                break;
            case EQUAL:
                top = below == right;
                break;
            case LESS:
                top = below < right;
                break;
            case ADD_INTEGER:
                top = below + right;
                over = (u32)((~(below ^ right) & (below ^ top)) >> 63);
                break;
            case SUBTRACT_INTEGER:
                top = below - right;
                over = (u32)(((below ^ right) & (below ^ top)) >> 63);
                break;
            case MULTIPLY_INTEGER:
                top = multiply_integers(below, right, &over);
                break;
            case ADD_FLOAT:
                top = f64_add(below, right);
                break;
            case MULTIPLY_FLOAT:
                top = f64_multiply(below, right);
                break;
            case DIVIDE_FLOAT:
                top = f64_divide(below, right);
                is_there = both & ((right & ~F64_SIGN) != 0);
                break;
            case DIVIDE_INTEGER:
            case REMAINDER_INTEGER: {
                u64 minus = (what == DIVIDE_INTEGER ? below ^ right : below) >> 63;
                u64 by = magnitude_u64(right);
                u64 size = magnitude_u64(below);
                is_there = both & (by != 0);
                by += by == 0;
                u64 quotient = size / by;
                // The least integer by -1.
                over = what == DIVIDE_INTEGER && !minus && quotient >> 63;
                top = what == DIVIDE_INTEGER ? quotient : size - quotient * by;
                top = (top ^ (0 - minus)) + minus;
                break;
            }
            case COALESCE:
                top = left_there ? below : right;
                is_there = left_there | right_there;
                break;
            default: {
                // CHOOSE: a condition is below both.
                depth--;
                u64 condition = mine[depth * GROUP];
                there >>= 1;
                u32 is_true = (there & 1u) && condition != 0;
                top = is_true ? below : right;
                is_there = is_true ? left_there : right_there;
            }
            }
            overflows |= over & is_there;
            there = (there & ~1u) | is_there;
        }
        if (overflows) {
            ATOMIC_MIN(failed, i);
        }
        if (is_wide) {
            wide[i] = there & 1u ? top : 0;
            flags[i] = there & 1u;
        } else {
            flags[i] = (there & 1u) && top != 0;
        }
    }
}
