import { stringify } from "yaml";

/** The machine's own OAuth token; the consumer secret is always empty. */
export interface NodeToken {
  readonly consumerKey: string;
  readonly tokenKey: string;
  readonly tokenSecret: string;
}

/** A file of the installed system. `mode` is octal text, for example `0600`. */
export interface InstalledFile {
  readonly path: string;
  readonly content: string;
  readonly mode: string;
}

const DIRECTORY = "/etc/cloud/cloud.cfg.d";

/**
 * How the installed system's cloud-init finds us and reports. Its network stays out of cloud-init's hands: the installer writes the netplan file,
 * and cloud-init would fail a boot over a MAC address that is not there.
 */
export function cloudInitFiles(token: NodeToken, metadataUrl: string, statusUrl: string): InstalledFile[] {
  const credentials = {
    consumer_key: token.consumerKey,
    token_key: token.tokenKey,
    token_secret: token.tokenSecret,
  };
  const reporting = { maas: { type: "webhook", endpoint: statusUrl, ...credentials } };
  return [
    yamlFile("90_dpkg_maas.cfg", "0600", {
      datasource_list: ["MAAS"],
      datasource: { MAAS: { metadata_url: metadataUrl, ...credentials } },
    }),
    yamlFile("90_maas_cloud_config.cfg", "0644", { manage_etc_hosts: true }),
    yamlFile("90_maas_cloud_init_reporting.cfg", "0600", { reporting }),
    yamlFile("99-disable-network-config.cfg", "0644", { network: { config: "disabled" } }),
  ];
}

function yamlFile(name: string, mode: string, value: unknown): InstalledFile {
  return { path: `${DIRECTORY}/${name}`, content: `#cloud-config\n${stringify(value, { lineWidth: 0 })}`, mode };
}
