/** Replies of the API, field by field (reference: objects-2.0.json). */
import { z } from "zod";

export const BootResource = z.object({
  id: z.int(),
  type: z.string(),
  name: z.string(),
  architecture: z.string(),
  resource_uri: z.string(),
  last_deployed: z.string().nullable(),
  subarches: z.string().optional(),
  title: z.string().optional(),
  base_image: z.string().optional(),
});
export type BootResource = z.infer<typeof BootResource>;

export const BootResourceFile = z.object({
  filename: z.string(),
  filetype: z.string(),
  sha256: z.string(),
  filename_on_disk: z.string(),
  size: z.int(),
  complete: z.boolean(),
  progress: z.number().optional(),
  upload_uri: z.string().optional(),
});
export type BootResourceFile = z.infer<typeof BootResourceFile>;

export const BootResourceSet = z.object({
  version: z.string(),
  label: z.string(),
  size: z.int(),
  complete: z.boolean(),
  progress: z.number().optional(),
  files: z.record(z.string(), BootResourceFile),
});
export type BootResourceSet = z.infer<typeof BootResourceSet>;

export const BootResourceWithSets = BootResource.extend({
  sets: z.record(z.string(), BootResourceSet),
});
export type BootResourceWithSets = z.infer<typeof BootResourceWithSets>;
