/** How a VM host is reached: checked, encrypted at rest, and as each of its machines needs it. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { VmHostRow } from "@rackwright/db/vm-hosts";
import { DomainError, type FieldMessages, invalidField } from "@rackwright/domain/errors";
import type { PowerDriver } from "@rackwright/power/driver";
import { powerDriverNamed } from "@rackwright/power/registry";
import { checkSettings } from "@rackwright/power/settings";
import { canConnect } from "@rackwright/power/vm-host";
import type { Region } from "../context.ts";

export const VM_HOST_TYPES = ["virsh", "lxd"] as const;
export type VmHostParameters = Record<string, string>;

const PURPOSE = "vm_host";
export const sealParameters = (region: Pick<Region, "secrets">, parameters: VmHostParameters): Buffer =>
  region.secrets.seal(PURPOSE, JSON.stringify(parameters));
export const readParameters = (
  region: Pick<Region, "secrets">,
  row: Pick<VmHostRow, "power_parameters">,
): VmHostParameters => JSON.parse(region.secrets.open(PURPOSE, row.power_parameters)) as VmHostParameters;

export interface VmHostAccess {
  power_address?: string | undefined;
  power_user?: string | undefined;
  power_pass?: string | undefined;
  project?: string | undefined;
  certificate?: string | undefined;
  key?: string | undefined;
  password?: string | undefined;
}

/** @throws DomainError invalid_fields */
export function checkType(type: string): (typeof VM_HOST_TYPES)[number] {
  const known = VM_HOST_TYPES.find((one) => one === type.trim().toLowerCase());
  if (known) return known;
  throw invalidField("type", `"${type}" is no kind of VM host: it is one of ${VM_HOST_TYPES.join(", ")}.`);
}

/** @throws DomainError invalid_fields, by the names of the API */
export function checkAccess(type: string, access: VmHostAccess): VmHostParameters {
  const given: VmHostParameters = {};
  for (const [name, value] of Object.entries(access)) if (value) given[name] = value as string;
  return type === "lxd" ? checkLxd(given) : checkVirsh(given);
}

function checkVirsh({ power_user, ...given }: VmHostParameters): VmHostParameters {
  if (power_user !== undefined)
    throw invalidField("power_user", "Of virsh the user is in the address: qemu+ssh://USER@HOST/system.");
  const { power_address, power_pass } = given;
  const driver = powerDriverNamed("virsh");
  // What belongs to one machine is not said of the host.
  const settings = Object.fromEntries(Object.entries(driver.settings).filter(([, one]) => one.scope !== "machine"));
  const ofHost: PowerDriver = { ...driver, settings };
  const checked = checkSettings(ofHost, { power_address, ...(power_pass === undefined ? {} : { power_pass }) });
  if (!checked.ok) throw refused(checked.errors);
  return checked.values as VmHostParameters;
}

function checkLxd({ power_address = "", project, certificate, key, password }: VmHostParameters): VmHostParameters {
  const errors: FieldMessages = {};
  if (!/^(https:\/\/)?[\w.[\]:-]+\/?$/.test(power_address) || power_address.startsWith("-"))
    errors.power_address = ["Enter the host of LXD, or https://HOST:8443."];
  if (!project) errors.project = ["This field is required: the project of LXD that machines are made in."];
  else if (!/^[\w.-]{1,63}$/.test(project)) errors.project = [`"${project}" is no project of LXD.`];
  if ((certificate === undefined) !== (key === undefined))
    errors[certificate === undefined ? "certificate" : "key"] = ["Certificate and key come together."];
  else if (certificate !== undefined && key !== undefined) {
    const problem = pairProblem(certificate, key);
    if (problem) errors[problem.field] = [problem.message];
  }
  if (Object.keys(errors).length > 0) throw refused(errors);
  const given = { power_address, project, certificate, key, password };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as VmHostParameters;
}

function pairProblem(certificate: string, key: string): { field: string; message: string } | undefined {
  try {
    const parsed = new X509Certificate(certificate);
    try {
      if (parsed.checkPrivateKey(createPrivateKey(key))) return undefined;
      return { field: "key", message: "This is not the key of the certificate." };
    } catch {
      return { field: "key", message: "This is no private key in PEM." };
    }
  } catch {
    return { field: "certificate", message: "This is no certificate in PEM." };
  }
}

function refused(fields: FieldMessages): DomainError {
  const [first] = Object.entries(fields);
  return new DomainError("invalid_fields", `${first?.[0]}: ${first?.[1][0]}`, { fields });
}

/** @throws DomainError power_failed for a type that nothing here speaks to */
export function refuseUnconnected(host: Pick<VmHostRow, "name" | "type">): void {
  if (!canConnect(host.type))
    throw new DomainError(
      "power_failed",
      `VM host ${host.name} is of type ${host.type}, which cannot be connected yet: use a host with libvirt (virsh).`,
    );
}
