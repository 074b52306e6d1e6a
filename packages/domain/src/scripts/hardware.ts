/** Whether a machine has the hardware that a script is for (reference: scripts.md section 6). */

/** What commissioning found out about a machine. */
export interface HardwareFacts {
  /** Lines of maas-list-modaliases. */
  modaliases: readonly string[];
  /** system_vendor, mainboard_product ... */
  metadata: readonly { key: string; value: string }[];
}

export const noFacts: HardwareFacts = { modaliases: [], metadata: [] };

const metadataKeys = [
  "system_vendor",
  "system_product",
  "system_version",
  "mainboard_vendor",
  "mainboard_product",
] as const;

const identifierPatterns = [
  /^modalias:\S.*$/i,
  /^(pci|usb):[0-9a-f]{4}:[0-9a-f]{4}$/i,
  new RegExp(`^(${metadataKeys.join("|")}):.+$`, "i"),
];

export function isHardwareIdentifier(text: string): boolean {
  return identifierPatterns.some((pattern) => pattern.test(text));
}

export const HARDWARE_IDENTIFIER_FORMS = `modalias:PATTERN, pci:VVVV:DDDD, usb:VVVV:DDDD, ${metadataKeys.map((k) => `${k}:NAME`).join(", ")}`;

/** A script for no hardware in particular suits every machine. */
export function suits(forHardware: readonly string[], facts: HardwareFacts): boolean {
  return forHardware.length === 0 || forHardware.some((identifier) => matches(identifier, facts));
}

function matches(identifier: string, facts: HardwareFacts): boolean {
  const colon = identifier.indexOf(":");
  const kind = identifier.slice(0, colon).toLowerCase();
  const value = identifier.slice(colon + 1).trim();
  const pattern = modaliasPattern(kind, value);
  if (pattern !== undefined) return facts.modaliases.some((alias) => pattern.test(alias.trim()));
  return facts.metadata.some((fact) => fact.key === kind && fact.value.toLowerCase() === value.toLowerCase());
}

/** Kernel modaliases: pci:v0000VVVVd0000DDDDsv..., usb:vVVVVpDDDD... (linux/scripts/mod/file2alias.c). */
function modaliasPattern(kind: string, value: string): RegExp | undefined {
  if (kind === "modalias") return wildcard(value);
  const [vendor, device] = value.split(":");
  if (kind === "pci") return wildcard(`pci:v0000${vendor}d0000${device}*`);
  if (kind === "usb") return wildcard(`usb:v${vendor}p${device}*`);
  return undefined;
}

function wildcard(text: string): RegExp {
  const escaped = text.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/\*+/g, ".*").replaceAll("?", ".")}$`, "i");
}
