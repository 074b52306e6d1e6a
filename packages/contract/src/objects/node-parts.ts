/** Replies of the API, field by field (reference: objects-2.0.json): what is beside a node's own object. */
import { z } from "zod";

export const NodeDevice = z.object({
  id: z.int(),
  bus: z.int(),
  bus_name: z.string(),
  hardware_type: z.int(),
  hardware_type_name: z.string(),
  system_id: z.string(),
  numa_node: z.int(),
  physical_blockdevice: z.unknown(),
  physical_interface: z.unknown(),
  vendor_id: z.string(),
  product_id: z.string(),
  vendor_name: z.string(),
  product_name: z.string(),
  commissioning_driver: z.string(),
  bus_number: z.int(),
  device_number: z.int(),
  pci_address: z.string().nullable(),
  resource_uri: z.string(),
});
export type NodeDevice = z.infer<typeof NodeDevice>;

export const CommissioningResult = z.object({
  created: z.string(),
  updated: z.string(),
  id: z.int(),
  name: z.string(),
  script_result: z.int().nullable(),
  result_type: z.int(),
  node: z.object({ system_id: z.string() }),
  data: z.string(),
  resource_uri: z.string(),
});
export type CommissioningResult = z.infer<typeof CommissioningResult>;

export const CommissioningScript = z.object({
  name: z.string(),
  content: z.string(),
  deprecated: z.string(),
  resource_uri: z.string(),
});
export type CommissioningScript = z.infer<typeof CommissioningScript>;

/** By their names, which differ from one power type to the next. */
export const PowerParameters = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

/** By system id. */
export const PowerParametersMap = z.record(z.string(), z.record(z.string(), z.unknown()));

export const PowerType = z.object({
  name: z.string(),
  description: z.string(),
  fields: z.array(z.record(z.string(), z.unknown())),
  missing_packages: z.array(z.string()),
  queryable: z.boolean(),
  chassis: z.boolean(),
  can_probe: z.boolean(),
  driver_type: z.string(),
});
