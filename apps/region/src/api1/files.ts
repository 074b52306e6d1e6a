/** files of API 1.0: decode, one call, encode. */
import type { File } from "@rackwright/contract/objects-1.0";
import { file, files } from "@rackwright/contract/resources-1.0/files";
import { API_1_0_ROOT } from "@rackwright/contract/table-1.0";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { deleteFile, ownFiles, readAnyFile, readFile, readFileByKey, storeFile } from "../app/stored-files.ts";
import { plainText, Raw, TEXT } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { bytesReply } from "./wire/bytes.ts";

/** Slashes stay: they are part of the path. */
const pathOf = (filename: string) => filename.split("/").map(encodeURIComponent).join("/");

const wireFile = ({ filename, key }: { filename: string; key: string }): File => ({
  filename,
  anon_resource_uri: `${API_1_0_ROOT}/files/?op=get_by_key&key=${key}`,
  resource_uri: `${API_1_0_ROOT}/files/${pathOf(filename)}/`,
});

const nameOf = ({ path }: { path: Record<string, string> }) => path.filename ?? "";

/** By this header clients tell a file that is not there from an address that is not. */
function missing(error: unknown): Raw {
  if (!(error instanceof DomainError) || error.code !== "not_found") throw error;
  return new Raw(error.message, TEXT, { Workaround: "bug1123986" }, 404);
}

export function filesRoutes(routes: Routes): void {
  routes.on(files.actions.list, async ({ ctx, params }) => (await ownFiles(ctx, params.prefix ?? "")).map(wireFile));
  routes.on(files.actions.get, async ({ ctx, params }) => bytesReply(await readAnyFile(ctx, params.filename)));
  routes.on(files.actions.get_by_key, async ({ ctx, params }) => bytesReply(await readFileByKey(ctx, params.key)));
  routes.on(files.actions.add, async ({ ctx, params }) => {
    if (params.file.length > 1) throw invalidField("file", "Exactly one file must be sent; there are several.");
    await storeFile(ctx, params.filename, params.file[0]);
    return plainText("");
  });
  routes.on(file.actions.read, async (call) => {
    try {
      const { content, ...stored } = await readFile(call.ctx, nameOf(call));
      return { ...wireFile(stored), content: content.toString("base64") };
    } catch (error) {
      return missing(error);
    }
  });
  routes.on(file.actions.delete, (call) => deleteFile(call.ctx, nameOf(call)));
  routes.on(file.actions.delete_by_post, (call) => deleteFile(call.ctx, nameOf(call)));
}
