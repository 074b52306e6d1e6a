/** Where software comes from: archives, licenses, images (reference: objects-2.0.json). */
import { z } from "zod";

export const PackageRepository = z.object({
  id: z.int(),
  name: z.string(),
  url: z.string(),
  distributions: z.array(z.string()),
  disabled_pockets: z.array(z.string()),
  disabled_components: z.array(z.string()),
  disable_sources: z.boolean(),
  components: z.array(z.string()),
  arches: z.array(z.string()),
  key: z.string(),
  enabled: z.boolean(),
  resource_uri: z.string(),
});
export type PackageRepository = z.infer<typeof PackageRepository>;

export const LicenseKey = z.object({
  osystem: z.string(),
  distro_series: z.string(),
  license_key: z.string(),
  resource_uri: z.string(),
});
export type LicenseKey = z.infer<typeof LicenseKey>;

export const BootSource = z.object({
  id: z.int(),
  url: z.string(),
  keyring_filename: z.string(),
  /** Base64. */
  keyring_data: z.string(),
  created: z.string(),
  updated: z.string(),
  resource_uri: z.string(),
});
export type BootSource = z.infer<typeof BootSource>;

export const BootSourceSelection = z.object({
  boot_source_id: z.int(),
  id: z.int(),
  os: z.string(),
  release: z.string(),
  arches: z.array(z.string()),
  subarches: z.array(z.string()),
  labels: z.array(z.string()),
  resource_uri: z.string(),
});
export type BootSourceSelection = z.infer<typeof BootSourceSelection>;
