import { suite } from "./inputs.ts";
import { run } from "./run.ts";

/** `apt-get indextargets` line format that `sourcesFrom` reads. */
export const indexFormat = "$(ORIGIN)|$(REPO_URI)|$(RELEASE)|$(COMPONENT)";

/**
 * Source lines for the suite as this host itself is configured to reach it, so that a site's mirror serves the build and,
 * later, the deployed machines. Only what Debian publishes, not third-party repositories. Empty where it has none.
 */
export function sourcesFrom(indexTargets: string): string[] {
  const releases = [suite, `${suite}-updates`, `${suite}-security`];
  const lines = new Set<string>();
  for (const line of indexTargets.split("\n")) {
    const [origin, uri, release, component] = line.split("|");
    if (origin !== "Debian" || uri === undefined || release === undefined || component !== "main") continue;
    if (!releases.includes(release)) continue;
    if (/^[a-z+]+:\/\/[^/]*@/.test(uri)) {
      throw new Error(
        `the apt source for ${release} carries a password, which would end in the image: move it to auth.conf(5)`,
      );
    }
    lines.add(`deb ${uri.replace(/\/$/, "")} ${release} main`);
  }
  const found = [...lines];
  return found.some((line) => line.endsWith(` ${suite} main`)) ? found : [];
}

/**
 * As `sourcesFrom`, of this host. Empty on a host of another release or distribution: mmdebstrap then takes the mirrors
 * that it knows as Debian's own.
 */
export async function hostSources(): Promise<string[]> {
  const indexTargets = ["indextargets", "--format", indexFormat, "Created-By: Packages"];
  const found = sourcesFrom(await run("apt-get", indexTargets));
  if (found.length > 0) return found;
  // apt does not know who publishes a source before it has fetched its lists once.
  await run("apt-get", ["update", "-qq"]);
  return sourcesFrom(await run("apt-get", indexTargets));
}
