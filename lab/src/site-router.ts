/**
 * The site's router, as far as machines notice it: IPv6 router advertisements. Without one, iPXE waits 16 s for IPv6 before it
 * boots; with one, 3 s. It serves neither DHCP nor TFTP nor names: those are the controller's.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startDaemon } from "./daemon.ts";
import { until } from "./exec.ts";
import { BRIDGE, HOST_ADDRESS_6, inNamespace } from "./network.ts";
import type { Recorder } from "./record.ts";

export const siteRouterConf = (): string =>
  [
    "port=0", // no name service
    "no-resolv",
    "no-hosts",
    `interface=${BRIDGE}`,
    "except-interface=lo",
    "bind-dynamic",
    "leasefile-ro",
    "pid-file=",
    "enable-ra",
    `ra-param=${BRIDGE},60,0`, // lifetime 0: no default route, so that what has no way out fails at once (RFC 4861, 4.2)
    `dhcp-range=${HOST_ADDRESS_6.replace(/1$/, "")},ra-only,64,10m`,
    "",
  ].join("\n");

export async function startSiteRouter(netns: string, dir: string, recorder: Recorder): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const config = join(dir, "dnsmasq.conf");
  writeFileSync(config, siteRouterConf());
  const argv = inNamespace(netns, ["dnsmasq", "--keep-in-foreground", `--conf-file=${config}`, "--log-facility=-"]);
  const router = startDaemon("site router: dnsmasq", argv, join(dir, "dnsmasq.log"), recorder);
  await until(`the site's router has its socket (see ${router.log})`, 10_000, () => {
    router.assertRunning();
    // proc_net_raw6: line 1 is a heading; any other is dnsmasq's ICMPv6 socket, alone in this namespace
    return readFileSync(`/proc/${router.pid}/net/raw6`, "utf8").trim().split("\n").length > 1 || undefined;
  });
}
