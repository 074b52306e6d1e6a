import { fetchDescription } from "../api/fetch-description.ts";
import type { Arguments } from "../builtin.ts";
import { Profiles } from "../profiles.ts";
import type { Shell } from "../shell.ts";

export const spec = {
  title:
    "Fetch the API description of every profile anew, so that commands and their help fit the servers as they are now.",
  positionals: [],
  options: {
    insecure: { short: "k", text: "do not check the servers' certificates" },
  },
};

/** One server that is away does not keep the others from being refreshed. */
export async function run({ flags }: Arguments, shell: Shell): Promise<number> {
  const profiles = new Profiles(shell.home);
  let failed: Error | undefined;
  for (const profile of await profiles.list()) {
    try {
      const trust = { cacerts: profile.cacerts, insecure: flags["insecure"] };
      await profiles.save({ ...profile, description: await fetchDescription(profile.url, trust) });
    } catch (error) {
      if (failed) await shell.err(`maas: ${failed.message}\n`);
      failed = error as Error;
    }
  }
  if (failed) throw failed;
  return 0;
}
