/** files: decode, one call, encode. */
import type { File } from "@rackwright/contract/objects/common";
import { file, files } from "@rackwright/contract/resources/files";
import { API_ROOT } from "@rackwright/contract/table";
import { deleteFile, ownFiles, readFile, readFileByKey, storeFile } from "../app/stored-files.ts";
import { plainText, Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";

const wireFile = ({ filename, key }: { filename: string; key: string }): File => ({
  filename,
  anon_resource_uri: `${API_ROOT}/files/?op=get_by_key&key=${key}`,
  resource_uri: `${API_ROOT}/files/${encodeURIComponent(filename)}/`,
});

/** Other people's bytes: no browser shall take them for a page of ours. */
const bytesOf = (content: Buffer) =>
  new Raw(content, "application/octet-stream", {
    "x-content-type-options": "nosniff",
    "content-disposition": "attachment",
  });

const nameOf = ({ path }: { path: Record<string, string> }) => path.filename ?? "";

export function filesRoutes(routes: Routes): void {
  routes.on(files.actions.read, async ({ ctx, params }) => (await ownFiles(ctx, params.prefix ?? "")).map(wireFile));
  routes.on(files.actions.create, async ({ ctx, params }) => {
    await storeFile(ctx, params.filename, params.file);
    return plainText("");
  });
  routes.on(files.actions.delete, ({ ctx, params }) => deleteFile(ctx, params.filename));
  routes.on(files.actions.get, async ({ ctx, params }) => bytesOf((await readFile(ctx, params.filename)).content));
  routes.on(files.actions.get_by_key, async ({ ctx, params }) => bytesOf(await readFileByKey(ctx, params.key)));
  routes.on(file.actions.read, async (call) => {
    const { content, ...stored } = await readFile(call.ctx, nameOf(call));
    return { ...wireFile(stored), content: content.toString("base64") };
  });
  routes.on(file.actions.delete, (call) => deleteFile(call.ctx, nameOf(call)));
}
