/** Deployments that end in a VM host: who may ask for one, and the password that its racks log in with. */
import { randomBytes } from "node:crypto";
import type { NodeRow } from "@rackwright/db/machines";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { canHostVms } from "@rackwright/domain/vm-host/setup";
import type { Ctx, Region } from "../context.ts";
import type { System } from "./deploy-checks.ts";

export interface VmHostWish {
  installKvm?: boolean;
  registerVmhost?: boolean;
}

/** @throws DomainError forbidden for whoever is no administrator; invalid_fields for what cannot be done */
export function checkVmHostWish({ actor, region }: Ctx, { installKvm, registerVmhost }: VmHostWish): void {
  if (!installKvm && !registerVmhost) return;
  if (actor.kind !== "user" || !actor.isSuperuser)
    throw new DomainError("forbidden", "Only administrators make machines VM hosts: deploy it without.");
  if (registerVmhost)
    throw invalidField(
      "register_vmhost",
      "It registers a host with LXD, which nothing here speaks to yet: give install_kvm=true for one with libvirt.",
    );
  if (region.simulated)
    throw invalidField("install_kvm", "Machines of this installation are emulated: it has no VM hosts.");
}

/** @throws DomainError invalid_fields */
export function checkVmHostSystem({ osystem, release }: System, inMemory = false): void {
  if (inMemory)
    throw invalidField(
      "install_kvm",
      "A system in memory is no VM host: its machines would be gone with its next start.",
    );
  if (!canHostVms(osystem))
    throw invalidField("install_kvm", `${osystem}/${release} cannot be made a VM host: deploy Debian or Ubuntu.`);
}

const PURPOSE = "vm_host_password";
const PASSWORD_BYTES = 24;

/** A new one, sealed. Made here, since vendor-data is the one way to the machine that nobody else can read. */
export const vmHostPassword = (region: Pick<Region, "secrets">): Buffer =>
  region.secrets.seal(PURPOSE, randomBytes(PASSWORD_BYTES).toString("base64url"));

export const readVmHostPassword = (
  region: Pick<Region, "secrets">,
  row: Pick<NodeRow, "vm_host_password">,
): string | undefined =>
  row.vm_host_password === null ? undefined : region.secrets.open(PURPOSE, row.vm_host_password);
