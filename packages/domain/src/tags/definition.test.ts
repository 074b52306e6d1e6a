import assert from "node:assert/strict";
import { test } from "node:test";
import { definitionProblem, MAX_DEFINITION_CHARACTERS } from "./definition.ts";

test("what XPath 1.0 has is taken", () => {
  for (const definition of [
    '//node[@id="display"]/product',
    "//node[contains(product, 'GM204')]",
    'count(//node[@class="disk"]) > 2 and (//node[@id="cpu"]/size div 10) >= 5',
    'not(//node[starts-with(@id, "wwan")]) or boolean(//lldp:chassis/lldp:name[text()="leaf $1 x:y foo(1)"])',
    '//lshw:node/descendant::node[@id="memory"]/size[@units="bytes"] > 4294967296',
    "//node[child::*[self::node()]]/ancestor-or-self::list",
    "(((1)))",
  ])
    assert.equal(definitionProblem(definition), undefined, definition);
});

test("what it has not is named", () => {
  for (const [definition, problem] of [
    ["//node[ends-with(@id, 'x')]", /no function ends-with\(\)/],
    ["document('/etc/passwd')", /no function document\(\)/],
    ["//node[self::x()]", /no function x\(\)/],
    ["//node[. = $secret]", /no variable \$secret/],
    ["//foo:bar", /no namespace foo/],
    ["str:tokenize('a')", /no namespace str/],
    ["(".repeat(101), /more than 100 deep/],
    ["a".repeat(MAX_DEFINITION_CHARACTERS + 1), /at most 8192 characters \(it has 8193\)/],
  ] as const)
    assert.match(definitionProblem(definition) ?? "", problem, definition);
});
