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

/** Files that the hooks in vendor-data write. @throws Error for vendor-data that cloud-init would not take */
export function readVendorFiles(yaml: string): { path: string; content: string }[] {
  const parts = [map(parse(yaml))["cloud-init"]].flat();
  return parts.map(text).flatMap((part) => {
    if (part.startsWith("#cloud-config\n")) return [];
    if (!part.startsWith("#cloud-boothook\n#!/bin/sh\n")) throw new Error("vendor-data has a part of no known kind");
    return [...part.matchAll(/^base64 -d > (\S+) << (\w+)\n([\s\S]*?)\n\2$/gm)].map(([, path = "", , data = ""]) => ({
      path,
      content: Buffer.from(data, "base64").toString("utf8"),
    }));
  });
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
