/**
 * A controller reduced to what a netboot trial needs, run inside the trial's network namespace:
 * `node controller.ts ADDRESS SITE.json`. Listens on port 8080 and prints every request as one line of JSON.
 * SITE.json is read again for each request: `texts` by path, `files` by path (absolute names). HEAD and GET only, POST is noted.
 */
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";

export type Site = {
  readonly texts: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
};
export type Request = { method: string; path: string; authorized: boolean; body: string };

const [address, siteFile] = process.argv.slice(2);

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? "/").replace(/\?.*/, "").replace(/\/+/g, "/");
  request.setEncoding("utf8");
  let body = "";
  for await (const chunk of request) body += chunk as string;
  const seen: Request = {
    method: request.method ?? "",
    path,
    authorized: request.headers.authorization?.startsWith("OAuth ") ?? false,
    body,
  };
  process.stdout.write(`${JSON.stringify(seen)}\n`);
  if (request.method === "POST") return void response.end("OK");

  const site = JSON.parse(await readFile(siteFile ?? "", "utf8")) as Site;
  const [text, file] = [site.texts[path], site.files[path]];
  if (text !== undefined) return void response.end(text);
  if (file === undefined) return void response.writeHead(404).end();
  response.setHeader("Content-Length", (await stat(file)).size);
  if (request.method === "HEAD") return void response.end();
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), response);
}

createServer((request, response) => {
  // A machine that is switched off in the middle of a download closes its connection: nothing to tell anybody.
  answer(request, response).catch(() => response.destroy());
}).listen(8080, address);
