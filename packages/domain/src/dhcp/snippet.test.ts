import assert from "node:assert/strict";
import { test } from "node:test";
import { joinSnippets, parseSnippet } from "./snippet.ts";

const problem = (text: string): string => {
  const parsed = parseSnippet(text);
  return "problem" in parsed ? parsed.problem : `taken: ${JSON.stringify(parsed)}`;
};

test("Kea's JSON and dhcpd's statements say the same", () => {
  const wanted = {
    options: [
      { code: 42, value: "10.0.0.1, 10.0.0.2" },
      { code: 15, value: "lab.example" },
      { code: 19, value: "false" },
    ],
    leaseSeconds: 3600,
  };
  assert.deepEqual(
    parseSnippet(`# time
      option ntp-servers 10.0.0.1, 10.0.0.2; option domain-name "lab.example";
      option ip-forwarding off;
      default-lease-time 3600;`),
    wanted,
  );
  assert.deepEqual(
    parseSnippet(
      JSON.stringify({
        "option-data": [
          { name: "ntp-servers", data: "10.0.0.1,10.0.0.2" },
          { code: 15, data: "lab.example" },
          { name: "ip-forwarding", data: "false" },
        ],
        "valid-lifetime": 3600,
      }),
    ),
    wanted,
  );
});

test("what cannot be served is refused with the reason", () => {
  for (const [text, reason] of [
    ["", /says nothing/],
    ["{}", /says nothing/],
    ["{ not json", /none/],
    ['{"hooks-libraries": []}', /hooks-libraries/],
    ['{"option-data": {}}', /list/],
    ['{"option-data": [null]}', /not served/],
    ['{"option-data": [{"name": "ntp-servers"}]}', /no data/],
    ["option ntp-servers ntp.example.com;", /IPv4 addresses/],
    ["option ntp-servers 010.0.0.1;", /IPv4 addresses/],
    [`option domain-name ${"x".repeat(64)}.example;`, /name of a domain/],
    ["option interface-mtu 20;", /68 to 65535/],
    ["option domain-name lab example;", /name of a domain/],
    ["option host-name x;", /'host-name' is not served/],
    ["option constructor x;", /not served/],
    ["option bootfile-name x;", /not served/],
    ['filename "x";', /start from is decided/],
    ["if known { option ntp-servers 10.0.0.1; }", /conditions/],
    ["option ntp-servers 10.0.0.1", /semicolon/],
    ["default-lease-time 5;", /30 seconds/],
    ['option root-path "a,b";', /one value/],
    ["nonsense;", /no option/],
  ] as const)
    assert.match(problem(text), reason, text);
});

test("of two snippets the later counts, option by option", () => {
  const first = { options: [{ code: 42, value: "10.0.0.1" }], leaseSeconds: 60 };
  const second = {
    options: [
      { code: 42, value: "10.0.0.2" },
      { code: 7, value: "10.0.0.3" },
    ],
  };
  assert.deepEqual(joinSnippets([first, second]), {
    options: [
      { code: 7, value: "10.0.0.3" },
      { code: 42, value: "10.0.0.2" },
    ],
    leaseSeconds: 60,
  });
});
