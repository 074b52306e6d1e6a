/** The document against what OpenAPI 3.1 asks of one: its objects' required fields, references, parameters of paths, ids. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { additions } from "./additions.ts";
import { findAction } from "./find.ts";
import { openApi } from "./openapi.ts";
import { api20 } from "./versions.ts";

// oxlint-disable-next-line typescript/no-explicit-any
type Json = any;
const document = openApi("http://localhost:5240", "9.9") as Json;
const operations: { path: string; method: string; operation: Json }[] = Object.entries<Json>(document.paths).flatMap(
  ([path, item]) => Object.entries<Json>(item).map(([method, operation]) => ({ path, method, operation })),
);

test("the document has what every one has", () => {
  assert.match(document.openapi, /^3\.1\.\d+$/);
  assert.deepEqual(Object.keys(document.info).sort(), ["title", "version"]);
  assert.deepEqual(document.servers, [{ url: "http://localhost:5240/MAAS/api/2.0" }]);
  assert.equal(JSON.stringify(JSON.parse(JSON.stringify(document))), JSON.stringify(document));
});

test("every action that is not hidden is one operation, at a path by which it is found", () => {
  const actions = api20.resources.filter((r) => !r.hidden).flatMap((r) => Object.values(r.actions));
  assert.equal(operations.length, actions.length);
  for (const { path, method } of operations) {
    const found = api20.find(path.replace(/\{\w+\}/g, "1"));
    assert.ok(found, path);
    assert.ok(findAction(found.resource, method.toUpperCase(), found.pathOp ?? null), `${method} ${path}`);
  }
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length);
});

test("parameters of a path are those that the path has, and no parameter is there twice", () => {
  for (const { path, operation } of operations) {
    const inPath = operation.parameters.filter((p: Json) => p.in === "path");
    assert.deepEqual(
      inPath.map((p: Json) => p.name).sort(),
      [...path.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? "").sort(),
      path,
    );
    assert.ok(inPath.every((p: Json) => p.required === true));
    const names = operation.parameters.map((p: Json) => `${p.in} ${p.name}`);
    assert.equal(new Set(names).size, names.length, path);
    for (const p of operation.parameters) assert.ok(p.schema && ["path", "query"].includes(p.in), `${path} ${p.name}`);
  }
});

test("replies have a status and a description, and bodies a schema; nothing but POST and PUT has a body", () => {
  for (const { path, method, operation } of operations) {
    const statuses = Object.keys(operation.responses);
    // Of what was withdrawn, 410 is all there is.
    assert.ok(
      statuses.some((status) => /^(2\d\d|410)$/.test(status)),
      path,
    );
    for (const status of statuses) {
      assert.match(status, /^[1-5]\d\d$/);
      assert.ok(operation.responses[status].description, `${path} ${status}`);
      for (const content of Object.values<Json>(operation.responses[status].content ?? {})) assert.ok(content.schema);
    }
    if (operation.requestBody) assert.ok(["post", "put"].includes(method), path);
    for (const content of Object.values<Json>(operation.requestBody?.content ?? {})) {
      const { properties, required } = content.schema;
      for (const name of required) assert.ok(name in properties, `${path} ${name}`);
    }
    for (const each of operation.security)
      for (const name of Object.keys(each)) assert.ok(name in document.components.securitySchemes, name);
  }
});

test("every reference leads to a schema", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map((m) => m[1] ?? "");
  assert.ok(references.length > 100);
  const dangling = references.filter((to) => !(to.replace("#/components/schemas/", "") in document.components.schemas));
  assert.deepEqual(dangling, []);
});

test("every object that an action returns has a schema of its own", () => {
  const known = ["Node", "", "bytes", "yaml", "string", "null", "boolean", "ConfigValue"];
  const without = api20.resources
    .filter((r) => !r.hidden)
    .flatMap((r) => Object.values(r.actions).map((a) => a.returns.replace(/(\[\]|\|null)+$/, "")))
    .filter((name) => !known.includes(name) && !(name in document.components.schemas));
  assert.deepEqual([...new Set(without)].sort(), []);
});

test("what is ours is marked", () => {
  const marked = operations.filter(({ operation }) => operation["x-rackwright-addition"]);
  const hidden = api20.resources.filter((r) => r.hidden).flatMap((r) => Object.values(r.actions));
  assert.ok(marked.length >= Object.keys(additions).length - hidden.length);
});
