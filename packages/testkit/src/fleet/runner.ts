/** The runner, without its scripts: from the first fetch to the last word, as machine/runner does it. */
import { type Credentials, METADATA_VERSION, readPreseed } from "./cloud-config.ts";
import type { EmulatedMachine } from "./machine.ts";
import { ignoreRefusal, RequestFailed } from "./net.ts";
import { type Output, outputOf } from "./outputs.ts";
import { batches, keyOf, readArchive, type Row, type Stage } from "./script-index.ts";
import { chance } from "./seed.ts";
import { type Signal, Signals } from "./signals.ts";

/** A region that forgets results would make it run for ever. */
const MOST_RUNS = 10;
/** However fast time runs here: the region's deadlines are real, and a thousand hurried hearts would be all that it hears. */
const HEARTBEAT_SECONDS = 30;

export class Runner {
  readonly #machine: EmulatedMachine;
  readonly #kernel: readonly string[];
  readonly #secret: string | null;
  readonly #signals: Signals;
  /** Results of this boot: a region that missed one gets it again instead of a second run. */
  readonly #done = new Map<string, Signal>();
  readonly #runs = new Map<string, number>();
  /** Results from before there were credentials to send them with. */
  #unsent: Signal[] = [];
  #credentials: Credentials;
  readonly #introduces: boolean;

  constructor(machine: EmulatedMachine, credentials: Credentials, preseedUrl: string, kernel: readonly string[]) {
    this.#machine = machine;
    this.#credentials = credentials;
    this.#introduces = credentials.tokenSecret === "";
    this.#kernel = kernel;
    this.#secret = new URL(preseedUrl).searchParams.get("secret");
    this.#signals = new Signals(machine, (as) => `${maasUrl(as)}/metadata/${METADATA_VERSION}/`);
  }

  /** @returns whether all passed */
  async run(): Promise<boolean> {
    if (this.#introduces && (await this.#isRegistered())) return true;
    const beat = this.#startHeartbeat();
    let word: Signal;
    try {
      word = await this.#stages();
    } catch (error) {
      if (!(error instanceof RequestFailed)) throw error;
      word = { status: "FAILED", error: error.message };
    } finally {
      beat.stop();
    }
    await beat.ended;
    await this.#machine.step("final-signal", word.status);
    if (this.#credentials.tokenSecret === "") throw new Error(`cannot report ${word.status}: no credentials`);
    await this.#flush();
    await this.#signals.send(this.#credentials, word, { last: true }).catch((error: unknown) => {
      // It was taken, only its answer was lost: OK ends the credentials' life.
      if (!(error instanceof RequestFailed && (error.status === 401 || error.status === 403))) throw error;
    });
    return word.status === "OK";
  }

  async #stages(): Promise<Signal> {
    let plan = await this.#plan();
    for (;;) {
      const todo = await this.#todo(plan, "commissioning");
      if (todo.length === 0) break;
      const failed = await this.#runStage(todo);
      if (failed.length > 0) return failedStage("commissioning", failed);
      plan = await this.#plan();
    }
    if (this.#introduces) await this.#register(false);
    for (const [stage, status] of [
      ["testing", "TESTING"],
      ["release", "RELEASING"],
    ] as const) {
      const todo = await this.#todo(plan, stage);
      if (todo.length === 0) continue;
      await this.#progress({ status });
      const failed = await this.#runStage(todo);
      if (stage === "release") this.#machine.disk = undefined; // erased
      if (failed.length > 0) return failedStage(stage, failed);
    }
    return { status: "OK" };
  }

  async #plan(): Promise<Row[]> {
    await this.#flush();
    await this.#machine.step("scripts");
    const url = `${maasUrl(this.#credentials)}/metadata/${METADATA_VERSION}/maas-scripts`;
    const reply = await this.#machine.net.ask(url, { as: this.#credentials });
    return reply.status === 204 || reply.body.length === 0 ? [] : readArchive(reply.body);
  }

  /** What has not finished, neither there nor here. */
  async #todo(plan: readonly Row[], stage: Stage): Promise<Row[]> {
    const fresh: Row[] = [];
    for (const row of plan) {
      if (row.stage !== stage || row.hasFinished) continue;
      const mine = this.#done.get(keyOf(row)) ?? this.#done.get(keyOf({ ...row, resultId: null }));
      // Started here and never finished there: the result was lost. One that is listed as never started is to run again.
      if (mine && row.hasStarted) await this.#result({ ...mine, row });
      else fresh.push(row);
    }
    for (const row of fresh) {
      const runs = (this.#runs.get(keyOf(row)) ?? 0) + 1;
      this.#runs.set(keyOf(row), runs);
      if (runs > MOST_RUNS) throw new RequestFailed(`the region asks for ${row.name} again after ${MOST_RUNS} runs`);
    }
    return fresh;
  }

  async #runStage(rows: readonly Row[]): Promise<string[]> {
    const failed: string[] = [];
    for (const batch of batches(rows)) {
      if (this.#introduces && batch.some((row) => !row.serial)) await this.#register(false);
      await Promise.all(
        batch.map(async (row) => {
          if (!(await this.#runRow(row))) failed.push(row.name);
        }),
      );
      if (this.#introduces && batch[0]?.name === "30-maas-01-bmc-config") await this.#register(true);
    }
    return failed;
  }

  /** @returns whether it passed */
  async #runRow(row: Row): Promise<boolean> {
    const machine = this.#machine;
    if (row.appliesNetworking) {
      await this.#progress({ status: "APPLYING_NETCONF", row });
      if (machine.has("network", "wrong")) return this.#networkFailed(row);
    }
    if (row.hasPackages) await this.#progress({ status: "INSTALLING", row });
    await this.#progress({ status: "WORKING", row });
    await machine.step("script", row.name);
    if (overruns(machine, row)) return this.#stopped(row);
    const runtimeSeconds = 0.5 + chance(`${machine.mac} ${row.name}`).next() * 4;
    // Most scripts are over before the runner has looked what they print; tests are not. All of it is in outputs.ts.
    if (row.stage === "testing") await this.#signals.printed(this.#credentials, row, `${row.name} on `);
    await machine.wait(runtimeSeconds);
    const asked = await machine.world.prints?.(machine, row);
    const output =
      asked ??
      outputOf(row, {
        hardware: machine.hardware,
        kernel: this.#kernel,
        fails: machine.has("fails", row.stage === "testing" ? "testing" : "commissioning") && failsHere(row),
        garbage: machine.has("inventory", "garbage"),
        has: (trouble) => machine.has("around", trouble),
      });
    const { exitStatus } = output;
    await this.#ended({ status: "WORKING", row, exitStatus, runtimeSeconds, files: filesOf(row, output) });
    return exitStatus === 0;
  }

  /** Its configured network was put in place, tried, and taken back: as machine/runner says it. */
  async #networkFailed(row: Row): Promise<false> {
    const { net } = this.#machine;
    net.cut = true;
    await this.#machine.wait(30);
    net.cut = false;
    const err = "Under the configured network the region cannot be reached: check addresses, VLANs and cabling.\n";
    await this.#ended({ status: "APPLYING_NETCONF", row, exitStatus: 1, files: filesOf(row, { ...nothing, err }) });
    return false;
  }

  /** At its time limit, as `timeout` would end it. */
  async #stopped(row: Row): Promise<false> {
    await this.#machine.wait(row.timeoutSeconds);
    const runtimeSeconds = row.timeoutSeconds;
    await this.#ended({ status: "TIMEDOUT", row, exitStatus: 124, runtimeSeconds, files: filesOf(row, nothing) });
    return false;
  }

  async #ended(signal: Signal & { row: Row }): Promise<void> {
    this.#done.set(keyOf(signal.row), signal);
    await this.#result(signal);
  }

  /** What the region can do without. */
  async #progress(signal: Signal): Promise<void> {
    if (this.#credentials.tokenSecret !== "") await this.#signals.send(this.#credentials, signal).catch(ignoreRefusal);
  }

  async #result(signal: Signal): Promise<void> {
    this.#unsent.push(signal);
    if (this.#credentials.tokenSecret !== "") await this.#flush();
  }

  async #flush(): Promise<void> {
    while (this.#credentials.tokenSecret !== "") {
      const signal = this.#unsent.shift();
      if (!signal) return;
      await this.#signals.send(this.#credentials, signal).catch((error: unknown) => {
        // Refused for good: sent again it would be no better.
        if (!(error instanceof RequestFailed && error.status === 400)) throw error;
      });
    }
  }

  async #isRegistered(): Promise<boolean> {
    const macs = this.#machine.hardware.nics.map(({ mac }) => `mac_address=${encodeURIComponent(mac)}`);
    const url = `${maasUrl(this.#credentials)}/api/2.0/machines/?op=is_registered&${macs.join("&")}`;
    return (await this.#machine.net.ask(url)).body.toString("utf8").trim() === "true";
  }

  /** Make the record, then take its credentials over. @param power tell of the BMC too */
  async #register(power: boolean): Promise<void> {
    const machine = this.#machine;
    const fields = new URLSearchParams({
      architecture: "amd64",
      mac_addresses: machine.hardware.nics.map(({ mac }) => mac).join(","),
      commission: "True",
    });
    if (power) {
      const luck = chance(`bmc ${machine.mac}`);
      fields.set("power_type", "ipmi");
      fields.set(
        "power_parameters",
        JSON.stringify({
          power_address: machine.hardware.ip.replace(/^100\./, "10."),
          power_user: "maas",
          power_pass: luck.hex(16),
        }),
      );
    }
    const base = maasUrl(this.#credentials);
    const reply = await machine.net.ask(`${base}/api/2.0/machines/`, {
      method: "POST",
      body: Buffer.from(fields.toString()),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        ...(this.#secret === null ? {} : { "x-boot-secret": this.#secret }),
      },
    });
    const { system_id: systemId } = JSON.parse(reply.body.toString("utf8")) as { system_id: string };
    const secret = this.#secret === null ? "" : `&secret=${encodeURIComponent(this.#secret)}`;
    const preseed = await machine.net.ask(`${base}/metadata/latest/by-id/${systemId}/?op=get_preseed${secret}`);
    this.#credentials = readPreseed(preseed.body.toString("utf8")).credentials;
    if (machine.systemId === undefined) await machine.world.onEnlisted(machine, systemId);
    await this.#flush();
  }

  #startHeartbeat(): { stop: () => void; ended: Promise<void> } {
    const stopped = new AbortController();
    const { world } = this.#machine;
    const run = async () => {
      while (!stopped.signal.aborted) {
        if (this.#credentials.tokenSecret !== "") await this.#signals.beat(this.#credentials);
        await Promise.race([
          this.#machine.wait((world.heartbeatSeconds ?? HEARTBEAT_SECONDS) * world.speed),
          new Promise((resolve) => stopped.signal.addEventListener("abort", resolve, { once: true })),
        ]);
      }
    };
    // Its power was cut: the runner itself notices too.
    return { stop: () => stopped.abort(), ended: run().catch(() => undefined) };
  }
}

const maasUrl = ({ metadataUrl }: Credentials): string =>
  (metadataUrl.split("/metadata", 1)[0] ?? "").replace(/\/$/, "");

/** One of them is enough. */
const failsHere = (row: Row): boolean => row.stage === "testing" || row.name === "maas-support-info";

const overruns = (machine: EmulatedMachine, row: Row): boolean =>
  row.timeoutSeconds > 0 && row.stage === "commissioning" && failsHere(row) && machine.has("overruns", "commissioning");

const nothing = { out: Buffer.alloc(0), err: "", exitStatus: 1 };

function filesOf(row: Row, { out, err, yaml }: Output): Record<string, Uint8Array> {
  const errors = Buffer.from(err);
  return {
    [row.name]: Buffer.concat([out, errors]),
    [`${row.name}.out`]: out,
    [`${row.name}.err`]: errors,
    ...(yaml === undefined ? {} : { [`${row.name}.yaml`]: Buffer.from(yaml) }),
  };
}

function failedStage(stage: string, names: readonly string[]): Signal {
  const count = `${names.length} ${stage} script${names.length === 1 ? "" : "s"} failed`;
  return { status: "FAILED", error: `${count}: ${[...names].sort().join(", ")}` };
}
