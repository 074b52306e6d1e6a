import assert from "node:assert/strict";
import { test } from "node:test";
import { fieldNames, searchFields } from "./fields.ts";
import { MAX_FILTER, parseFilter, problemTexts, type Test } from "./parse.ts";

/** The tests of a filter that is right. */
function tests(text: string): (Test & { negated?: true })[] {
  const { terms, problems } = parseFilter(text);
  assert.deepEqual(problems, [], text);
  return terms.map((term) => ({ ...term.test, ...(term.negated ? { negated: true as const } : {}) }));
}
const contains = (text: string) => ({ text, whole: false });
const whole = (text: string) => ({ text, whole: true });

test("terms of every form", () => {
  const cases: [string, (Test & { negated?: true })[]][] = [
    ["", []],
    ["  \t\n ", []],
    ["web", [{ kind: "words", text: "web" }]],
    [
      "Web  DB",
      [
        { kind: "words", text: "web" },
        { kind: "words", text: "db" },
      ],
    ],
    ['"web server"', [{ kind: "words", text: "web server" }]],
    ['"a \\"b\\" \\\\ c"', [{ kind: "words", text: 'a "b" \\ c' }]],
    ["-web", [{ kind: "words", text: "web", negated: true }]],
    ["!web", [{ kind: "words", text: "web", negated: true }]],
    ["web-01", [{ kind: "words", text: "web-01" }]],
    ["52:54:00:ab:cd:ef", [{ kind: "words", text: "52:54:00:ab:cd:ef" }]],
    ["aa:bb:cc", [{ kind: "words", text: "aa:bb:cc" }]],
    ["fe80::1", [{ kind: "words", text: "fe80::1" }]],
    ["name:web", [{ kind: "text", field: "name", any: [contains("web")], none: [] }]],
    ["hostname:=Web", [{ kind: "text", field: "name", any: [whole("web")], none: [] }]],
    ["tag:a,b", [{ kind: "text", field: "tag", any: [contains("a"), contains("b")], none: [] }]],
    ["tags:( =a , !b )", [{ kind: "text", field: "tag", any: [whole("a")], none: [contains("b")] }]],
    ["zone:(!=a)", [{ kind: "text", field: "zone", any: [], none: [whole("a")] }]],
    ['model:="PowerEdge R640, v2"', [{ kind: "text", field: "model", any: [whole("poweredge r640, v2")], none: [] }]],
    ["mac:52:54", [{ kind: "text", field: "mac", any: [contains("52:54")], none: [] }]],
    ["-pool:x", [{ kind: "text", field: "pool", any: [contains("x")], none: [], negated: true }]],
    ["status:(new,!ready)", [{ kind: "choice", field: "status", any: ["new"], none: ["ready"] }]],
    ["status:(=new,=failed testing)", [{ kind: "choice", field: "status", any: ["new", "failed_testing"], none: [] }]],
    ["status:testing", [{ kind: "choice", field: "status", any: ["testing"], none: [] }]],
    [
      "status:Rescue",
      [
        {
          kind: "choice",
          field: "status",
          any: [
            "rescue_mode",
            "entering_rescue_mode",
            "failed_entering_rescue_mode",
            "exiting_rescue_mode",
            "failed_exiting_rescue_mode",
          ],
          none: [],
        },
      ],
    ],
    ["power:off", [{ kind: "choice", field: "power", any: ["off"], none: [] }]],
    ["cpu:>=16", [{ kind: "range", field: "cpu", any: [{ comparison: ">=", value: 16 }], none: [] }]],
    ["cores:4", [{ kind: "range", field: "cpu", any: [{ comparison: "=", value: 4 }], none: [] }]],
    [
      "cpu:(<2,>64)",
      [
        {
          kind: "range",
          field: "cpu",
          any: [
            { comparison: "<", value: 2 },
            { comparison: ">", value: 64 },
          ],
          none: [],
        },
      ],
    ],
    ["mem:>=64G", [{ kind: "range", field: "mem", any: [{ comparison: ">=", value: 65536 }], none: [] }]],
    ["mem:<1536", [{ kind: "range", field: "mem", any: [{ comparison: "<", value: 1536 }], none: [] }]],
    ["storage:>1.5T", [{ kind: "range", field: "storage", any: [{ comparison: ">", value: 1.5e12 }], none: [] }]],
    ["storage:>1TiB", [{ kind: "range", field: "storage", any: [{ comparison: ">", value: 2 ** 40 }], none: [] }]],
    ["storage:<=500", [{ kind: "range", field: "storage", any: [{ comparison: "<=", value: 500e9 }], none: [] }]],
    ["since:<2h", [{ kind: "range", field: "since", any: [{ comparison: "<", value: 7200 }], none: [] }]],
    ["created:>1d12h", [{ kind: "range", field: "created", any: [{ comparison: ">", value: 129_600 }], none: [] }]],
    ["has:tag", [{ kind: "has", field: "tag" }]],
    ["-has:owner", [{ kind: "has", field: "owner", negated: true }]],
    ["locked:yes", [{ kind: "flag", field: "locked", is: true }]],
    ["locked:!on", [{ kind: "flag", field: "locked", is: false }]],
  ];
  for (const [text, expected] of cases) assert.deepEqual(tests(text), expected, text);
});

test("each problem says where it is and what to do, and the rest still applies", () => {
  const cases: [text: string, marked: string, says: RegExp][] = [
    ["web stauts:new", "stauts", /no field stauts: did you mean status\?/],
    ["web xyzzy:1", "xyzzy", /use one of name, hostname/],
    ["web status:redy", "redy", /"redy" is no status: did you mean ready\?/],
    ["web status:=fail", "=fail", /"fail" is no status/],
    ["web status:(new,bogus)", "bogus", /is no status/],
    ["web status:>new", ">new", /leave the > out/],
    ["web name:>a", ">a", /use name:WORD/],
    ["web cpu:many", "many", /"many" is no number: use cpu:>=4/],
    ["web cpu:-1", "-1", /is no number/],
    ["web mem:64X", "64X", /is no size: use mem:>=64G/],
    ["web mem:1.2.3G", "1.2.3G", /is no size/],
    ["web since:2h", "2h", /use since:<2h or since:>2h/],
    ["web since:<yesterday", "<yesterday", /is no time/],
    ["web has:status", "status", /has:status says nothing/],
    ["web has:(tag,owner)", "has:(tag,owner)", /takes one field/],
    ["web locked:maybe", "maybe", /use locked:yes or locked:no/],
    ["web status:", "status:", /needs a value: status:WORD/],
    ["web status:(new", "(new", /not closed/],
    ["web status:()", "status:()", /needs a value/],
    ['web name:"a', '"a', /does not end/],
    ["web tag:(a)b", "b", /put a blank before it/],
    ["web -", "-", /negated is missing/],
  ];
  for (const [text, marked, says] of cases) {
    const { terms, problems } = parseFilter(text);
    assert.deepEqual(
      terms.map((t) => t.test),
      [{ kind: "words", text: "web" }],
      text,
    );
    assert.equal(problems.length, 1, text);
    const [problem] = problems;
    assert.ok(problem);
    assert.match(problem.message, says, text);
    assert.ok(
      marked.endsWith(text.slice(problem.at, problem.end)) && problem.at >= 4,
      `${text}: ${JSON.stringify(problem)}`,
    );
    assert.match(problemTexts(text, problems)[0] ?? "", new RegExp(`^At character ${problem.at + 1}\\b`));
  }
});

test("too much is refused as any other mistake", () => {
  assert.match(parseFilter("x".repeat(MAX_FILTER + 1)).problems[0]?.message ?? "", /at most/);
  const many = parseFilter(Array.from({ length: 40 }, (_, i) => `w${i}`).join(" "));
  assert.equal(many.terms.length, 30);
  assert.match(many.problems[0]?.message ?? "", /more than 30 terms/);
  assert.match(
    parseFilter(`tag:(${Array.from({ length: 101 }, () => "a").join(",")})`).problems[0]?.message ?? "",
    /more than 100/,
  );
});

test("every field is known by each of its words, whatever their case", () => {
  for (const name of fieldNames) {
    const field: { kind: string; aliases?: readonly string[]; choices?: readonly string[] } = searchFields[name];
    const value = {
      text: "a",
      choice: field.choices?.[0],
      number: "1",
      memory: "1",
      disk: "1",
      age: "<1h",
      flag: "yes",
    }[field.kind];
    for (const word of [name, name.toUpperCase(), ...(field.aliases ?? [])]) {
      const [found] = tests(`${word}:${value}`);
      assert.ok(found && "field" in found && found.field === name, word);
    }
  }
});

test("any text gives a filter or problems inside of it, and never more time than its length asks for", () => {
  const pieces = [
    "status:",
    "(",
    ")",
    ",",
    "!",
    "-",
    '"',
    "\\",
    "=",
    "<",
    ">=",
    " ",
    "new",
    "a:b:c:",
    "mem:",
    "64G",
    "'; drop table node; --",
    "%_",
    "é",
    "has:",
  ];
  let seed = 7;
  const random = (n: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * n);
  };
  for (let i = 0; i < 3000; i++) {
    const text = Array.from({ length: random(12) }, () => pieces[random(pieces.length)]).join("");
    const { terms, problems } = parseFilter(text);
    for (const { at, end } of [...terms, ...problems])
      assert.ok(at >= 0 && at < end && at <= text.length, JSON.stringify(text));
  }
  const began = performance.now();
  for (const text of ["(", '"', "a:", "-", "0:", "!a:("]) parseFilter(text.repeat(MAX_FILTER / text.length));
  assert.ok(performance.now() - began < 1000);
});
