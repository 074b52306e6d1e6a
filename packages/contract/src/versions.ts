/** The versions of the API that are served: each its own table, read by the same machinery. */
import type { Resource } from "./action.ts";
import { type Describer, describer } from "./describe.ts";
import { type Find, finder } from "./find.ts";
import { API_ROOT, resources } from "./table.ts";
import { API_1_0_ROOT, resources10 } from "./table-1.0.ts";

export interface ApiVersion extends Describer {
  /** Where its resources are mounted. */
  root: string;
  resources: readonly Resource[];
  find: Find;
}

const version = (root: string, all: readonly Resource[]): ApiVersion => ({
  root,
  resources: all,
  find: finder(all),
  ...describer(root, all),
});

export const api20: ApiVersion = version(API_ROOT, resources);
export const api10: ApiVersion = version(API_1_0_ROOT, resources10);
