import type { Arguments } from "../builtin.ts";
import { askRegion, dataOption } from "../local/admin-socket.ts";
import type { Shell } from "../shell.ts";

export const spec = {
  title: "Show how the region on this host is, as JSON.",
  positionals: [],
  options: { ...dataOption },
};

export async function run({ values }: Arguments, shell: Shell): Promise<number> {
  const status = await askRegion(shell, values["data"], "GET", "/admin/status");
  await shell.out(`${JSON.stringify(status, null, 2)}\n`);
  return 0;
}
