/** A host of virtual machines that libvirt manages: found out about, machines made on it and taken away. Measured with libvirt 9.0 and QEMU 7.2. */
import { type Attempt, PowerError } from "../driver.ts";
import type { StoragePool } from "@rackwright/domain/vm-host/capacity";
import type { VmFacts, VmHostFacts, VmOrder } from "@rackwright/domain/vm-host/facts";
import type { VmHostDriver } from "../vm-host.ts";
import { attributeAt, find, parseXml, textAt } from "../xml.ts";
import {
  type DomainFacts,
  domainTypeFor,
  libvirtArch,
  readArchitectures,
  readDomain,
  readNodeInfo,
  readPool,
} from "./virsh-facts.ts";
import { forgetHostKey, rejected, virsh, virshBatch, virshWithFile } from "./virsh-tool.ts";
import { renderDomain } from "./virsh-xml.ts";

/** Machines asked about on one connection: what that prints stays below the limit of a program's output. */
const MACHINES_AT_ONCE = 16;
/** Pools whose volumes are files, which may grow as they are written. */
const FILE_POOLS = ["dir", "fs", "netfs"];

export const virshHost: VmHostDriver = {
  discover,
  forget: forgetHostKey,
  async compose(attempt, order) {
    const [known = "", capabilities = ""] = await virshBatch(attempt, "looking what is there", [
      `domuuid ${order.uuid}`,
      "capabilities",
    ]);
    if (known.trim() === order.uuid) return;
    const arch = libvirtArch(order.architecture);
    const type = arch === undefined ? undefined : domainTypeFor(parseXml(capabilities), arch);
    if (arch === undefined || type === undefined)
      throw new PowerError("unsupported", `making ${order.name}: the host runs no machines of ${order.architecture}`);
    await make(attempt, order, arch, type);
  },
  async decompose(attempt, uuid) {
    const doing = `removing the virtual machine ${uuid}`;
    const [xml = ""] = await virshBatch(attempt, doing, [`dumpxml ${uuid}`, `destroy ${uuid}`]);
    if (xml.trim() === "") return;
    // As root of the host might have added snapshots and NVRAM: all that goes with it. Its volumes are those of its XML.
    await virsh(attempt, doing, ["undefine", uuid, "--nvram", "--managed-save", "--snapshots-metadata"]);
    for (const disk of find(parseXml(xml), "devices", "disk")) {
      const pool = attributeAt(disk, "pool", "source");
      const volume = attributeAt(disk, "volume", "source");
      const file = attributeAt(disk, "file", "source") || attributeAt(disk, "dev", "source");
      if (disk.attributes["device"] !== "disk") continue;
      if (pool !== "" && volume !== "") await deleteVolume(attempt, pool, volume);
      // Of a machine that was not composed by us: only where a pool knows the file.
      else if (file !== "") await virshBatch(attempt, doing, [`vol-delete ${quoted(file)}`]);
    }
  },
};

async function discover(attempt: Attempt): Promise<VmHostFacts> {
  const doing = "finding out about the host";
  const [info = "", capabilities = "", version = "", hostname = "", pools = "", networks = "", machines = ""] =
    await virshBatch(attempt, doing, [
      "nodeinfo",
      "capabilities",
      "version",
      "hostname",
      "pool-list --uuid",
      "net-list --name",
      "list --all --uuid",
    ]);
  if (capabilities.trim() === "") throw rejected(attempt, doing, "the host did not say what it can do");
  const storage = await describePools(attempt, doing, words(pools));
  return {
    ...readNodeInfo(info),
    architectures: readArchitectures(parseXml(capabilities)),
    capabilities: ["composable", "dynamic_local_storage", "over_commit", "storage_pools"],
    version: /^Running hypervisor: \S+ (\S+)/m.exec(version)?.[1] ?? "",
    hostname: hostname.trim(),
    pools: storage,
    networks: lines(networks),
    machines: await describeMachines(attempt, doing, words(machines), storage),
  };
}

async function describePools(attempt: Attempt, doing: string, ids: readonly string[]): Promise<StoragePool[]> {
  if (ids.length === 0) return [];
  // What is free changes under libvirt's feet.
  const said = await virshBatch(
    attempt,
    doing,
    ids.flatMap((id) => [`pool-refresh ${id}`, `pool-dumpxml ${id}`]),
  );
  return said
    .filter((_, at) => at % 2 === 1)
    .filter((xml) => xml.trim() !== "")
    .map(readPool);
}

async function describeMachines(
  attempt: Attempt,
  doing: string,
  ids: readonly string[],
  pools: readonly StoragePool[],
): Promise<VmFacts[]> {
  const found: DomainFacts[] = [];
  for (let at = 0; at < ids.length; at += MACHINES_AT_ONCE) {
    const some = ids.slice(at, at + MACHINES_AT_ONCE);
    const said = await virshBatch(
      attempt,
      doing,
      some.flatMap((id) => [`dumpxml ${id}`, `domstate ${id}`, `domblkinfo ${id} --all`]),
    );
    for (let i = 0; i < said.length; i += 3) {
      const [xml = "", state = "", sizes = ""] = said.slice(i, i + 3);
      // One that was removed meanwhile has no XML.
      if (xml.trim() !== "") found.push(readDomain(xml, state, sizes, pools));
    }
  }
  return withVolumeSizes(attempt, doing, found);
}

/** libvirt tells the size of a volume in use; of a machine that is off it tells it where the pool is asked. */
async function withVolumeSizes(attempt: Attempt, doing: string, machines: readonly DomainFacts[]): Promise<VmFacts[]> {
  const unknown = machines.flatMap(({ disks }) => disks.filter((disk) => disk.sizeBytes === 0 && disk.volume !== ""));
  const sizes = new Map<string, number>();
  for (let at = 0; at < unknown.length; at += MACHINES_AT_ONCE) {
    const some = unknown.slice(at, at + MACHINES_AT_ONCE);
    const said = await virshBatch(
      attempt,
      doing,
      some.map(({ pool, volume }) => `vol-dumpxml --pool ${quoted(pool)} --vol ${quoted(volume)}`),
    );
    for (const [i, { pool, volume }] of some.entries())
      if (said[i]?.trim()) sizes.set(`${pool}/${volume}`, Number(textAt(parseXml(said[i]), "capacity")) || 0);
  }
  return machines.map((machine) => ({
    ...machine,
    disks: machine.disks.map(({ volume, pool, sizeBytes }) => ({
      pool,
      sizeBytes: sizeBytes || (sizes.get(`${pool}/${volume}`) ?? 0),
    })),
  }));
}

/** Volumes first, then the machine; what was made is taken away again when something fails. */
async function make(attempt: Attempt, order: VmOrder, arch: string, type: "kvm" | "qemu"): Promise<void> {
  const doing = `making the virtual machine ${order.name}`;
  const storage = await describePools(attempt, doing, [...new Set(order.disks.map(({ pool }) => quoted(pool)))]);
  const volumes = order.disks.map(({ pool }, at) => {
    const known = storage.find(({ name }) => name === pool);
    if (!known) throw new PowerError("refused", `${doing}: the host has no storage pool ${pool}`);
    const format = FILE_POOLS.includes(known.type) ? ("qcow2" as const) : ("raw" as const);
    return {
      pool,
      name: `${order.name}-${order.uuid.slice(0, 8)}-${at}`,
      format,
      isFile: FILE_POOLS.includes(known.type),
    };
  });
  const made: typeof volumes = [];
  try {
    for (const [at, volume] of volumes.entries()) {
      // Of an order that was cut short.
      await deleteVolume(attempt, volume.pool, volume.name);
      const format = volume.isFile ? ["--format", volume.format] : [];
      await virsh(attempt, doing, [
        "vol-create-as",
        `--pool=${volume.pool}`,
        `--name=${volume.name}`,
        `--capacity=${order.disks[at]?.sizeBytes}B`,
        ...format,
      ]);
      made.push(volume);
    }
    await virshWithFile(attempt, doing, renderDomain(order, { arch, type, volumes }), (file) => ["define", file]);
  } catch (error) {
    // Nobody waits for it: the caller's own signal may be over.
    const late = { ...attempt, signal: AbortSignal.timeout(30_000) };
    for (const { pool, name } of made) await deleteVolume(late, pool, name).catch(() => {});
    throw error;
  }
}

/** One that is not there is no error. */
async function deleteVolume(attempt: Attempt, pool: string, name: string): Promise<void> {
  await virsh(attempt, `deleting the volume ${name}`, ["vol-delete", `--vol=${name}`, `--pool=${pool}`]).catch(
    (error: unknown) => {
      if (!(error instanceof PowerError) || !/storage volume not found|failed to get vol/i.test(error.message))
        throw error;
    },
  );
}

const lines = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== "");

/** As virsh reads it within a line of several commands. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'"'"'`)}'`;
}
