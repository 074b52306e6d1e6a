/** Upload an image: its size and checksum first, then its content in pieces, unless the server has that content already. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { open } from "node:fs/promises";
import type { Api } from "../action-command.ts";
import { authorization } from "../api/api-key.ts";
import type { ApiReply } from "../api/http.ts";
import { parseParameters, splitParameter } from "../api/parameters.ts";
import { printReply } from "../api/reply.ts";
import { buildRequest } from "../api/request.ts";
import { CliError } from "../errors.ts";
import { progress } from "../terminal/progress.ts";

/** The size that servers expect each PUT to have at most. */
const CHUNK_BYTES = 4 * 1024 * 1024;

interface BootResource {
  sets: Record<string, { files: Record<string, { complete: boolean; upload_uri?: string }> }>;
}

export async function createBootResource(api: Api, data: string[]): Promise<number> {
  const { path, others } = await takeContent(data);
  await using file = await open(path).catch((cause: NodeJS.ErrnoException) => {
    throw new CliError(`content@=${path}: the file cannot be read (${cause.code})`, { cause });
  });
  const { size } = await file.stat();
  const described = [
    { key: "sha256", value: await sha256Of(path) },
    { key: "size", value: String(size) },
  ];
  const parameters = [...others, ...described].toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const request = buildRequest(api.profile, api.resource.handler, api.action, [], parameters);
  const reply = await api.exchange(request);
  if (reply.status < 200 || reply.status > 299) return printReply(reply, api.shell);
  const { complete, upload_uri } = fileOf(reply);
  if (complete) return 0;
  if (upload_uri === undefined) throw new CliError("the server told no address to upload the image to");
  return await upload(api, file, size, new URL(upload_uri, `${request.origin}${request.path}`));
}

async function takeContent(data: string[]) {
  const isContent = (argument: string) => splitParameter(argument)?.key === "content";
  const content = splitParameter(data.find(isContent) ?? "");
  if (!content?.isFile) throw new CliError("boot-resources create needs content@=FILE, the image");
  return { path: content.value, others: await parseParameters(data.filter((argument) => !isContent(argument))) };
}

/** The file of the newest set; sets are named so that the newest sorts last. */
function fileOf(reply: ApiReply): { complete: boolean; upload_uri?: string } {
  const { sets } = JSON.parse(reply.body.toString("utf8")) as BootResource;
  const newest = Object.keys(sets).toSorted().at(-1);
  const files = newest === undefined ? [] : Object.values(sets[newest]?.files ?? {});
  if (files[0] && files.length === 1) return files[0];
  throw new CliError(`the server made a boot resource with ${files.length} files where one was expected`);
}

async function upload(api: Api, file: FileHandle, size: number, url: URL): Promise<number> {
  const { credentials } = api.profile;
  // Never show the key to another server than the one it is for.
  const isOurs = url.origin === new URL(api.profile.url).origin;
  const buffer = Buffer.alloc(CHUNK_BYTES);
  const bar = progress(api.shell, size);
  for (let at = 0; at < size; ) {
    await bar.show(at);
    const { bytesRead } = await file.read(buffer, 0, CHUNK_BYTES, at);
    if (bytesRead === 0) throw new CliError(`the image became shorter while it was uploaded: ${at} of ${size} bytes`);
    const reply = await api.exchange({
      method: "PUT",
      origin: url.origin,
      path: url.pathname + url.search,
      headers: {
        "content-type": "application/octet-stream",
        ...(credentials && isOurs && { authorization: authorization(credentials) }),
      },
      body: buffer.subarray(0, bytesRead),
    });
    if (reply.status !== 200) {
      await bar.end();
      await printReply(reply, api.shell);
      return 2;
    }
    at += bytesRead;
  }
  await bar.show(size);
  await bar.end();
  return 0;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
