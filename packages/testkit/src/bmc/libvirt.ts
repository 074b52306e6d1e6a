/**
 * A real libvirtd with QEMU, away from the host's: its directories, processes and network are namespaces that end with it. On request a real
 * sshd on loopback leads to it, with a password that is root's in there alone. Its machines are emulated, without KVM.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort } from "../free-port.ts";

const run = promisify(execFile);

export interface Libvirt extends AsyncDisposable {
  /** By its socket. */
  uri: string;
  /** By ssh, with `password`; empty when it was not asked for. */
  sshUri: string;
  password: string;
  /** Name of the directory pool and of the network that it begins with. */
  pool: string;
  network: string;
  /** Directory that the pool is. */
  poolPath: string;
  virsh: (...words: string[]) => Promise<string>;
  /** A machine of 64 MiB with no disk. */
  define: (name: string, mac?: string) => Promise<void>;
  /** Run a script as root where libvirtd runs. @returns what it printed */
  inside: (script: string) => Promise<string>;
  /** It takes connections and says nothing, until `false`. */
  hang: (hung: boolean) => void;
}

/** Why none can be started here; undefined when it can. */
export function libvirtMissing(ssh: boolean): string | undefined {
  if (process.getuid?.() !== 0) return "needs root: namespaces for libvirtd";
  const path = `${process.env["PATH"] ?? ""}:/usr/sbin`.split(":");
  const programs: Record<string, string> = {
    libvirtd: "libvirt-daemon-system",
    virsh: "libvirt-clients",
    "qemu-system-x86_64": "qemu-system-x86",
    ...(ssh ? { sshd: "openssh-server", "ssh-keygen": "openssh-client", openssl: "openssl" } : {}),
  };
  const missing = Object.entries(programs).filter(([name]) => !path.some((folder) => isExecutable(join(folder, name))));
  if (missing.length > 0)
    return `${missing.map(([name]) => name).join(", ")} missing: run script/lib/packages.sh ${missing.map((m) => m[1]).join(" ")} as root`;
  const probe = spawnSync("unshare", ["-m", "-n", "-p", "-f", "--mount-proc", "true"]);
  return probe.status === 0 ? undefined : "needs mount, network and process namespaces: unshare is refused";
}

const POOL = "local";
const NETWORK = "maas";
const PASSWORD = "secret-pass";

/** @param options.own `/etc` and `/usr/local` may be changed inside: nothing of it is seen outside, or stays */
export async function startLibvirt(options: { ssh?: boolean; own?: boolean } = {}): Promise<Libvirt> {
  const dir = await mkdtemp(join(tmpdir(), "libvirt-"));
  const sshPort = options.ssh ? await freePort() : 0;
  for (const name of ["etc", "lib", "run", "log", "cache", "pool"]) await mkdir(join(dir, name));
  await writeFile(
    join(dir, "libvirtd.conf"),
    `auth_unix_rw = "none"\nunix_sock_group = "${options.own ? "libvirt" : "root"}"\nunix_sock_rw_perms = "${options.own ? "0770" : "0700"}"\n`,
  );
  // Root without cgroups: QEMU may then do what it needs in a namespace that has no systemd.
  await writeFile(
    join(dir, "etc/qemu.conf"),
    'user = "root"\ngroup = "root"\nsecurity_driver = "none"\nstdio_handler = "file"\ncgroup_controllers = []\nnamespaces = []\nremember_owner = 0\n',
  );
  if (options.ssh) await prepareSsh(dir, sshPort);
  await writeFile(join(dir, "start.sh"), startScript(dir, options));
  const child = spawn("unshare", ["-m", "-p", "-f", "--kill-child", "--mount-proc", "sh", join(dir, "start.sh")], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (said += text.toString()));
  const uri = `qemu+unix:///system?socket=${join(dir, "run/libvirt-sock")}`;
  const virsh = async (...words: string[]) =>
    (await run("virsh", ["-q", "-c", uri, ...words], { timeout: 20_000 })).stdout;
  const stop = () => end(child, dir, sshPort);
  try {
    await untilAnswering(virsh, child);
    await virsh("pool-define-as", POOL, "dir", "--target", join(dir, "pool"));
    await virsh("pool-start", POOL);
    await defineFrom(
      dir,
      virsh,
      "net-define",
      `<network><name>${NETWORK}</name><bridge name="rwbr0" stp="off"/><dns enable="no"/></network>`,
    );
    await virsh("net-start", NETWORK);
  } catch (cause) {
    await stop();
    throw new Error(`libvirtd did not start: ${said.slice(-2000)}`, { cause });
  }
  return {
    uri,
    sshUri: options.ssh ? `qemu+ssh://root@127.0.0.1:${sshPort}/system?no_verify=1` : "",
    password: PASSWORD,
    pool: POOL,
    network: NETWORK,
    poolPath: join(dir, "pool"),
    virsh,
    define: (name, mac) => defineFrom(dir, virsh, "define", domainXml(name, mac)),
    inside: async (script) => {
      const file = join(dir, "inside.sh");
      await writeFile(file, script);
      const mounts = ["-t", String(daemonOf(child)), "-m", "-p", "sh", file];
      return (await run("nsenter", mounts, { timeout: 60_000 })).stdout;
    },
    hang: (hung) => void process.kill(daemonOf(child), hung ? "SIGSTOP" : "SIGCONT"),
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * With the shell, the first process of its namespace, all others go, machines too. It is a shell because it takes in orphans: libvirtd waits
 * for ever for a QEMU that nobody did.
 */
const startScript = (dir: string, { ssh, own }: { ssh?: boolean; own?: boolean }): string => `set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/libvirt /run/sshd /run/etc /run/etc-work
${own ? "mount -t overlay -o lowerdir=/etc,upperdir=/run/etc,workdir=/run/etc-work overlay /etc; mount -t tmpfs tmpfs /usr/local" : ""}
${mounts.map(([from, to]) => `mkdir -p ${to}; mount --bind ${dir}/${from} ${to}`).join("\n")}
if [ -e /dev/kvm ]; then : > ${dir}/no-kvm; mount --bind ${dir}/no-kvm /dev/kvm; mount -o remount,bind,ro /dev/kvm; fi
${ssh ? `mount --bind ${dir}/shadow /etc/shadow; /usr/sbin/sshd -D -e -f ${dir}/sshd.conf &` : ""}
unshare -n /usr/sbin/libvirtd -f ${dir}/libvirtd.conf -p ${dir}/pid &
wait $!
`;

const mounts = [
  ["etc", "/etc/libvirt"],
  ["lib", "/var/lib/libvirt"],
  ["run", "/run/libvirt"],
  ["log", "/var/log/libvirt"],
  ["cache", "/var/cache/libvirt"],
] as const;

async function prepareSsh(dir: string, port: number): Promise<void> {
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", join(dir, "hostkey")]);
  const hash = (await run("openssl", ["passwd", "-6", PASSWORD])).stdout.trim();
  const shadow = (await readFile("/etc/shadow", "utf8")).replace(/^root:[^:]*:/m, () => `root:${hash}:`);
  await writeFile(join(dir, "shadow"), shadow, { mode: 0o600 });
  await writeFile(
    join(dir, "sshd.conf"),
    `HostKey ${dir}/hostkey\nPort ${port}\nListenAddress 127.0.0.1\nPermitRootLogin yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\nPubkeyAuthentication no\nUsePAM no\nPidFile none\nMaxStartups 100\n`,
  );
}

const domainXml = (name: string, mac?: string): string => `<domain type="qemu"><name>${name}</name>
<memory unit="MiB">64</memory><vcpu>1</vcpu><os><type arch="x86_64" machine="q35">hvm</type></os>
<devices>${mac === undefined ? "" : `<interface type="network"><mac address="${mac}"/><source network="${NETWORK}"/><rom enabled="no"/></interface>`}</devices></domain>`;

async function defineFrom(dir: string, virsh: Libvirt["virsh"], verb: string, xml: string): Promise<void> {
  const file = join(dir, `${verb}.xml`);
  await writeFile(file, xml);
  await virsh(verb, file);
}

async function untilAnswering(virsh: Libvirt["virsh"], child: ChildProcess): Promise<void> {
  for (let tries = 0; ; tries++) {
    if (child.exitCode !== null) throw new Error("it ended");
    try {
      await virsh("version");
      return;
    } catch (error) {
      if (tries > 200) throw error;
    }
    await sleep(100);
  }
}

/** A grandchild of unshare. */
function daemonOf({ pid }: ChildProcess): number {
  const children = (of: string) =>
    readFileSync(`/proc/${of}/task/${of}/children`, "utf8")
      .split(" ")
      .filter((one) => one !== "");
  const daemon = children(String(pid))
    .flatMap(children)
    .find((one) => readFileSync(`/proc/${one}/comm`, "utf8").trim() === "libvirtd");
  if (daemon === undefined) throw new Error("libvirtd has ended");
  return Number(daemon);
}

async function end(child: ChildProcess, dir: string, sshPort: number): Promise<void> {
  if (child.exitCode === null && child.signalCode === null && child.pid !== undefined) {
    const ended = once(child, "exit");
    child.kill("SIGKILL"); // --kill-child: the first process of the namespace goes too, and all of its
    await ended;
  }
  await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  // ssh noted the key of a server that is gone.
  if (sshPort !== 0) await run("ssh-keygen", ["-R", `[127.0.0.1]:${sshPort}`]).catch(() => {});
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
