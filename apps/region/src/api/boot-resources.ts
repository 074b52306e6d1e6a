/** Images: /boot-resources/ and the address that takes the pieces of an upload. */
import { bootResource, bootResources, bootResourceUpload } from "@rackwright/contract/resources/images";
import { isImporting, startImport, stopImport } from "../app/image-import.ts";
import { appendPiece, createUpload } from "../app/image-uploads.ts";
import { deleteImage, listImages, readImage } from "../app/images.ts";
import { plainText } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { imageWire, imageWithSetsWire } from "./wire/image.ts";

export function bootResourceRoutes(routes: Routes): void {
  routes.on(bootResources.actions.read, async ({ ctx, params }) => (await listImages(ctx, params.type)).map(imageWire));

  routes.on(bootResources.actions.is_importing, ({ ctx }) => isImporting(ctx));
  routes.on(bootResources.actions.import, async ({ ctx }) =>
    plainText(
      (await startImport(ctx)) ? "Import of boot resources started" : "Import of boot resources is running already",
    ),
  );
  routes.on(bootResources.actions.stop_import, async ({ ctx }) =>
    plainText(
      (await stopImport(ctx)) ? "Import of boot resources is being stopped" : "No import of boot resources is running",
    ),
  );

  routes.on(bootResources.actions.create, async ({ ctx, params }) =>
    imageWithSetsWire(
      await createUpload(ctx, {
        name: params.name,
        architecture: params.architecture,
        sha256: params.sha256,
        sizeBytes: params.size,
        title: params.title,
        packing: params.filetype,
        baseImage: params.base_image,
        content: params.content,
        keepOld: params.keep_old,
      }),
    ),
  );

  routes.on(bootResource.actions.read, async ({ ctx, path }) => imageWithSetsWire(await readImage(ctx, path.id ?? "")));

  routes.on(bootResource.actions.delete, async ({ ctx, path }) => {
    await deleteImage(ctx, path.id ?? "");
    return null;
  });

  routes.on(
    bootResourceUpload.actions.update,
    async ({ ctx, path, request }) => {
      await appendPiece(ctx, path.id ?? "", path.file_id ?? "", request);
      return plainText("OK");
    },
    { rawBody: true },
  );
}
