/** What a browser shows until there is a UI: what this is, and how to go on. */
import type { Region } from "../context.ts";
import { escapeHtml } from "./html.ts";

export function startPage(region: Pick<Region, "version" | "simulated">, origin: string): string {
  const url = escapeHtml(`${origin}/MAAS/`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Rackwright</title>
<style>body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 3rem auto; padding: 0 1rem } pre { background: #f3f3f3; padding: .8rem; overflow: auto }</style>
<h1>Rackwright ${escapeHtml(region.version)}</h1>
${region.simulated ? "<p><strong>The machines of this installation are emulated</strong>: script/simulate plays them, and no power is switched.</p>\n" : ""}<p>Metal as a Service: this controller boots physical servers over the network, finds out what they are made of, proves that they
work, lends them out, installs an operating system on them and takes them back.</p>
<h2>Log in from the command line</h2>
<pre>maas login admin ${url} API_KEY
maas admin machines read</pre>
<p>An API key is printed when the first administrator is made; <code>maas apikey --username NAME</code>, as root on this host,
shows it again.</p>
<h2>The API</h2>
<ul>
<li><a href="/MAAS/api/docs/">docs</a>: every resource and action, for people</li>
<li><a href="/MAAS/api/2.0/describe/">describe</a>: what the command line builds its commands from</li>
<li><a href="/MAAS/api/2.0/openapi.yaml">openapi.yaml</a>: the same as OpenAPI 3.1</li>
<li><a href="/MAAS/api/2.0/version/">version</a></li>
</ul>
</html>
`;
}
