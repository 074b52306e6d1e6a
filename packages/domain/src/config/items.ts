/** Settings: names, defaults and what each takes (reference: config-items.json). The one place that knows them. */
import { invalidField } from "../errors.ts";
import { timespanSeconds } from "./timespan.ts";

export type ConfigKind = "boolean" | "int" | "string" | "choice" | "url" | "hosts" | "addresses" | "timespan";

export interface ConfigItem {
  kind: ConfigKind;
  default: string | number | boolean | null;
  choices?: readonly (string | number)[];
  /** An empty value is refused. */
  required?: boolean;
  /** Shown to administrators alone. */
  secret?: boolean;
  /** Bounds of an int, both allowed. */
  min?: number;
  max?: number;
}

export const configItems = {
  active_discovery_interval: {
    kind: "choice",
    default: 10800,
    choices: [0, 604800, 86400, 43200, 21600, 10800, 3600, 1800, 600],
  },
  allow_only_trusted_transfers: { kind: "boolean", default: false },
  auto_vlan_creation: { kind: "boolean", default: true },
  boot_images_auto_import: { kind: "boolean", default: true },
  boot_images_no_proxy: { kind: "boolean", default: false },
  /** Of API 1.0: kept, and nothing comes of it. */
  check_compatibility: { kind: "boolean", default: false },
  commissioning_distro_series: { kind: "string", default: "noble" },
  commissioning_osystem: { kind: "string", default: "ubuntu" },
  completed_intro: { kind: "boolean", default: false },
  curtin_verbose: { kind: "boolean", default: true },
  default_boot_interface_link_type: {
    kind: "choice",
    default: "auto",
    choices: ["auto", "dhcp", "static", "link_up"],
    required: true,
  },
  default_distro_series: { kind: "string", default: "noble" },
  default_dns_ttl: { kind: "int", default: 30 },
  default_min_hwe_kernel: { kind: "string", default: "" },
  default_osystem: { kind: "string", default: "ubuntu" },
  default_storage_layout: {
    kind: "choice",
    default: "flat",
    choices: ["flat", "lvm", "bcache", "vmfs6", "vmfs7", "custom", "blank"],
    required: true,
  },
  disk_erase_with_quick_erase: { kind: "boolean", default: false },
  disk_erase_with_secure_erase: { kind: "boolean", default: true },
  dns_trusted_acl: { kind: "hosts", default: null },
  dnssec_validation: { kind: "choice", default: "auto", choices: ["auto", "yes", "no"] },
  /** Ours: racks read the serial consoles of machines that are being worked on. Off where something else of yours reads them. */
  enable_console_evidence: { kind: "boolean", default: true },
  enable_analytics: { kind: "boolean", default: true },
  enable_disk_erasing_on_release: { kind: "boolean", default: false },
  enable_http_proxy: { kind: "boolean", default: true },
  enable_kernel_crash_dump: { kind: "boolean", default: false },
  enable_third_party_drivers: { kind: "boolean", default: true },
  /** Of API 1.0: the domain of machines that enlist through it; local and the empty one mean the default domain. */
  enlistment_domain: { kind: "string", default: "local" },
  enlist_commissioning: { kind: "boolean", default: true },
  force_v1_network_yaml: { kind: "boolean", default: false },
  hardware_sync_interval: { kind: "timespan", default: "15m" },
  http_proxy: { kind: "url", default: null },
  kernel_opts: { kind: "string", default: null },
  maas_auto_ipmi_cipher_suite_id: { kind: "choice", default: "3", choices: ["17", "3", "", "8", "12"] },
  maas_auto_ipmi_k_g_bmc_key: { kind: "string", default: "", secret: true },
  maas_auto_ipmi_user: { kind: "string", default: "maas" },
  maas_auto_ipmi_user_privilege_level: { kind: "choice", default: "ADMIN", choices: ["USER", "OPERATOR", "ADMIN"] },
  maas_auto_ipmi_workaround_flags: { kind: "string", default: null },
  maas_internal_domain: { kind: "string", default: "maas-internal" },
  maas_name: { kind: "string", default: "", required: true },
  maas_proxy_port: { kind: "int", default: 8000 },
  maas_syslog_port: { kind: "int", default: 5247 },
  main_archive: { kind: "url", default: "http://archive.ubuntu.com/ubuntu", required: true },
  max_node_commissioning_results: { kind: "int", default: 10, min: 1 },
  max_node_installation_results: { kind: "int", default: 3, min: 1 },
  max_node_release_results: { kind: "int", default: 3, min: 1 },
  max_node_testing_results: { kind: "int", default: 10, min: 1 },
  network_discovery: { kind: "choice", default: "enabled", choices: ["enabled", "disabled"] },
  node_timeout: { kind: "int", default: 30, min: 1 },
  ntp_external_only: { kind: "boolean", default: false },
  ntp_servers: { kind: "hosts", default: "ntp.ubuntu.com" },
  ports_archive: { kind: "url", default: "http://ports.ubuntu.com/ubuntu-ports", required: true },
  prefer_v4_proxy: { kind: "boolean", default: false },
  prometheus_enabled: { kind: "boolean", default: false },
  prometheus_push_gateway: { kind: "string", default: null },
  prometheus_push_interval: { kind: "int", default: 60 },
  promtail_enabled: { kind: "boolean", default: false },
  promtail_port: { kind: "int", default: 5238 },
  release_notifications: { kind: "boolean", default: true },
  remote_syslog: { kind: "string", default: null },
  session_length: { kind: "int", default: 1209600, min: 10, max: 1209600 },
  subnet_ip_exhaustion_threshold_count: { kind: "int", default: 16, min: 1 },
  theme: { kind: "string", default: "" },
  tls_cert_expiration_notification_enabled: { kind: "boolean", default: false },
  tls_cert_expiration_notification_interval: { kind: "int", default: 30, min: 1, max: 90 },
  upstream_dns: { kind: "addresses", default: null },
  use_peer_proxy: { kind: "boolean", default: false },
  use_rack_proxy: { kind: "boolean", default: true },
  vcenter_datacenter: { kind: "string", default: "" },
  vcenter_password: { kind: "string", default: "", secret: true },
  vcenter_server: { kind: "string", default: "" },
  vcenter_username: { kind: "string", default: "" },
  windows_kms_host: { kind: "string", default: null },
} as const satisfies Record<string, ConfigItem>;

export type ConfigName = keyof typeof configItems;
type Widen<T> = T extends string ? string : T extends number ? number : T extends boolean ? boolean : T;
type KindType = { boolean: boolean; int: number };
export type ConfigValue<N extends ConfigName> = (typeof configItems)[N] extends { kind: infer K extends keyof KindType }
  ? KindType[K]
  : Widen<(typeof configItems)[N]["default"]> | ((typeof configItems)[N]["default"] extends null ? string : never);

/** Older or sloppier spellings: a hyphen is an underscore, `ntp_server` was renamed. */
export function configName(text: string): ConfigName {
  const name = text.trim().replaceAll("-", "_");
  const renamed = name === "ntp_server" ? "ntp_servers" : name;
  if (Object.hasOwn(configItems, renamed)) return renamed as ConfigName;
  throw invalidField(
    text,
    `${text} is not a valid config setting (valid settings are: ${Object.keys(configItems).join(", ")}).`,
  );
}

export function isSecret(name: ConfigName): boolean {
  const item: ConfigItem = configItems[name];
  return item.secret ?? false;
}

/** What comes more often than so would keep machines and region busy with nothing else. */
const LEAST_SPAN_SECONDS = 10;
const MOST_SPAN_SECONDS = 365 * 24 * 3600;
const FALSE_WORDS = ["false", "f", "no", "n", "off", "0", ""];

/**
 * What is stored for a value given as text.
 * @throws DomainError invalid_fields naming the setting
 */
export function parseConfigValue(name: ConfigName, text: string): string | number | boolean | null {
  const item: ConfigItem = configItems[name];
  const value = text.trim();
  if (value === "" && item.required) throw invalidField(name, "This field is required.");
  switch (item.kind) {
    case "boolean":
      return !FALSE_WORDS.includes(value.toLowerCase());
    case "int": {
      if (!/^\d{1,9}$/.test(value)) throw invalidField(name, `${name} takes a whole number, not "${text}".`);
      const { min = 0, max = Infinity } = item;
      if (Number(value) < min) throw invalidField(name, `${name} is at least ${min}, not ${value}.`);
      if (Number(value) > max) throw invalidField(name, `${name} is at most ${max}, not ${value}.`);
      return Number(value);
    }
    case "choice": {
      const found = item.choices?.find((c) => String(c) === value);
      if (found === undefined) throw invalidField(name, `"${text}" is not one of ${item.choices?.join(", ")}.`);
      return found;
    }
    case "url":
      if (value !== "" && !/^https?:\/\/[^\s/]+(\/\S*)?$/.test(value))
        throw invalidField(name, `${name} takes an http or https URL, not "${text}".`);
      return value === "" ? null : value;
    case "addresses":
    case "hosts": {
      const entries = value.split(/[\s,]+/).filter((e) => e !== "");
      const pattern = item.kind === "addresses" ? /^[0-9a-fA-F.:]+$/ : /^[A-Za-z0-9_.:/-]+$/;
      const bad = entries.find((e) => !pattern.test(e));
      if (bad !== undefined)
        throw invalidField(
          name,
          `"${bad}" is ${item.kind === "addresses" ? "no IP address" : "neither an address nor a host name"}.`,
        );
      return entries.join(" ");
    }
    case "timespan": {
      const seconds = timespanSeconds(value);
      if (seconds === undefined)
        throw invalidField(name, `${name} takes a time span such as 15m or 1h 30min, not "${text}".`);
      if (seconds < LEAST_SPAN_SECONDS || seconds > MOST_SPAN_SECONDS)
        throw invalidField(name, `${name} is at least ${LEAST_SPAN_SECONDS} s and at most a year, not "${text}".`);
      return value;
    }
    case "string":
      return value === "" && item.default === null ? null : value;
  }
}
