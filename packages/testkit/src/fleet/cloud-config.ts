/** What cloud-init reads of a preseed, and how it tells the kinds of user-data apart. */
import { parse } from "yaml";

/** Of the metadata service, as cloud-init asks for it. */
export const METADATA_VERSION = "2012-03-01";

export interface Credentials {
  /** Ends before the version. */
  metadataUrl: string;
  consumerKey: string;
  tokenKey: string;
  /** Empty: not enlisted yet. */
  tokenSecret: string;
}

export interface Preseed {
  credentials: Credentials;
  /** Where progress is reported; undefined: nowhere. */
  reportUrl: string | undefined;
  afterwards: "poweroff" | "reboot" | undefined;
}

const text = (value: unknown): string => (typeof value === "string" ? value : "");
const map = (value: unknown): Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** @throws Error for one without a MAAS data source */
export function readPreseed(yaml: string): Preseed {
  const config = map(parse(yaml));
  const maas = map(map(config.datasource).MAAS);
  const metadataUrl = text(maas.metadata_url);
  if (metadataUrl === "") throw new Error("the preseed has no datasource.MAAS.metadata_url");
  const mode = text(map(config.power_state).mode);
  const endpoint = text(map(map(config.reporting).maas).endpoint);
  return {
    credentials: {
      metadataUrl,
      consumerKey: text(maas.consumer_key),
      tokenKey: text(maas.token_key),
      tokenSecret: text(maas.token_secret),
    },
    reportUrl: endpoint === "" ? undefined : endpoint,
    afterwards: mode === "poweroff" || mode === "reboot" ? mode : undefined,
  };
}

/** What the emulated installer needs of its plan. */
export interface Plan {
  storage: unknown;
  disks?: Record<string, { sizeBytes: number }>;
  network: unknown;
  source: { uri: string; sha256: string };
  cloudInit: { files: { path: string; content: string }[] };
  reporting: { endpoint: string; consumerKey: string; tokenKey: string; tokenSecret: string };
  netbootOff: { url: string };
  powerAction: string;
}

export type UserData =
  | { kind: "runner" }
  | { kind: "installer"; plan: Plan }
  | { kind: "poweroff" }
  | { kind: "other" };

/** By content alone, as a machine would find out by running it. */
export function readUserData(data: string): UserData {
  const plan = /base64 -d > \S*\/plan\.json << (\w+)\n([\s\S]*?)\n\1\n/.exec(data);
  if (plan && data.includes("rackwright-install"))
    return { kind: "installer", plan: JSON.parse(Buffer.from(plan[2] ?? "", "base64").toString("utf8")) as Plan };
  if (data.includes("maas-run-remote-scripts")) return { kind: "runner" };
  if (/^#!.*\n(#.*\n)*poweroff\s*$/.test(data)) return { kind: "poweroff" };
  return { kind: "other" };
}
