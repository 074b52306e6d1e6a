/** The installer, without its work: the stages that machine/installer reports, and what then lies on the disk. */
import { createHash } from "node:crypto";
import { parse } from "yaml";
import type { Credentials, Plan } from "./cloud-config.ts";
import { readPreseed } from "./cloud-config.ts";
import { diskProblems, disksNow } from "./disks.ts";
import { installedSync } from "./hardware-sync.ts";
import type { EmulatedMachine } from "./machine.ts";
import { RequestFailed } from "./net.ts";
import { Reporter } from "./report.ts";

/** With the seconds that each takes a fast machine. */
const stages = [
  ["early", "preparing for installation", 2],
  ["partitioning", "configuring storage", 4],
  ["network", "configuring network", 1],
  ["extract", "writing the image to disk", 20],
  ["curthooks", "configuring the installed system", 10],
  ["hook", "finalizing installation", 1],
  ["late", "executing late commands", 1],
] as const;

/** @returns whether the disk can be started from now */
export async function install(machine: EmulatedMachine, plan: Plan): Promise<boolean> {
  const token: Credentials = { metadataUrl: "", ...plan.reporting };
  const reporter = new Reporter(machine, plan.reporting.endpoint, token, "curtin");
  const log = [`installing on ${machine.hardware.disks.map((disk) => disk.serial).join(", ")}`];
  machine.disk = undefined;
  await reporter.start("cmd-install", "installing this machine");
  try {
    for (const [name, description, seconds] of stages) {
      const stage = `cmd-install/stage-${name}`;
      await reporter.start(stage, description);
      await machine.step("install", name);
      log.push(`start: ${stage}: ${description}`);
      checkStage(machine, plan, name);
      if (name === "extract") {
        await machine.net.ask(plan.source.uri, { headers: { range: "bytes=0-4095" } });
        await machine.wait(seconds / 2);
        await reporter.progress(stage, description, 50);
        if (machine.has("fails", "install")) throw new InstallFailed("unsquashfs ended with 1: read error on the disk");
        await machine.wait(seconds / 2);
      } else await machine.wait(seconds);
      if (name === "late") await netbootOff(machine, plan, token);
      await reporter.finish(stage, description, "SUCCESS");
      log.push(`finish: ${stage}: SUCCESS`);
    }
  } catch (error) {
    if (!(error instanceof InstallFailed || error instanceof RequestFailed)) throw error;
    log.push(error.message);
    await reporter.finish("cmd-install", error.message, "FAIL", [logFile(log)]);
    return false;
  }
  machine.disk = installedSystem(plan);
  await reporter.finish("cmd-install", "installation finished", "SUCCESS", [logFile(log)]);
  return true;
}

/** What machine/installer would stumble over in this stage. @throws InstallFailed in its words */
function checkStage(machine: EmulatedMachine, plan: Plan, stage: (typeof stages)[number][0]): void {
  if (stage === "early") {
    const problems = diskProblems(plan, disksNow(machine));
    if (problems.length > 0) throw new InstallFailed(`refused, nothing was written: ${problems.join("; ")}`);
    if (machine.has("installs", "damaged-image")) {
      const got = createHash("sha256").update(machine.mac).digest("hex");
      throw new InstallFailed(
        `refused, nothing was written: source ${plan.source.uri} has sha256 ${got}, not ${plan.source.sha256}`,
      );
    }
  }
  if (stage === "extract" && machine.has("disks", "broken"))
    throw new InstallFailed(
      "unpacking /run/rackwright-install/image/root.squashfs failed with 1: Write on output file failed because Input/output error",
    );
  if (stage === "curthooks" && machine.has("installs", "no-boot-loader"))
    throw new InstallFailed(
      "grub-install --target=i386-pc /dev/sda failed with 1: grub-install: error: embedding is not possible, but this is required for cross-disk install.",
    );
}

class InstallFailed extends Error {}

/** From now on it starts from its disk. */
async function netbootOff(machine: EmulatedMachine, plan: Plan, as: Credentials): Promise<void> {
  await machine.step("netboot-off");
  await machine.net.ask(plan.netbootOff.url, {
    method: "POST",
    body: Buffer.from("op=netboot_off"),
    headers: { "content-type": "application/x-www-form-urlencoded" },
    as,
  });
}

const logFile = (lines: readonly string[]): object => ({
  path: "/tmp/install.log",
  encoding: "base64",
  content: Buffer.from(`${lines.join("\n")}\n`).toString("base64"),
});

/** What cloud-init finds on the disk. */
function installedSystem(plan: Plan): EmulatedMachine["disk"] {
  const file = plan.cloudInit.files.find(({ content }) => hasDatasource(content));
  if (!file) throw new InstallFailed("the plan's cloud-init files name no data source");
  return {
    credentials: readPreseed(file.content).credentials,
    reportUrl: plan.reporting.endpoint,
    network: JSON.stringify(plan.network),
    sync: installedSync(plan),
  };
}

function hasDatasource(content: string): boolean {
  const config: unknown = parse(content);
  return typeof config === "object" && config !== null && "datasource" in config;
}
