/** The cloud-config that a booting machine finds by its kernel command line (reference: metadata-protocol.md section 5.1). */
import { stringify } from "yaml";

export interface PreseedCredentials {
  consumerKey: string;
  tokenKey: string;
  tokenSecret: string;
}

export interface PreseedInput {
  /** Ends in /MAAS/metadata/ or /MAAS/metadata/curtin/ or /MAAS/metadata/enlist/ */
  metadataUrl: string;
  /** None while enlisting: nobody knows the machine yet. */
  credentials: PreseedCredentials | null;
  /** .../MAAS/metadata/status/<system_id>; with credentials only. */
  statusUrl: string | null;
  /** It is the owner's system that starts, with all that cloud-init can do, and not one of ours at work. */
  deployed?: boolean;
  /** What cloud-init does when all is done. */
  afterwards: { mode: "poweroff"; timeoutSeconds: number } | { mode: "reboot" } | null;
}

/**
 * Modules that the ephemeral system needs; the stock lists cost tens of seconds on slow machines. Only one host key, since making an RSA
 * key takes longer than everything else together.
 */
const LEAN_MODULES = {
  cloud_init_modules: ["write-files", "set_hostname", "update_etc_hosts", "users-groups", "ssh"],
  cloud_config_modules: ["runcmd"],
  cloud_final_modules: ["scripts-user", "final-message", "power-state-change"],
  ssh_genkeytypes: ["ed25519"],
};

/** A system in memory has no partition to grow into. */
const LEAVE_ROOT = { growpart: { mode: "off" }, resize_rootfs: false };

export function renderPreseed(input: PreseedInput): string {
  const { credentials } = input;
  const keys =
    credentials === null
      ? {}
      : {
          consumer_key: credentials.consumerKey,
          token_key: credentials.tokenKey,
          token_secret: credentials.tokenSecret,
        };
  const config: Record<string, unknown> = {
    datasource: { MAAS: { metadata_url: input.metadataUrl, max_wait: 60, timeout: 10, ...keys } },
    manage_etc_hosts: true,
    ...(input.deployed ? LEAVE_ROOT : LEAN_MODULES),
  };
  if (credentials !== null && input.statusUrl !== null)
    config.reporting = { maas: { type: "webhook", endpoint: input.statusUrl, ...keys } };
  if (input.afterwards) config.power_state = powerState(input.afterwards);
  return `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
}

/** A file of this name keeps the machine on: for whoever looks into it. */
function powerState(afterwards: NonNullable<PreseedInput["afterwards"]>): Record<string, unknown> {
  return afterwards.mode === "reboot"
    ? { delay: "now", mode: "reboot", timeout: 1800, condition: "test ! -e /tmp/block-reboot" }
    : {
        delay: "now",
        mode: "poweroff",
        timeout: afterwards.timeoutSeconds,
        condition: "test ! -e /tmp/block-poweroff",
      };
}

/**
 * vendor-data in the only form that cloud-init's MAAS datasource takes: a bare cloud-config is dropped silently.
 * @param part one of its own: `#cloud-boothook ...`, or `#!/bin/sh ...`, which runs at the end of the first boot. Keys of the owner's
 * user-data replace equal ones of `config`, and never this
 */
export function renderVendorData(config: Record<string, unknown>, part?: string): string {
  const text = `#cloud-config\n${stringify(config, { lineWidth: 0 })}`;
  return stringify({ "cloud-init": part === undefined ? text : [text, part] }, { lineWidth: 0 });
}

/** User-data of a machine that nobody wants on. */
export const POWEROFF_USER_DATA =
  "#!/bin/sh\n# Nothing is to be done with this machine now, so it is switched off.\npoweroff\n";
