/** Chassis and hypervisors whose machines are enlisted together (reference: api-2.0.json, machines add_chassis). */
import { invalidField } from "../errors.ts";

/** A server of a chassis, as a rack lists it. */
export interface ChassisServer {
  name: string;
  architecture: string;
  cores: number;
  memoryMib: number;
  macs: string[];
  /** Its own power parameters, beside those that reach the chassis. */
  parameters: Record<string, string>;
}

type Option =
  | "username"
  | "password"
  | "prefix_filter"
  | "power_control"
  | "token_name"
  | "token_secret"
  | "verify_ssl"
  | "port"
  | "protocol";

interface ChassisType {
  needs: readonly Option[];
  takes: readonly Option[];
  /** Whether a rack can ask it. */
  spoken: boolean;
}

const signedIn = (...takes: Option[]): ChassisType => ({ needs: ["username", "password"], takes, spoken: false });
const virsh: ChassisType = { needs: [], takes: ["password", "prefix_filter"], spoken: true };
const seamicro = signedIn("power_control");

const types: Readonly<Record<string, ChassisType>> = {
  hmcz: signedIn("prefix_filter"),
  mscm: signedIn(),
  msftocs: signedIn("port"),
  powerkvm: virsh,
  proxmox: {
    needs: ["username"],
    takes: ["password", "token_name", "token_secret", "verify_ssl", "prefix_filter"],
    spoken: false,
  },
  recs_box: signedIn("port"),
  seamicro15k: seamicro,
  sm15k: seamicro,
  ucsm: { ...signedIn(), spoken: true },
  virsh,
  vmware: signedIn("port", "protocol", "prefix_filter"),
};

/** @throws DomainError invalid_fields for a type that is not known or not spoken to, an option that is missing or not the type's */
export function checkChassis(type: string, given: Readonly<Partial<Record<Option, unknown>>>): void {
  const name = type.trim().toLowerCase();
  const found = Object.hasOwn(types, name) ? types[name] : undefined;
  if (!found) throw invalidField("chassis_type", `"${type}" is not one of ${Object.keys(types).join(", ")}.`);
  const isGiven = (option: Option) => given[option] !== undefined && given[option] !== "";
  for (const option of found.needs)
    if (!isGiven(option)) throw invalidField(option, `A chassis of type ${name} needs it.`);
  for (const option of Object.keys(given) as Option[])
    if (isGiven(option) && !found.needs.includes(option) && !found.takes.includes(option))
      throw invalidField(option, `A chassis of type ${name} has none.`);
  if (!found.spoken)
    throw invalidField(
      "chassis_type",
      `Nothing here speaks to ${name}: add its machines one by one, with machines create.`,
    );
}

/** What its machines are switched by. */
export function powerTypeOf(chassisType: string): string {
  const name = chassisType.trim().toLowerCase();
  return name === "powerkvm" ? "virsh" : name;
}
