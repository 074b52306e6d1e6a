/** Rules of scripts, the installer and the system that runs them. */
import { type Cases, at, beat, booted, install, installing, running, start } from "./given.ts";

export const runningCases: Cases = {
  script_hung: {
    named: [
      {
        machine: { status: "testing", waitingFor: "script:badblocks", statusDeadline: at(9000) },
        facts: { running: { name: "badblocks", startedAt: start, timeoutSeconds: 5 } },
        seen: [...running, "script signal WORKING about badblocks"],
        now: 120,
      },
      { seen: [...running, "script signal TIMEDOUT about badblocks, exit 124"] },
    ],
    not: [
      {
        machine: { waitingFor: "script:badblocks" },
        facts: { running: { name: "badblocks", startedAt: start, timeoutSeconds: 500 } },
        seen: [...running, "script signal WORKING about badblocks"],
        now: 120,
      },
    ],
    says: /badblocks (hangs|hung)/,
  },
  machine_silent_in_script: {
    named: [
      { machine: { waitingFor: "script:memtester" }, seen: [...running, "script signal WORKING about memtester"] },
    ],
    not: [{ machine: { waitingFor: "script:memtester" }, seen: [...running, "script signal WORKING"], now: 100 }],
    says: /fell silent while it ran memtester/,
  },
  runner_stuck: {
    named: [
      {
        machine: { waitingFor: "next_script", statusDeadline: at(9000) },
        seen: [...running, "script signal WORKING", "script signal WORKING", beat(350)],
        now: 400,
      },
    ],
    not: [
      { machine: { waitingFor: "next_script", statusDeadline: at(9000) }, seen: [...running, beat(350)], now: 400 },
      {
        machine: { waitingFor: "script:x", statusDeadline: at(9000) },
        seen: [...running, "script signal WORKING", "script signal WORKING about x", beat(350)],
        now: 400,
      },
    ],
    says: /lives, and has done nothing for 6 minutes/,
  },
  script_failed: {
    named: [
      {
        machine: { status: "failed_testing", waitingFor: null, statusDeadline: null },
        seen: [
          ...running,
          "script signal WORKING about 7z, exit 1: 7z: the result differs",
          "script signal FAILED: 1 failed",
        ],
      },
      {
        machine: { status: "failed_commissioning", waitingFor: null, statusDeadline: null },
        seen: [...running, "script what 50-x printed makes no sense: it is no JSON", "script signal OK"],
      },
    ],
    not: [
      { seen: [...running, "script signal WORKING about 7z, exit 0"] },
      { seen: [...running, "script signal FAILED"] },
    ],
    says: /The script (7z|50-x) failed/,
  },
  installation_failed: {
    named: [
      {
        machine: { ...installing, status: "failed_deployment", waitingFor: null },
        seen: install("curtin finish cmd-install: late command ended with 3 (FAIL)"),
      },
    ],
    not: [
      { machine: installing, seen: install("curtin finish cmd-install/stage-late: x (FAIL)"), now: 20 },
      { machine: installing, seen: install("curtin finish cmd-install: installation finished (SUCCESS)") },
    ],
    says: /without success: .*ended with 3/,
  },
  installer_silent: {
    named: [
      {
        machine: { ...installing, statusDeadline: at(9000) },
        seen: install("curtin start cmd-install/x: y"),
        now: 400,
      },
    ],
    not: [
      {
        machine: { ...installing, statusDeadline: at(9000) },
        seen: install("curtin start cmd-install/x: y"),
        now: 100,
      },
      { machine: { ...installing, netboot: false }, seen: install("curtin finish cmd-install: done (SUCCESS)") },
    ],
    says: /The installer fell silent 6 minutes ago/,
  },
  clock_off: {
    named: [
      {
        seen: [...booted, "metadata signed request refused: the machine's clock is off by -820000000 s"],
      },
    ],
    not: [
      { seen: running },
      {
        seen: [...running, "metadata signed request refused: the machine's clock is off by -900 s", "script signal OK"],
      },
    ],
    says: /clock is wrong/,
  },
  region_unreachable: {
    named: [
      {
        seen: [...running, "script 50-net: Under the configured network the region cannot be reached: check addresses"],
      },
    ],
    not: [{ seen: running }],
    says: /does not reach the region/,
  },
  runner_silent: {
    named: [{ machine: { waitingFor: "first_signal" }, seen: running }],
    not: [
      { machine: { waitingFor: "first_signal" }, seen: running, now: 30 },
      { machine: { waitingFor: "next_script" }, seen: [...running, "script signal WORKING"] },
    ],
    says: /nothing that was to run there has signalled/,
  },
};
