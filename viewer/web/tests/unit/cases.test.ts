import { describe, expect, it } from "vitest";

import { labelled } from "../../src/cases/form";
import { parts, plain, swapped, withValue, written } from "../../src/cases/toml";

const TEXT = `title = "A # title" # a comment
notes = """
[[step]]
name = "not a step"
"""

# first
[[step]]
name = 'a'
verb = "hypergraph"
entity_types = [
  "x", # one
  'y',
]
opts = { EDGES = { a = ["b"] } }

  [step.more]
  deep = 1

[[step]]
verb = "filter"
where = '''
a = 1
AND b = 2'''

[layout]
iterations = 1_000`;

describe("the text of a case", () => {
  it("is taken apart at its tables", () => {
    const found = parts(TEXT)!;
    expect(found.map((part) => part.name)).toEqual(["", "step", "step", "layout"]);
    expect(found.map((part) => part.entries.map((entry) => entry.key))).toEqual([["title", "notes"], ["name", "verb", "entity_types", "opts"], ["verb", "where"], ["iterations"]]);
    expect(TEXT.slice(found[1]!.start, found[1]!.start + 8)).toBe("# first\n");
    expect(found.map((part) => TEXT.slice(part.start, part.end)).join("")).toBe(TEXT);
    const values = found[1]!.entries.map((entry) => plain(entry.raw));
    // A list with comments is no line of a form.
    expect(values).toEqual(["a", "hypergraph", undefined, undefined]);
    expect(plain(found[2]!.entries[1]!.raw)).toBe("a = 1\nAND b = 2");
    expect(plain(found[3]!.entries[0]!.raw)).toBe(1000);
    expect(plain(found[0]!.entries[0]!.raw)).toBe("A # title");
  });

  it("is not taken apart where it is none", () => {
    for (const text of ["a", "a = 'x", "a = [1", "[a", "= 1", "a = \"\"\"x", "[[step]]\n'a"]) expect(parts(text), text).toBeNull();
    expect(parts("")).toHaveLength(1);
    expect(parts("a.b = 1\n'c d' = 2\r\n")![0]!.entries.map((entry) => entry.key)).toEqual(["a.b", "c d"]);
  });

  it("changes in one place", () => {
    const step = (text: string) => parts(text)!.filter((part) => part.name === "step");
    const renamed = withValue(TEXT, step(TEXT)[0]!, "name", written("b\"c"));
    expect(renamed).toBe(TEXT.replace("name = 'a'", 'name = "b\\"c"'));
    const without = withValue(TEXT, step(TEXT)[1]!, "where", null);
    expect(without).toBe(TEXT.replace("where = '''\na = 1\nAND b = 2'''\n", ""));
    // Before the tables in a step, which would swallow it.
    const more = withValue(TEXT, step(TEXT)[0]!, "direct", "true");
    expect(more).toBe(TEXT.replace('["b"] } }\n', '["b"] } }\ndirect = true\n'));
    expect(withValue("[[step]]", parts("[[step]]")![1]!, "verb", '"x"')).toBe('[[step]]\nverb = "x"\n');
    const [first, second] = step(TEXT);
    const other = swapped(TEXT, first!, second!);
    expect(step(other).map((part) => part.entries[0]!.key)).toEqual(["verb", "name"]);
    expect(parts(other)!.map((part) => part.name)).toEqual(["", "step", "step", "layout"]);
    expect(other.length).toBe(TEXT.length);
  });

  it("gives back what was written into it", () => {
    for (const value of ["", "a", "it's", 'say "x"', "back\\slash", "two\nlines", "'''\n", "tab\t", "\u007f", "ü#[", true, false, 3, -0.5, [], ["a", "b, c"], ["$x"]]) {
      const text = `x = ${written(value)}`;
      expect(plain(parts(text)![0]!.entries[0]!.raw), text).toEqual(value);
    }
  });
});

describe("sources of a case", () => {
  it("have labels that tell them apart", () => {
    const of = (value: string, label: string): { value: string; label: string } => ({ value, label });
    const found = labelled([of("upload:1", "logins.csv"), of("upload:2", "logins.csv"), of("dataset:3", "logins.csv"), of("dataset:4abcdefghij", "")]);
    expect(found.map((one) => one.label)).toEqual(["logins.csv (uploaded)", "logins.csv (uploaded, 2)", "logins.csv (graph)", "dataset:4abcde (graph)"]);
    expect(found.map((one) => one.value)).toEqual(["upload:1", "upload:2", "dataset:3", "dataset:4abcdefghij"]);
  });
});
