/** The API for people: every resource and action of a version, from the contract that serves it. One page, without scripts. */
import { type Action, type Method, pathParams, type Resource } from "@rackwright/contract/action";
import { additionOf } from "@rackwright/contract/additions";
import { commandOf, exampleCommand } from "@rackwright/contract/cli-names";
import { errorStatus } from "@rackwright/contract/errors";
import type { ApiVersion } from "@rackwright/contract/versions";
import { escapeHtml as html } from "./html.ts";

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem }
h2 { border-top: 1px solid #ccc; margin-top: 2.5rem; padding-top: 1rem }
code, pre { background: #f3f3f3; font-size: .9em; padding: .1em .3em } pre { overflow: auto; padding: .6em }
details { border: 1px solid #ddd; margin: .4rem 0; padding: .3rem .7rem } summary { cursor: pointer }
table { border-collapse: collapse; margin: .5rem 0; width: 100% } th, td { border: 1px solid #ddd; padding: .2rem .5rem; text-align: left; vertical-align: top }
nav ul { columns: 14rem; padding-left: 1rem } .who { color: #555; font-size: .85em } .ours { background: #0e8420; border-radius: 3px; color: #fff; font-size: .75em; padding: .1em .5em }
@media (prefers-color-scheme: dark) { body { background: #1b1b1b; color: #ddd } code, pre { background: #2b2b2b } a { color: #8ab4f8 } th, td, details, h2 { border-color: #444 } .who { color: #aaa } }
`;

const who: Record<Action["access"], string> = {
  anonymous: "anybody",
  user: "users",
  admin: "administrators",
  worker: "workers",
  worker_or_admin: "workers and administrators",
};

const anchorOf = (...parts: string[]): string => parts.join(".");
const paragraphs = (text: string): string =>
  text
    .split("\n\n")
    .map((paragraph) => `<p>${html(paragraph)}</p>`)
    .join("\n");

/** @param root of the version, below which the resource's path is */
export function docsPage(version: ApiVersion, product: string): string {
  const number = version.root.split("/").at(-1) ?? "";
  const all = [...version.resources].sort((a, b) => (a.name < b.name ? -1 : 1));
  const count = all.reduce((sum, resource) => sum + Object.keys(resource.actions).length, 0);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>API ${html(number)} of Rackwright</title>
<style>${STYLE}</style>
<h1>API ${html(number)}</h1>
<p>Of Rackwright ${html(product)}: ${all.length} resources with ${count} actions, below <code>${html(version.root)}</code>. For programs:
<a href="${html(version.root)}/describe/">describe</a>${number === "2.0" ? `, <a href="${html(version.root)}/openapi.yaml">OpenAPI 3.1</a>` : ""}.
Other versions: ${["2.0", "1.0"]
    .filter((other) => other !== number)
    .map((other) => `<a href="/MAAS/api/docs/${other}/">${other}</a>`)
    .join(", ")}.</p>
${conventions()}
<nav aria-label="Resources"><h2 id="resources">Resources</h2>
<ul>
${all.map(({ name }) => `<li><a href="#${html(name)}">${html(name)}</a></li>`).join("\n")}
</ul></nav>
${all.map((resource) => resourceSection(version.root, resource)).join("\n")}
</html>
`;
}

function conventions(): string {
  const rows = Object.entries(errorStatus).sort(([, a], [, b]) => a.status - b.status);
  return `<h2 id="conventions">How to ask</h2>
<p>Requests are signed by OAuth 1.0 (PLAINTEXT or HMAC-SHA1) with an API key, <code>CONSUMER:TOKEN:SECRET</code>. An operation is named by
<code>op</code>, in the query or the form, or as a last part of the path: <code>/machines/op-allocate</code>. GET and DELETE take parameters in
the query, POST and PUT in a form (multipart or urlencoded) or in JSON. A list is a parameter that is repeated. The replies are JSON where
nothing else is said. Actions marked <span class="ours">addition</span> are Rackwright's own.</p>
<table><caption>Refusals</caption><tr><th scope="col">Status</th><th scope="col">Code</th><th scope="col">Meaning</th></tr>
${rows.map(([code, { status, meaning }]) => `<tr><td>${status}</td><td><code>${html(code)}</code></td><td>${html(meaning)}</td></tr>`).join("\n")}
</table>`;
}

function resourceSection(root: string, resource: Resource): string {
  const order: Method[] = ["GET", "POST", "PUT", "DELETE"];
  const actions = Object.values(resource.actions).sort((a, b) => order.indexOf(a.method) - order.indexOf(b.method));
  const also =
    resource.pathAliases.length === 0
      ? ""
      : `, also ${resource.pathAliases.map((path) => `<code>${html(path)}</code>`).join(", ")}`;
  return `<section aria-labelledby="${html(resource.name)}">
<h2 id="${html(resource.name)}">${html(resource.name)}</h2>
<p><code>${html(root + resource.path)}</code>${also}${resource.hidden ? "" : `; <code>maas PROFILE ${html(commandOf(resource.name))}</code>`}</p>
${paragraphs(resource.doc)}
${actions.map((action) => actionDetails(resource, action)).join("\n")}
</section>`;
}

function actionDetails(resource: Resource, action: Action): string {
  const [title = "", ...rest] = action.doc.split("\n\n");
  const addition = additionOf(action);
  const question = action.op === null ? "" : `?op=${action.op}`;
  return `<details id="${html(anchorOf(resource.name, action.name))}"><summary><code>${action.method} ${html(resource.path + question)}</code> ${html(title)}${addition === undefined ? "" : ' <span class="ours">addition</span>'} <span class="who">${who[action.access]}</span></summary>
${rest.map(paragraphs).join("\n")}${addition === undefined ? "" : `<p>Only Rackwright has this: ${html(addition)}.</p>`}
${parameters(resource, action)}
${replies(action)}
${resource.hidden ? "" : `<pre>${html(exampleCommand(action))}</pre>`}
</details>`;
}

function parameters(resource: Resource, action: Action): string {
  const place = action.method === "GET" || action.method === "DELETE" ? "query" : "form";
  const row = (name: string, where: string, required: boolean, kind: string, doc: string) =>
    `<tr><td><code>${html(name)}</code></td><td>${where}${required ? ", required" : ""}</td><td>${html(kind)}</td><td>${html(doc)}</td></tr>`;
  const rows = [
    ...pathParams(resource.path).map((name) => row(name, "path", true, "text", "")),
    ...Object.entries(action.params).map(([name, param]) => {
      const choices = param.choices ? ` One of: ${param.choices.join(", ")}.` : "";
      const fallback = param.default === undefined ? "" : ` Default: ${param.default}.`;
      return row(name, place, param.required, param.kind, `${param.doc}${choices}${fallback}`);
    }),
    ...(action.wildcard === undefined
      ? []
      : [row(`${action.wildcard}…`, place, false, "text", action.wildcardDoc?.doc ?? "Further ones that begin so.")]),
  ];
  if (rows.length === 0) return "<p>No parameters.</p>";
  return `<table><tr><th scope="col">Parameter</th><th scope="col">In</th><th scope="col">Kind</th><th scope="col">What it is</th></tr>
${rows.join("\n")}
</table>`;
}

function replies(action: Action): string {
  const nothing = action.returns === "" || action.success === 204;
  const rows = [
    `<tr><td>${action.success}</td><td>${nothing ? "Nothing." : `<code>${html(action.returns)}</code>`}</td></tr>`,
    ...Object.entries(action.errors).map(([status, when]) => `<tr><td>${html(status)}</td><td>${html(when)}</td></tr>`),
  ];
  return `<table><tr><th scope="col">Status</th><th scope="col">Reply, or when</th></tr>\n${rows.join("\n")}\n</table>`;
}
