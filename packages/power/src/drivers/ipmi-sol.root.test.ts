import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { ipmiSimMissing, startIpmiSim } from "@rackwright/testkit/bmc/ipmi-sim";
import { freePort } from "@rackwright/testkit/free-port";
import { readConsole } from "../console.ts";
import type { PowerError } from "../driver.ts";
import { type Outside, realOutside } from "../outside.ts";
import { powerDriverNamed } from "../registry.ts";

const skip = ipmiSimMissing();
const maybe = { ...(skip === undefined ? {} : { skip }), timeout: 60_000 };
const ipmi = powerDriverNamed("ipmi");

/** A BMC with a serial port, and the machine's end of it. */
async function bmcWithConsole(serial = true) {
  const machine = createServer();
  machine.listen(0, "127.0.0.1");
  await once(machine, "listening");
  const connected = once(machine, "connection") as Promise<[Socket]>;
  const bmc = await startIpmiSim(serial ? { serialPort: (machine.address() as AddressInfo).port } : {});
  const socket = serial ? (await connected)[0] : undefined;
  const typed: string[] = [];
  socket?.on("data", (data) => typed.push(data.toString()));
  socket?.on("error", () => {});
  const settings = { power_address: bmc.address, power_user: bmc.user, power_pass: bmc.password };
  return {
    bmc,
    settings,
    typed,
    print: (text: string) => void socket?.write(text),
    async [Symbol.asyncDispose]() {
      await bmc.stop();
      socket?.destroy();
      machine.close();
    },
  };
}

/** Reads until the text fits. */
function reading(settings: Record<string, string>, outside?: Outside) {
  const ended = new AbortController();
  let text = "";
  const { promise: fits, resolve } = Promise.withResolvers<void>();
  let pattern = /$^/;
  const done = readConsole({
    driver: ipmi,
    settings,
    signal: ended.signal,
    onText(more) {
      text += more;
      if (pattern.test(text)) resolve();
    },
    ...(outside ? { outside } : {}),
  });
  return {
    done,
    text: () => text,
    async until(wanted: RegExp, again: () => void) {
      pattern = wanted;
      // What is printed before the session is open is lost: a console has no memory.
      const timer = setInterval(again, 200);
      await Promise.race([fits, done]);
      clearInterval(timer);
    },
    async end() {
      ended.abort();
      await done;
    },
  };
}

test(
  "what the machine prints is read over the LAN, nothing is typed, and the console is free again afterwards",
  maybe,
  async () => {
    await using machine = await bmcWithConsole();
    const args: string[] = [];
    const outside: Outside = {
      ...realOutside,
      stream: (command, onText, signal) => (args.push(...command.args), realOutside.stream(command, onText, signal)),
    };
    for (const word of ["first", "second"]) {
      const session = reading({ ...machine.settings, cipher_suite_id: "3" }, outside);
      await session.until(new RegExp(`${word} light`), () => machine.print(`${word} light\r\n`));
      assert.doesNotMatch(session.text(), /SOL Session|~\?/);
      await session.end();
    }
    assert.deepEqual(machine.typed, []);
    assert.ok(!args.includes(machine.bmc.password), "the password is in no argument");
  },
);

test("with no suite set 17 is tried and then 3", maybe, async () => {
  await using machine = await bmcWithConsole();
  const session = reading({ ...machine.settings, cipher_suite_id: "" });
  await session.until(/hello/, () => machine.print("hello\r\n"));
  await session.end();
  assert.match(session.text(), /hello/);
});

test("whoever has the console keeps it; the second one is told", maybe, async () => {
  await using machine = await bmcWithConsole();
  const settings = { ...machine.settings, cipher_suite_id: "3" };
  const first = reading(settings);
  await first.until(/one/, () => machine.print("one\r\n"));
  await assert.rejects(reading(settings).done, { kind: "refused", message: /somebody else has it open/ });
  await first.until(/two/, () => machine.print("two\r\n"));
  await first.end();
});

test("what cannot be opened says why", maybe, async () => {
  await using machine = await bmcWithConsole(false);
  const settings = { ...machine.settings, cipher_suite_id: "3" };
  const cases: [Record<string, string>, PowerError["kind"], RegExp][] = [
    [settings, "unsupported", /enable it in the BMC/],
    [{ ...settings, power_pass: "guessed" }, "auth", /power_pass/],
    [{ ...settings, power_address: `127.0.0.1:${await freePort("udp")}` }, "unreachable", /no answer/],
    [{ ...settings, power_driver: "LAN" }, "unsupported", /IPMI 1\.5/],
    [{ ...settings, cipher_suite_id: "17" }, "refused", /cipher suite/],
  ];
  for (const [given, kind, message] of cases) await assert.rejects(reading(given).done, { kind, message });
  await assert.rejects(
    readConsole({ driver: powerDriverNamed("webhook"), settings: {}, signal: AbortSignal.timeout(1000), onText() {} }),
    { kind: "unsupported" },
  );
});
