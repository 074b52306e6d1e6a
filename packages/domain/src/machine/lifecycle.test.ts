import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../errors.ts";
import { eventTypes } from "./event.ts";
import type * as rules from "./lifecycle.ts";
import type * as commission from "./lifecycle/commission.ts";
import type * as signal from "./lifecycle/signal.ts";
import { machine, minutes, now, times } from "./lifecycle/testing.ts";
import { everyDecision, input, life, options } from "./lifecycle/testing-decisions.ts";
import type { Decision, Machine } from "./machine.ts";
import {
  isWaiting,
  type MachineStatus,
  machineStatuses,
  mayBecome,
  testingEndsInReady,
  transientStatuses,
} from "./status.ts";

const { signals } = life;
const decisions = everyDecision(times);

/** Machines of every status, in the variants that decisions look at. */
function* machines(): Generator<Machine> {
  const variants: Partial<Machine>[] = [
    {},
    { powerType: "manual" },
    { powerState: "off" },
    { powerState: "unknown", commissioningPassed: false },
    { enlisting: true },
    { enableSsh: true, powerStateBefore: "on" },
    { skipStorage: true, skipNetworking: true },
    { locked: true },
    { osystem: "", ownerId: null },
  ];
  for (const status of machineStatuses) {
    for (const variant of variants) yield machine(status, variant);
    if (life.startsFrom.exit_rescue_mode.some((s) => s === status) || status === "exiting_rescue_mode")
      for (const previousStatus of life.startsFrom.rescue_mode.filter((s) => !transientStatuses.includes(s)))
        for (const waitingFor of isWaiting(status) ? (["power_on", "power_off"] as const) : [null])
          yield machine(status, { previousStatus, waitingFor });
    if (status === "releasing")
      for (const waitingFor of ["power_on", "next_script", "last_report"] as const)
        yield machine(status, { waitingFor });
    if (status === "testing")
      for (const previousStatus of new Set<MachineStatus>([
        "commissioning",
        ...testingEndsInReady,
        "failed_commissioning",
        "allocated",
        "reserved",
        "deployed",
      ]))
        if (previousStatus !== "failed_entering_rescue_mode" && previousStatus !== "failed_exiting_rescue_mode")
          yield machine(status, { previousStatus });
  }
}

test("whatever is decided keeps a machine whole: legal pairs, deadlines, owners, epochs, events", () => {
  let decided = 0;
  for (const before of machines()) {
    for (const [name, decide] of Object.entries(decisions)) {
      const label = `${name} of ${before.status} (from ${before.previousStatus}, ${before.powerType}, ${before.powerState})`;
      let decision: Decision;
      try {
        decision = decide(before);
      } catch (error) {
        assert.ok(error instanceof DomainError, `${label}: ${String(error)}`);
        assert.ok(["wrong_status", "bad_request", "invalid_fields", "machine_locked"].includes(error.code), label);
        continue;
      }
      decided += 1;
      const after: Machine = { ...before, ...decision.set };
      // What has not to wait goes through the status of waiting within one decision.
      const direct = mayBecome(before.status, after.status);
      const through = (by: MachineStatus) => mayBecome(before.status, by) && mayBecome(by, after.status);
      const indirect =
        (["release", "release scripts passed", "mark broken"].includes(name) && through("releasing")) ||
        (name === "exit rescue mode" && through("exiting_rescue_mode"));
      assert.ok(direct || indirect, `${label}: ${before.status} to ${after.status}`);
      if (isWaiting(after.status)) {
        assert.ok(after.statusDeadline, `${label}: waits without a deadline`);
        assert.ok(after.waitingFor, `${label}: waits for nothing`);
        if (after.status !== before.status) assert.ok(after.statusDeadline > now, `${label}: overdue from its start`);
      } else {
        assert.equal(after.statusDeadline, null, `${label}: a deadline without waiting`);
        assert.equal(after.waitingFor, null, `${label}: waits in ${after.status}`);
      }
      if (after.status === "new" || after.status === "ready")
        assert.equal(after.ownerId, null, `${label}: has an owner`);
      if (after.status !== before.status) {
        assert.equal(after.statusSince, now, label);
        assert.ok(decision.events.length > 0, `${label}: a status changes without an event`);
      }
      assert.ok(after.bootEpoch >= before.bootEpoch, `${label}: the epoch shrank`);
      for (const job of decision.jobs) {
        assert.ok(life.canSwitchPower(before), `${label}: a job for power that nobody can switch`);
        if (job.queue === "power") assert.equal(job.epoch, after.bootEpoch, `${label}: the job is of another epoch`);
      }
      const grows = decision.effects.some((e) => e.do === "new_token");
      if (grows) assert.equal(after.bootEpoch, before.bootEpoch + 1, `${label}: new credentials in an old epoch`);
      const ownerGone = before.ownerId !== null && after.ownerId === null;
      // A machine that is being released has lost it when the release began.
      if (ownerGone && before.status !== "releasing")
        assert.ok(
          decision.effects.some((e) => e.do === "revoke_token"),
          `${label}: the owner goes, the machine's token stays`,
        );
      for (const e of decision.events) assert.ok(e.type in eventTypes, `${label}: ${e.type}`);
    }
  }
  assert.ok(decided > 2000, `only ${decided} decisions were made`);
});

test("every action starts from its statuses and is refused from all others, with the code that clients know", () => {
  const codes = {
    accept: "wrong_status",
    commission: "bad_request",
    test: "bad_request",
    allocate: "wrong_status",
    deploy: "wrong_status",
    release: "wrong_status",
    abort: "wrong_status",
    lock: "wrong_status",
    unlock: "wrong_status",
    mark_broken: "wrong_status",
    mark_fixed: "wrong_status",
    override_failed_testing: "wrong_status",
    rescue_mode: "wrong_status",
    restore_default_configuration: "wrong_status",
    restore_networking_configuration: "wrong_status",
    restore_storage_configuration: "wrong_status",
    exit_rescue_mode: "wrong_status",
    power_on: "wrong_status",
    power_off: "wrong_status",
    set_workload_annotations: "wrong_status",
    clear_default_gateways: "wrong_status",
    set_storage_layout: "wrong_status",
    configure_network: "wrong_status",
    update_interface: "wrong_status",
    tag_interface: "wrong_status",
    configure_storage: "wrong_status",
    update_block_device: "wrong_status",
    format_storage: "wrong_status",
    mount_special: "wrong_status",
    unmount_special: "wrong_status",
    tag_partition: "wrong_status",
    clone: "wrong_status",
    get_curtin_config: "bad_request",
  } as const satisfies Record<rules.Action, string>;
  for (const action of Object.keys(life.startsFrom) as rules.Action[]) {
    const allowed: readonly MachineStatus[] = life.startsFrom[action];
    for (const status of machineStatuses) {
      const owned = action === "power_on" ? { ownerId: 7 } : {};
      const refused = life.refusal(action, machine(status, { locked: action === "unlock", ...owned }));
      assert.equal(refused?.code, allowed.includes(status) ? undefined : codes[action], `${action} of ${status}`);
      if (refused) assert.match(refused.message, /calm-otter/);
    }
  }
});

test("what a start lacks is named: power type, interface, commissioning, lock", () => {
  const none = { powerType: "" };
  assert.ok(life.refusal("commission", machine("new", none))?.fields?.power_type);
  assert.ok(life.refusal("test", machine("ready", none))?.fields?.power_type);
  assert.equal(
    life.refusal("commission", machine("new", { powerType: "manual", interfaceCount: 0 }))?.code,
    "bad_request",
  );
  assert.equal(life.refusal("commission", machine("new", { interfaceCount: 0 })), undefined);
  assert.equal(life.refusal("test", machine("new", { commissioningSetId: null }))?.code, "bad_request");
  assert.equal(life.refusal("release", machine("deployed", { locked: true }))?.code, "machine_locked");
});

test("a start for a purpose: a new epoch, new credentials, network boot, one power job; by hand where nothing can switch", () => {
  const starts: [string, MachineStatus, MachineStatus, number][] = [
    ["commission", "new", "commissioning", 30],
    ["test", "deployed", "testing", 30],
    ["deploy", "allocated", "deploying", 60],
    ["rescue mode", "deployed", "entering_rescue_mode", 30],
  ];
  for (const [name, from, to, timeout] of starts) {
    const decide = decisions[name] as (m: Machine) => Decision;
    const byBmc = decide(machine(from, { netboot: false }));
    assert.deepEqual(
      {
        status: byBmc.set.status,
        bootEpoch: byBmc.set.bootEpoch,
        netboot: byBmc.set.netboot,
        waitingFor: byBmc.set.waitingFor,
        deadline: byBmc.set.statusDeadline,
      },
      { status: to, bootEpoch: 5, netboot: true, waitingFor: "power_on", deadline: minutes(timeout) },
    );
    assert.deepEqual(byBmc.jobs, [{ queue: "power", action: "cycle", epoch: 5, bootDevice: "network", purpose: to }]);
    const kinds = byBmc.effects.map((e) => e.do);
    assert.ok(kinds.includes("end_boot_secrets") && kinds.includes("new_token"), name);
    const byHand = decide(machine(from, { powerType: "manual" }));
    assert.deepEqual([byHand.set.waitingFor, byHand.jobs], ["operator_power_on", []]);
  }
});

test("commissioning clears disks and links unless told to keep them", () => {
  const kinds = (more: Partial<commission.CommissionOptions>) =>
    life.commission(machine("ready"), 9, { ...options, ...more }, "", times).effects.map((e) => e.do);
  assert.ok(kinds({}).includes("clear_storage") && kinds({}).includes("clear_links"));
  const kept = kinds({ skipStorage: true, skipNetworking: true });
  assert.ok(!kept.includes("clear_storage") && !kept.includes("clear_links"));
});

test("a release waits for power off unless it is off, or nobody can switch it; unknown power is waited for", () => {
  for (const powerState of ["on", "unknown", "error"] as const) {
    const d = life.release(machine("deployed", { powerState }), "", now);
    assert.deepEqual([d.set.status, d.set.waitingFor, d.jobs.length], ["releasing", "power_off", 1], powerState);
    assert.ok(!d.effects.some((e) => e.do === "release_addresses"));
  }
  for (const more of [{ powerState: "off" }, { powerType: "manual" }] as const) {
    const d = life.release(machine("deployed", more), "", now);
    assert.deepEqual([d.set.status, d.set.ownerId, d.jobs.length], ["ready", null, 0]);
    assert.ok(d.effects.some((e) => e.do === "release_addresses"));
    assert.deepEqual(
      d.events.map((e) => e.type),
      ["REQUEST_NODE_RELEASE", "RELEASING", "RELEASED"],
    );
  }
  const never = life.release(machine("deployed", { powerState: "off", commissioningPassed: false }), "", now);
  assert.equal(never.set.status, "new");
});

test("power seen off ends a release, once; seen on moves a start on", () => {
  const released = life.powerObserved(machine("releasing"), "off", now);
  assert.deepEqual([released.set.status, released.set.powerState, released.set.ownerId], ["ready", "off", null]);
  assert.deepEqual(life.powerObserved(machine("releasing"), "on", now).set, { powerState: "on" });
  const started = machine("deploying", { waitingFor: "power_on", powerState: "off" });
  assert.deepEqual(life.powerObserved(started, "on", now).set, { powerState: "on", waitingFor: "dhcp" });
  assert.deepEqual(life.powerObserved(machine("deployed"), "on", now).events, [], "nothing new, no event");
});

test("abort takes each work back to where it began", () => {
  const to = (m: Machine) => life.abort(m, "", now).set.status;
  assert.equal(to(machine("commissioning")), "new");
  assert.equal(to(machine("deploying")), "allocated");
  assert.equal(to(machine("disk_erasing")), "failed_disk_erasing");
  assert.equal(to(machine("testing", { previousStatus: "deployed" })), "deployed");
  assert.equal(to(machine("testing", { previousStatus: "commissioning" })), "ready");
  assert.equal(to(machine("testing", { previousStatus: "failed_commissioning" })), "new", "there is no way back");
  const d = life.abort(machine("deploying"), "", now);
  assert.ok(d.effects.some((e) => e.do === "release_addresses"));
  assert.deepEqual(d.jobs, [{ queue: "power", action: "off", epoch: 5, bootDevice: null, purpose: "aborting" }]);
  assert.equal(life.abort(machine("commissioning", { enlisting: true }), "", now).set.enlisting, false);
});

test("commissioning by signals: results decide, tests follow, enlisting ends in New", () => {
  const s = (signal: signal.Signal, more: Partial<signal.SignalInput> = {}, m: Partial<Machine> = {}) =>
    life.signal(machine("commissioning", m), input(signal, more), times);
  assert.equal(s("OK").set.status, "ready");
  assert.equal(s("OK", {}, { enlisting: true }).set.status, "new");
  assert.equal(s("OK", { anyFailed: true }).set.status, "failed_commissioning");
  assert.equal(s("FAILED", { error: "no disk" }).set.errorDescription, "no disk");
  const tested = s("TESTING");
  assert.deepEqual([tested.set.status, tested.set.previousStatus], ["testing", "commissioning"]);
  assert.equal(s("TESTING", { anyFailed: true }).set.status, "failed_commissioning");
  const beat = s("WORKING", { scriptName: "smartctl" });
  assert.deepEqual(beat.set, { waitingFor: "script:smartctl", statusDeadline: minutes(30) });
  const alive = (waitingFor: Machine["waitingFor"], scriptName: string | null = null) =>
    s("WORKING", { heartbeat: true, scriptName }, { waitingFor }).set;
  assert.deepEqual(alive("next_script"), {}, "life alone is no progress");
  assert.deepEqual(alive("kernel"), { waitingFor: "next_script", statusDeadline: minutes(30) });
  assert.deepEqual(alive("next_script", "badblocks"), { waitingFor: "script:badblocks", statusDeadline: minutes(30) });
  const kinds = s("OK", {}, { skipStorage: true, skipNetworking: true }).effects.map((e) => e.do);
  assert.deepEqual(kinds, ["revoke_token", "end_boot_secrets"]);
});

test("a New machine that signals by its own credentials keeps them while it commissions itself", () => {
  const d = life.signal(machine("new"), input("COMMISSIONING"), times);
  assert.deepEqual([d.set.status, d.set.enlisting, d.set.bootEpoch, d.effects], ["commissioning", true, undefined, []]);
  assert.deepEqual(life.signal(machine("new"), input("OK"), times).set, {});
});

test("a passed test ends where it began, or in Ready or New", () => {
  const to = (previousStatus: MachineStatus, more: Partial<Machine> = {}) =>
    life.signal(machine("testing", { previousStatus, ...more }), input("OK"), times).set;
  for (const status of ["allocated", "reserved", "deployed"] as const) {
    assert.equal(to(status).status, status);
    assert.equal(to(status).ownerId, undefined, "the owner stays");
  }
  for (const status of testingEndsInReady) assert.equal(to(status).status, "ready", status);
  assert.equal(to("failed_commissioning").status, "new");
  assert.equal(to("commissioning", { enlisting: true }).status, "new");
});

test("signals are taken without effect, or refused, where a machine has no business to signal", () => {
  for (const status of ["broken", "failed_commissioning", "failed_deployment", "ready", "failed_testing"] as const)
    for (const signal of signals) assert.deepEqual(life.signal(machine(status), input(signal), times).set, {});
  for (const status of [
    "allocated",
    "reserved",
    "missing",
    "retired",
    "failed_releasing",
    "failed_disk_erasing",
  ] as const)
    assert.throws(() => life.signal(machine(status), input("OK"), times), { code: "wrong_status" });
  assert.deepEqual(life.signal(machine("deployed"), input("WORKING"), times).set, {});
  for (const signal of ["OK", "FAILED", "COMMISSIONING"] as const)
    assert.throws(() => life.signal(machine("deployed"), input(signal), times), { code: "wrong_status" }, signal);
});

test("an expired deadline says what was waited for and what was last seen, and switches off", () => {
  const overdue = { statusDeadline: minutes(-1), waitingFor: "script:smartctl" as const };
  const d = life.expire(machine("commissioning", overdue), "signal WORKING (11:58)", now);
  assert.equal(
    d.set.errorDescription,
    "Commissioning waited 10 minutes, at last for script:smartctl; last seen: signal WORKING (11:58).",
  );
  assert.deepEqual([d.set.status, d.set.bootEpoch, d.jobs.length], ["failed_commissioning", 5, 1]);
  for (const more of [{ enableSsh: true }, { powerType: "manual" }]) {
    const left = life.expire(machine("commissioning", { ...overdue, ...more }), null, now);
    assert.deepEqual([left.set.status, left.jobs], ["failed_commissioning", []]);
    assert.match(left.set.errorDescription ?? "", /nothing was seen/);
  }
  assert.deepEqual(life.expire(machine("commissioning"), null, now).set, {}, "not due yet");
  assert.equal(life.overrun(machine("testing"), "too long", now).jobs.length, 1);
  assert.deepEqual(life.overrun(machine("testing", { enableSsh: true }), "too long", now).jobs, []);
});

test("the installed system's first word makes it Deployed, and only while deploying", () => {
  const d = life.installedSystemBooted(machine("deploying"), times);
  assert.deepEqual([d.set.status, d.events.map((e) => e.type)], ["deployed", ["DEPLOYED", "IMAGE_DEPLOYED"]]);
  for (const status of machineStatuses.filter((s) => s !== "deploying"))
    assert.deepEqual(life.installedSystemBooted(machine(status), times).set, {}, status);
});

test("power that fails ends the work it was for, and only that", () => {
  const failed = life.powerFailed(machine("deploying"), "deploying", "BMC says no", now);
  assert.deepEqual(
    [failed.set.status, failed.set.errorDescription, failed.set.powerState],
    ["failed_deployment", "BMC says no", "error"],
  );
  for (const purpose of ["user", "aborting"] as const)
    assert.deepEqual(life.powerFailed(machine("deploying"), purpose, "no", now).set, { powerState: "error" });
});

test("progress never shortens a deadline, and does not touch what waits for power to be seen", () => {
  const byPower: MachineStatus[] = ["releasing", "exiting_rescue_mode"];
  for (const status of byPower) assert.deepEqual(life.bootProgress(machine(status), "kernel", times).set, {});
  for (const status of machineStatuses.filter((s) => isWaiting(s) && !byPower.includes(s))) {
    const { statusDeadline } = life.bootProgress(machine(status), "kernel", times).set;
    assert.ok(statusDeadline && statusDeadline > minutes(5), status);
  }
  const far = machine("deploying", { statusDeadline: minutes(90) });
  assert.deepEqual(
    life.bootProgress(far, "kernel", times).set.statusDeadline,
    minutes(90),
    "a shorter node_timeout since",
  );
});

test("a talkative machine moves its deadline now and then, and what it waits for at once", () => {
  const at = machine("commissioning", { waitingFor: "kernel", statusDeadline: minutes(30) });
  const seconds = (n: number) => ({ ...times, now: new Date(now.getTime() + n * 1000) });
  assert.deepEqual(life.bootProgress(at, "kernel", seconds(14)).set, {});
  assert.ok(life.bootProgress(at, "kernel", seconds(16)).set.statusDeadline);
  assert.equal(life.bootProgress(at, "image", seconds(1)).set.waitingFor, "image");
  const signal = {
    signal: "TESTING",
    error: "",
    scriptName: null,
    heartbeat: false,
    anyFailed: false,
    anyPending: false,
  } as const;
  const tested = life.signal({ ...at, waitingFor: "next_script" }, signal, seconds(1)).set;
  assert.deepEqual([tested.waitingFor, tested.statusDeadline], ["next_script", new Date(minutes(30).getTime() + 1000)]);
});

test("a machine released right after its deployment was aborted is switched off all the same", () => {
  const deploying = machine("deploying", { powerState: "off", powerType: "ipmi", ownerId: 7 });
  const aborted = life.abort(deploying, "", now);
  assert.equal(aborted.set.powerState, "unknown");
  const released = life.release({ ...deploying, ...aborted.set }, "", now);
  assert.equal(released.set.status, "releasing");
  assert.deepEqual(
    released.jobs.map((job) => job.action),
    ["off"],
  );
});
