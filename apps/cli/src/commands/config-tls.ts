import type { Arguments } from "../builtin.ts";
import { CliError } from "../errors.ts";
import { dataOption } from "../local/admin-socket.ts";
import { noTls } from "../local/installation.ts";
import type { Shell } from "../shell.ts";

export const spec = {
  title: "TLS of the region: it serves none by itself, and this says what to do instead.",
  positionals: [
    { name: "what", text: "enable or disable", choices: ["enable", "disable"] },
    { name: "[key]", text: "with enable: file of the private key" },
    { name: "[cert]", text: "with enable: file of the certificate" },
  ],
  options: {
    cacert: { value: "FILE", text: "with enable: certificates that lead to an authority" },
    port: { value: "PORT", short: "p", text: "with enable: port to serve TLS on" },
    yes: { text: "do not ask" },
    ...dataOption,
  },
};

/** @returns 0 for disable: so it is already */
export function run({ positionals, usage }: Arguments, _shell: Shell): Promise<number> {
  const [what] = positionals;
  if (what === "disable") return Promise.resolve(0);
  if (what === "enable") throw new CliError(`TLS was not enabled: ${noTls}`);
  throw usage(`${what} is neither enable nor disable`);
}
