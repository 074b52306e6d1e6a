/** The documentation against the contract: nothing is left out, nothing leads nowhere, nothing comes from elsewhere. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { action, resource } from "@rackwright/contract/action";
import { additions } from "@rackwright/contract/additions";
import { text } from "@rackwright/contract/params";
import { api10, api20 } from "@rackwright/contract/versions";
import { docsPage } from "./docs-page.ts";
import { escapeHtml } from "./html.ts";

for (const version of [api20, api10]) {
  const page = docsPage(version, "9.9");
  const details = new Map(
    page
      .split('<details id="')
      .slice(1)
      .map((part) => [part.slice(0, part.indexOf('"')), part]),
  );

  test(`${version.root}: every resource, action, parameter and refusal is there`, () => {
    for (const of of version.resources) {
      assert.ok(page.includes(`<h2 id="${of.name}">`), of.name);
      for (const one of Object.values(of.actions)) {
        const part = details.get(`${of.name}.${one.name}`) ?? "";
        const place = `${of.name}.${one.name}`;
        assert.ok(part.includes(escapeHtml(one.doc.split("\n\n")[0] ?? "")), place);
        for (const [name, param] of Object.entries(one.params)) {
          assert.ok(part.includes(`<code>${name}</code>`), `${place} ${name}`);
          assert.ok(part.includes(escapeHtml(param.doc)), `${place} ${name}: ${param.doc}`);
        }
        for (const [status, when] of Object.entries(one.errors))
          assert.ok(part.includes(`<td>${status}</td><td>${escapeHtml(when)}</td>`), `${place} ${status}`);
        if (!of.hidden) assert.match(part, /<pre>maas PROFILE [a-z-]+ [a-z-]+/);
      }
    }
    assert.equal(
      details.size,
      version.resources.reduce((sum, of) => sum + Object.keys(of.actions).length, 0),
    );
  });

  test(`${version.root}: no two things have one id, links within lead somewhere, elements are closed`, () => {
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map((m) => m[1]);
    assert.equal(new Set(ids).size, ids.length);
    for (const [, to] of page.matchAll(/href="#([^"]+)"/g)) assert.ok(ids.includes(to), to);
    for (const name of [
      "details",
      "summary",
      "section",
      "table",
      "tr",
      "td",
      "th",
      "code",
      "pre",
      "p",
      "nav",
      "ul",
      "li",
    ])
      assert.equal(
        page.match(new RegExp(`<${name}[ >]`, "g"))?.length,
        page.match(new RegExp(`</${name}>`, "g"))?.length,
        name,
      );
  });

  test(`${version.root}: it is whole in itself`, () => {
    assert.doesNotMatch(page, /<script|<link|<img|\ssrc=|@import|url\(|javascript:|\son\w+=/i);
    assert.deepEqual([...page.matchAll(/href="(?!#|\/MAAS\/)/g)], []);
  });
}

test("what is ours is marked, and nothing else", () => {
  const marked = docsPage(api20, "9.9").split('<span class="ours">addition</span>').length - 2; // one explains the mark
  assert.equal(marked, Object.keys(additions).length);
  assert.ok(!docsPage(api10, "9.9").includes("Only Rackwright has this"));
});

test("what the contract says is text, whatever is in it", () => {
  const evil = resource({
    name: "Evil",
    path: "/evil/",
    doc: "<script>alert(1)</script>",
    actions: {
      read: action({
        method: "GET",
        doc: 'A "title" <b>\n\n& <i>text</i>',
        params: { x: text("<img src=x onerror=alert(1)>") },
        errors: { 400: "<u>never</u>" },
      }),
    },
  });
  const page = docsPage({ ...api20, resources: [evil] }, "<9.9>");
  assert.doesNotMatch(page, /<script|<b>|<i>|<img|<u>|<9/);
});
