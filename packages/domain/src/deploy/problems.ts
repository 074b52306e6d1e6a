import { requiredBy } from "../storage/curtin-items.ts";
import type { DeployPlan } from "./plan.ts";

const hostnamePattern = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i;
const urlPattern = /^https?:\/\/[^\s/]+(\/\S*)?$/;

/** What in the plan cannot be done, one sentence each naming the item; empty when the installer can be sent off with it. */
export function planProblems(plan: DeployPlan): string[] {
  return [...identityProblems(plan), ...sourceProblems(plan), ...storageProblems(plan), ...bootProblems(plan)];
}

function identityProblems(plan: DeployPlan): string[] {
  const problems: string[] = [];
  if (!hostnamePattern.test(plan.hostname)) problems.push(`hostname '${plan.hostname}' is no host name`);
  if (!plan.fqdn.split(".").every((label) => hostnamePattern.test(label))) {
    problems.push(`fqdn '${plan.fqdn}' is no domain name`);
  }
  const urls = { "reporting.endpoint": plan.reporting.endpoint, "netbootOff.url": plan.netbootOff.url };
  for (const [name, url] of Object.entries(urls)) {
    if (!urlPattern.test(url)) problems.push(`${name} '${url}' is no http URL`);
  }
  for (const key of ["consumerKey", "tokenKey", "tokenSecret"] as const) {
    if (plan.reporting[key] === "") problems.push(`reporting.${key} is empty: the machine has no token`);
  }
  if (plan.lateCommands.some((command) => command.length === 0)) problems.push("lateCommands has an empty command");
  return problems;
}

function sourceProblems({ source }: DeployPlan): string[] {
  const problems: string[] = [];
  if (!/^http:\/\/[^\s/]+\/\S+$/.test(source.uri) && !/^cp:\/\/\/\S+$/.test(source.uri)) {
    problems.push(`source.uri '${source.uri}' is neither http://... nor cp:///directory`);
  }
  if (!/^[0-9a-f]{64}$/.test(source.sha256)) problems.push("source.sha256 is not 64 lower-case hexadecimal digits");
  if (!(source.sizeBytes > 0)) problems.push("source.sizeBytes is not a positive number");
  return problems;
}

function storageProblems(plan: DeployPlan): string[] {
  const items = plan.storage.config;
  const problems: string[] = [];
  const ids = new Set<string>();
  for (const item of items) {
    for (const needs of requiredBy(item).filter((id) => !ids.has(id)))
      problems.push(`storage item ${item.id} needs ${needs}, which does not come before it`);
    if (ids.has(item.id)) problems.push(`storage item ${item.id} is there twice`);
    ids.add(item.id);
  }
  if (!items.some((item) => item.type === "mount" && item.path === "/")) {
    problems.push("no filesystem is mounted on /: partition the machine or choose a storage layout");
  }
  return problems;
}

function bootProblems(plan: DeployPlan): string[] {
  const items = plan.storage.config;
  if (plan.architecture !== "amd64" && !(plan.architecture === "arm64" && plan.bootloader.method === "uefi")) {
    return [`the installer has no boot loader for ${plan.architecture} started by ${plan.bootloader.method}`];
  }
  if (plan.bootloader.method === "uefi") {
    return items.some((item) => item.type === "mount" && item.path === "/boot/efi")
      ? []
      : ["a UEFI machine needs an EFI system partition mounted on /boot/efi"];
  }
  const boot = items.find((item) => item.type === "disk" && item.grub_device);
  if (boot?.type !== "disk") return ["no disk of the plan is the boot disk: choose one with a partition table"];
  const biosGrub = items.some(
    (item) => item.type === "partition" && item.device === boot.id && item.flag === "bios_grub",
  );
  return boot.ptable === "gpt" && !biosGrub ? [`boot disk ${boot.id} has no bios_grub partition for GRUB`] : [];
}
