import assert from "node:assert/strict";
import { test } from "node:test";
import { machineStatuses } from "../machine/status.ts";
import { isFurther, nextAfter } from "./progress.ts";
import { bootPurpose } from "./purpose.ts";

test("each thing seen says what comes next", () => {
  const next = (source: string, text = "", file?: string) => nextAfter({ source, text, file });
  assert.equal(next("dhcp", "DHCPACK 10.0.0.5"), "boot_file");
  assert.equal(next("dhcp", "DHCPDISCOVER"), undefined);
  assert.equal(next("tftp"), "kernel");
  assert.equal(next("http", "", "x/boot-kernel"), "kernel");
  assert.equal(next("http", "", "x/boot-initrd"), "image");
  assert.equal(next("http", "", "x/squashfs"), "first_signal");
  assert.equal(next("http", "", "x/other"), undefined);
  assert.equal(next("console"), undefined);
});

test("evidence only moves on: a late packet takes no machine back, nor one that is past booting", () => {
  const order = ["operator_power_on", "power_on", "dhcp", "boot_file", "kernel", "image", "first_signal"] as const;
  order.forEach((a, i) => order.forEach((b, j) => assert.equal(isFurther(a, b), j > i, `${a} ${b}`)));
  for (const past of ["script:x", "installer", "reboot", "first_boot", "power_off", "next_script"] as const)
    for (const late of order) assert.equal(isFurther(past, late), false, `${past} ${late}`);
});

test("what a netbooting machine is given, by its status", () => {
  const ephemeral = [
    "new",
    "commissioning",
    "disk_erasing",
    "entering_rescue_mode",
    "releasing",
    "rescue_mode",
    "testing",
  ];
  for (const status of machineStatuses) {
    for (const netboot of [true, false]) {
      const wanted = ephemeral.includes(status)
        ? "ephemeral"
        : status === "deployed"
          ? "local"
          : status === "deploying"
            ? netboot
              ? "install"
              : "local"
            : "poweroff";
      const m = { status, previousStatus: "ready", waitingFor: null, netboot } as const;
      assert.equal(bootPurpose({ ...m, ephemeralDeploy: false }), wanted, status);
      const inMemory = status === "deploying" || status === "deployed" ? "memory" : wanted;
      assert.equal(bootPurpose({ ...m, ephemeralDeploy: true }), inMemory, `${status}, deployed in memory`);
    }
  }
  for (const status of ["exiting_rescue_mode", "failed_exiting_rescue_mode"] as const) {
    const m = { status, previousStatus: "deployed", waitingFor: null, netboot: false } as const;
    assert.equal(bootPurpose({ ...m, ephemeralDeploy: false }), "local", status);
    assert.equal(bootPurpose({ ...m, ephemeralDeploy: true }), "memory", status);
    assert.equal(bootPurpose({ ...m, ephemeralDeploy: true, previousStatus: "ready" }), "poweroff", status);
  }
  const releasing = { status: "releasing", previousStatus: "deployed", netboot: true, ephemeralDeploy: true } as const;
  assert.equal(bootPurpose({ ...releasing, waitingFor: "power_off" }), "poweroff");
  assert.equal(bootPurpose({ ...releasing, waitingFor: "dhcp" }), "ephemeral", "it is to run its release scripts");
});
