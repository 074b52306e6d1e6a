/**
 * Allocating: a machine that is there, else one that is made for it on a VM host (lifecycle.md section 9.5). Any user may have one made; in
 * the zone and pool of its host, so that where machines go is still for administrators to say.
 *
 * Steps as of every machine that is made (vm-host-compose.ts): set its resources aside, have the host make it, then add it, Allocated at
 * once. What a crash leaves in between belongs to nobody, and is removed by the next look at the host.
 */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { writeDisks } from "@rackwright/db/hardware";
import { lockAllocatable } from "@rackwright/db/machine-search";
import { lockMachineById, updateMachine } from "@rackwright/db/machines";
import { domainId } from "@rackwright/db/nodes";
import { loadVmHosts, lockVirtualMachine, updateVirtualMachine, type VmHostRow } from "@rackwright/db/vm-hosts";
import type { Fit } from "@rackwright/domain/allocation/fit";
import { DomainError } from "@rackwright/domain/errors";
import { parseHostname } from "@rackwright/domain/machine/names";
import {
  architectureFor,
  byRoom,
  diskTags,
  isPlace,
  wantedMachine,
  type WantedMachine,
} from "@rackwright/domain/vm-host/allocate";
import { diskName, diskSerial } from "@rackwright/power/drivers/virsh-xml";
import { canConnect } from "@rackwright/power/vm-host";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { linkMade } from "./addresses.ts";
import { acquire, allocateMachine, type AllocateRequest } from "./machine-actions.ts";
import { applyDefaultLayout } from "./storage.ts";
import { composable, make, type Reserved, reserve } from "./vm-host-compose.ts";
import { unwanted } from "./vm-discard.ts";
import { addMachine, homeOn, vmParameters } from "./vm-host-machines.ts";

/** No further host is asked when this much has passed: whoever allocates waits for the answer. */
const ASK_HOSTS_FOR_MS = 60_000;

/**
 * @returns its id, and which disks and interfaces meet what was asked
 * @throws DomainError no_match; power_failed naming the VM host that was to make it and did not
 */
export async function allocate(ctx: Ctx, request: AllocateRequest): Promise<{ id: number; fit: Fit }> {
  try {
    return await allocateMachine(ctx, request);
  } catch (error) {
    if (!(error instanceof DomainError) || error.code !== "no_match") throw error;
    return allocateMade(ctx, request, error);
  }
}

/** @param noMatch what is said when nothing can be made either */
async function allocateMade(
  ctx: Ctx,
  request: AllocateRequest,
  noMatch: DomainError,
): Promise<{ id: number; fit: Fit }> {
  // A trial run has no machine to show that is not there yet; and inside somebody's transaction no host can be waited for.
  if (request.dryRun || ctx.actor.kind !== "user" || ctx.tx) throw noMatch;
  const wanted = wantedMachine(request.criteria);
  if (!wanted) throw noMatch;
  const passedOver: string[] = [];
  let failure: DomainError | undefined;
  const until = performance.now() + ASK_HOSTS_FOR_MS;
  for (const host of await hostsFor(ctx, request)) {
    if (performance.now() > until) break;
    const reserved = await reserveOn(ctx, host, wanted, request).catch((error: unknown) => {
      if (!(error instanceof DomainError)) throw error;
      passedOver.push(error.message);
    });
    if (!reserved) continue;
    try {
      await make(ctx, reserved);
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      failure ??= error;
      continue;
    }
    return added(ctx, reserved, request, noMatch);
  }
  const why = [...(failure ? [failure.message] : []), ...passedOver].slice(0, 3).join(" ");
  if (why === "") throw noMatch;
  throw new DomainError(failure?.code ?? "no_match", `${noMatch.message} None was made: ${why}`, { cause: failure });
}

/** Hosts that may make it, by how much they have left. */
async function hostsFor(ctx: Ctx, { criteria }: AllocateRequest): Promise<VmHostRow[]> {
  const views = (await loadVmHosts(ctx.region.db.kysely)).filter(
    ({ row, zone, pool }) =>
      canConnect(row.type) &&
      row.capabilities.includes("composable") &&
      architectureFor(criteria, row) !== undefined &&
      isPlace(criteria, { name: row.name, type: row.type, zone: zone.name, pool: pool.name }),
  );
  return byRoom(views.map((view) => ({ row: view.row, host: composable(view.row), guests: view.guests }))).map(
    ({ row }) => row,
  );
}

type Made = Reserved & { tags: string[][] };

/** @throws DomainError saying what the host lacks */
function reserveOn(ctx: Ctx, host: VmHostRow, wanted: WantedMachine, { criteria }: AllocateRequest): Promise<Made> {
  return inTransaction(ctx, async (tx) => {
    const reserved = await reserve(
      ctx,
      tx,
      host.id,
      {
        ...wanted,
        ...(await nameAsked(tx, wanted.name)),
        memory: wanted.memoryMib,
        cpu_speed: wanted.cpuSpeedMhz,
        architecture: architectureFor(criteria, host),
        hugepages_backed: false,
        pinned_cores: [],
        zone: undefined,
        pool: undefined,
        skip_commissioning: true,
      },
      true,
    );
    const tags = diskTags(wanted.storage, reserved.order.disks, composable(reserved.host));
    if (tags) return { ...reserved, tags };
    throw new DomainError(
      "no_match",
      `VM host ${host.name} has no storage pool that is called, or is of the type, of each tag.`,
    );
  });
}

async function nameAsked(
  tx: Tx,
  name: string | undefined,
): Promise<{ hostname: string | undefined; domain: number | undefined }> {
  if (name === undefined) return { hostname: undefined, domain: undefined };
  const parsed = parseHostname(name);
  if (!parsed) throw new DomainError("no_match", `"${name}" is no host name that a machine could be given.`);
  if (parsed.domain === undefined) return { hostname: parsed.hostname, domain: undefined };
  const domain = await domainId(tx, parsed.domain);
  if (domain === undefined) throw new DomainError("no_match", `There is no domain '${parsed.domain}'.`);
  return { hostname: parsed.hostname, domain };
}

/** The host has it: it becomes a machine that is the caller's, or goes away again. */
async function added(
  ctx: Ctx,
  made: Made,
  request: AllocateRequest,
  noMatch: DomainError,
): Promise<{ id: number; fit: Fit }> {
  try {
    return await inTransaction(ctx, async (tx) => {
      const vm = await lockVirtualMachine(tx, made.vmId);
      if (!vm || vm.unwanted_since !== null)
        throw new DomainError(
          "conflict",
          `VM host ${made.host.name} was taken away while it made a machine: try again.`,
        );
      const id = await addReady(ctx, tx, made);
      const loaded = await lockMachineById(tx, id);
      const criteria = { ...request.criteria, system_id: loaded?.machine.systemId };
      const found = loaded && (await lockAllocatable(tx, criteria, null));
      if (!found) throw noMatch;
      await acquire(ctx, tx, loaded, request.agentName, request);
      const text = `Composed machine '${loaded.machine.hostname}' on VM host '${made.host.name}', to allocate it.`;
      await audit(ctx, tx, "POD", text);
      return found;
    });
  } catch (error) {
    await inTransaction(ctx, (tx) => unwanted(ctx.region, tx, made.vmId));
    throw error;
  }
}

/** It has not been commissioned: what commissioning would find is what was ordered. */
async function addReady(ctx: Ctx, tx: Tx, { vmId, host, order, domain, networks, tags }: Made): Promise<number> {
  const id = await addMachine(ctx, tx, homeOn(ctx, host), {
    ...order,
    hostname: order.name,
    domain,
    macs: order.interfaces.map(({ mac }) => mac),
    parameters: vmParameters(order),
  });
  await updateVirtualMachine(tx, vmId, { node_id: id, composing_since: null, confirmed_at: ctx.region.now() });
  await updateMachine(tx, id, { status: "ready", statusSince: ctx.region.now(), powerState: "off" });
  const disks = order.disks.map(({ sizeBytes }, at) => ({
    id: null,
    name: diskName(at),
    serial: diskSerial(order, at),
    idPath: `/dev/disk/by-id/virtio-${diskSerial(order, at)}`,
    sizeBytes,
    blockSizeBytes: 512,
    tags: tags[at] ?? [],
  }));
  await writeDisks(tx, id, disks, []);
  await applyDefaultLayout(ctx, tx, id);
  await linkMade(tx, id, networks);
  await appendChange(tx, { kind: "update", entity: "vm_host", entityId: host.id });
  return id;
}
