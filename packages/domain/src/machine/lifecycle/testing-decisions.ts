/** Everything that can be decided about a machine, by a name: what tests of the whole lifecycle run through. */
import * as rules from "../lifecycle.ts";
import type { Times } from "../lifecycle.ts";
import type { Decision, Machine, PowerPurpose } from "../machine.ts";
import * as abort from "./abort.ts";
import * as boot from "./boot.ts";
import * as commission from "./commission.ts";
import * as deploy from "./deploy.ts";
import * as failure from "./failure.ts";
import * as marks from "./marks.ts";
import * as power from "./power.ts";
import * as release from "./release.ts";
import * as rescue from "./rescue.ts";
import * as restore from "./restore.ts";
import * as signal from "./signal.ts";
import * as vmHost from "./vm-host.ts";

export const life = {
  ...rules,
  ...abort,
  ...boot,
  ...commission,
  ...deploy,
  ...failure,
  ...marks,
  ...power,
  ...release,
  ...rescue,
  ...restore,
  ...signal,
  ...vmHost,
};
export const options: commission.CommissionOptions = {
  enableSsh: false,
  skipBmcConfig: false,
  skipNetworking: false,
  skipStorage: false,
};
const system: deploy.DeployOptions = {
  osystem: "debian",
  distroSeries: "trixie",
  hweKernel: null,
  userData: null,
  comment: "why",
  inMemory: false,
  syncIntervalS: null,
};
export const input = (signal: signal.Signal, more: Partial<signal.SignalInput> = {}): signal.SignalInput => ({
  signal,
  error: "",
  scriptName: null,
  anyFailed: false,
  anyPending: false,
  heartbeat: false,
  ...more,
});
const { signals } = life;

const purposes: PowerPurpose[] = [
  "commissioning",
  "testing",
  "deploying",
  "releasing",
  "release_scripts",
  "entering_rescue_mode",
  "exiting_rescue_mode",
  "aborting",
  "user",
];

/** Each at this moment. They throw DomainErrors where they are refused. */
export function everyDecision(times: Times): Record<string, (m: Machine) => Decision> {
  const { now } = times;
  const past = new Date(now.getTime() - 60_000);
  return {
    commission: (m) => life.commission(m, 9, options, "why", times),
    "commission in place": (m) => life.commissionInPlace(m, times),
    "commission what is known now": (m) => life.commissionKnown(m, times),
    test: (m) => life.test(m, 9, false, "why", times),
    allocate: (m) => life.allocate(m, 9, "agent", "why", now),
    deploy: (m) => life.deploy(m, system, times),
    "deploy in memory": (m) => life.deploy(m, { ...system, inMemory: true }, times),
    release: (m) => life.release(m, "why", now),
    "release after erasing": (m) => life.releaseWithScripts(m, "disk_erasing", "why", times),
    "release after scripts": (m) => life.releaseWithScripts(m, "releasing", "why", times),
    "release scripts passed": (m) => life.releaseScriptsEnded(m, { anyFailed: false, anyPending: false }, now),
    "release scripts not passed": (m) => life.releaseScriptsEnded(m, { anyFailed: false, anyPending: true }, now),
    abort: (m) => life.abort(m, "why", now),
    lock: (m) => life.lock(m, "why"),
    unlock: (m) => life.unlock(m, "why"),
    "mark broken": (m) => life.markBroken(m, "why", now),
    "mark fixed": (m) => life.markFixed(m, "why", now),
    "override failed testing": (m) => life.overrideFailedTesting(m, "why", now),
    "rescue mode": (m) => life.enterRescueMode(m, 9, "why", times),
    "exit rescue mode": (m) => life.exitRescueMode(m, "why", now),
    restore: (m) => life.restore(m, "restore_default_configuration"),
    "switch on": (m) => life.switchPower(m, "on", "why"),
    "switch off": (m) => life.switchPower(m, "off", "why", "soft"),
    fail: (m) => life.fail(m, "it broke", now),
    overrun: (m) => life.overrun(m, "it ran too long", now),
    "expire, due": (m) => life.expire({ ...m, statusDeadline: m.statusDeadline && past }, "boot script given", now),
    "expire, early": (m) => life.expire(m, null, now),
    netbootOff: (m) => life.netbootOff(m, times),
    installedSystemBooted: (m) => life.installedSystemBooted(m, times),
    vmHostReady: (m) => life.vmHostReady(m, times),
    vmHostRegistered: (m) => life.vmHostRegistered(m, now),
    "power on seen": (m) => life.powerObserved(m, "on", now),
    "power off seen": (m) => life.powerObserved(m, "off", now),
    bootProgress: (m) => life.bootProgress(m, "kernel", times),
    ...Object.fromEntries(
      purposes.map((purpose) => [
        `power failed while ${purpose}`,
        (m: Machine) => life.powerFailed(m, purpose, "refused", now),
      ]),
    ),
    ...Object.fromEntries(
      signals.flatMap((signal) =>
        [false, true].map((anyFailed) => [
          `signal ${signal}${anyFailed ? " with a failed result" : ""}`,
          (m: Machine) => life.signal(m, input(signal, { anyFailed }), times),
        ]),
      ),
    ),
  };
}
