/** The completion scripts in the shells that they are for. */
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { until } from "@rackwright/testkit/until";
import { type ApiServer, KEY, startApiServer } from "./test-support/api-server.ts";
import { type Home, launcher, newHome } from "./test-support/maas.ts";

let api: ApiServer;
let home: Home;
let env: Record<string, string>;
before(async () => {
  api = await startApiServer();
  home = await newHome();
  assert.equal((await home.maas(["login", "admin", api.url, KEY])).code, 0);
  await home.maas(["login", "other", api.url, KEY]);
  await writeFile(join(home.path, "image one.tgz"), "");
  await writeFile(join(home.path, "image.tgz"), "");
  const path = `${dirname(launcher)}:${process.env["PATH"] ?? ""}`;
  env = { PATH: path, HOME: home.path, TERM: "xterm", LANG: "C.UTF-8" };
});
after(async () => {
  await home?.[Symbol.asyncDispose]();
  await api?.[Symbol.asyncDispose]();
});

const isInstalled = (shell: string): boolean => {
  try {
    execFileSync(shell, ["-c", "exit 0"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};
const only = (shell: string) =>
  isInstalled(shell) ? {} : { skip: `${shell} is not installed (e2e/packages.txt): its completion is not tried` };

/** What bash would offer in the place of the piece before the cursor. */
async function offered(line: string): Promise<string[]> {
  const ask = `source <(maas completion bash); COMP_LINE=$1; COMP_POINT=\${#1}; _maas maas "" ""; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout } = await promisify(execFile)("bash", ["-c", ask, "bash", line], { env, cwd: home.path });
  return stdout.split("\n").filter((word) => word !== "");
}

test("bash offers commands, profiles, resources, actions, options, parameters and their values, and files", async () => {
  const cases: [line: string, words: string[]][] = [
    ["maas ad", ["admin"]],
    ["maas logout ", ["admin", "other"]],
    ["maas config-", ["config-tls", "config-vault"]],
    ["maas config-tls ", ["enable", "disable"]],
    ["maas completion ", ["bash", "zsh", "fish"]],
    ["maas createadmin --ssh", ["--ssh-import"]],
    ["maas admin mach", ["machine", "machines"]],
    ["maas admin machine p", ["power-parameters"]],
    ["maas admin machine deploy ", []],
    ["maas admin machine deploy abc123 ", ["distro_series="]],
    ["maas admin machine deploy abc123 distro_series=x ", []],
    ["maas admin machine timeline abc123 --f", ["--follow"]],
    ["maas admin machines read --output ", ["json", "yaml", "table"]],
    ["maas admin machines read --output=y", ["yaml"]],
    ["maas admin boot-resources create content@=im", ["image one.tgz", "image.tgz"]],
    ["maas login p http://h/MAAS --cacerts image.", ["image.tgz"]],
    ["maas nonsense ", []],
    ["maas --v", ["--version"]],
  ];
  for (const [line, words] of cases) assert.deepEqual(await offered(line), words, line);
  const top = await offered("maas ");
  for (const word of ["admin", "other", "login", "apikey", "init", "--help"]) assert.ok(top.includes(word), word);
  assert.ok(!top.includes("__complete"));
});

test("values of parameters that are one of a few, and names that stand for many", async () => {
  const profile = JSON.stringify({
    hash: api.hash,
    resources: [
      {
        name: "MachineHandler",
        anon: null,
        auth: {
          name: "MachineHandler",
          path: "/MAAS/api/2.0/machines/",
          params: [],
          doc: "Machines",
          actions: [
            {
              name: "create",
              op: null,
              restful: true,
              method: "POST",
              doc: `Create\n\nMore.\n\n:param power_type: Required. How: a\n  or b. One of: ipmi, manual.\n:type power_type: string\n\n:param deployed: Optional. Whether.\n:type deployed: boolean\n\n:param power_parameters_NAME: Optional. One.\n:type power_parameters_NAME: string`,
            },
          ],
        },
      },
    ],
  });
  api.answers["GET /MAAS/api/2.0/describe/"] = { type: "application/json", body: profile };
  await home.maas(["login", "few", api.url, KEY]);
  delete api.answers["GET /MAAS/api/2.0/describe/"];
  assert.deepEqual(await offered("maas few machine create "), ["power_type=", "deployed=", "power_parameters_"]);
  assert.deepEqual(await offered("maas few machine create power_type="), ["ipmi", "manual"]);
  assert.deepEqual(await offered("maas few machine create deployed=t"), ["true"]);
});

/** Type into a shell at a terminal, a line after the other has been taken; a tab is a tab. */
async function typed(shell: string, setUp: string, lines: readonly string[]): Promise<string[]> {
  api.asked.length = 0;
  const child = spawn("script", ["-qec", shell, "/dev/null"], {
    env,
    cwd: home.path,
    stdio: ["pipe", "pipe", "ignore"],
  });
  let shown = "";
  child.stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const closed = once(child, "close");
  try {
    child.stdin.write(`${setUp}\n`);
    for (const [i, line] of [":", ...lines].entries()) {
      if (i > 0) child.stdin.write(`${line}\n`);
      // Each word of it is an argument of its own, so that what is echoed is not yet the answer.
      child.stdin.write(`echo done"-"${i}\n`);
      await until(() => shown.includes(`done-${i}`), {
        what: `${shell} to take ${line}:\n${shown}`,
        timeoutMs: 30_000,
      });
    }
    child.stdin.write("exit\n");
    await closed;
  } finally {
    child.kill("SIGKILL");
  }
  return api.asked.map(({ method, url }) => `${method} ${url}`);
}

const lines = ["maas admin machines rea\t", "maas admin machine timeline abc123 lev\tinfo"];
const wanted = ["GET /MAAS/api/2.0/machines/", "GET /MAAS/api/2.0/machines/abc123/?op=timeline&level=info"];

test("at a terminal, bash completes what is typed, and leaves the cursor behind =", async () => {
  const setUp = "source <(maas completion bash)";
  assert.deepEqual(await typed("bash --norc --noprofile -i", setUp, lines), wanted);
});

test("at a terminal, zsh does", only("zsh"), async () => {
  const setUp = "autoload -Uz compinit; compinit -u -D; source <(maas completion zsh)";
  assert.deepEqual(await typed("zsh -f -i", setUp, lines), wanted);
});

test("fish does", only("fish"), async () => {
  const ask = async (line: string) => {
    const script = "maas completion fish | source; complete -C $argv[1]";
    const { stdout } = await promisify(execFile)("fish", ["--no-config", "-c", script, line], { env, cwd: home.path });
    return stdout
      .split("\n")
      .filter((it) => it !== "")
      .map((it) => it.split("\t")[0]);
  };
  assert.deepEqual(await ask("maas admin mach"), ["machine", "machines"]);
  assert.deepEqual(await ask("maas admin machine deploy abc123 "), ["distro_series="]);
  assert.deepEqual(await ask("maas admin boot-resources create content@=image."), ["content@=image.tgz"]);
});
